"""Keep a warehouse in order between the nights.

    spark-submit jobs/maintain.py status   --warehouse DIR
    spark-submit jobs/maintain.py compact  --warehouse DIR
    spark-submit jobs/maintain.py retain   --warehouse DIR --snapshots 30
    spark-submit jobs/maintain.py rollback --warehouse DIR --to RUN_ID
    spark-submit jobs/maintain.py rollout  --warehouse DIR --checkpoint NAME_OR_DIR

Readers see each as one change, or none.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.inference.workers import CheckpointLoader
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.lock import Locked
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.session import (
    EXIT_FAILED,
    EXIT_LOCKED,
    EXIT_SETTINGS,
    SPARK_FAILURES,
    open_session,
    shorten,
)


@click.group(help=__doc__.replace("\n\n    ", "\n\n\b\n    "), context_settings={"max_content_width": 100})
def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    for name in ("py4j", "boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def command(work: Callable[..., str]) -> click.Command:
    """One subcommand with the options that all have; what ``work`` returns is printed."""

    @wraps(work)
    def act(**options: Any) -> None:
        try:
            click.echo(work(**options))
        except Locked as error:
            fail(error, EXIT_LOCKED)
        except (ConfigError, ContractError) as error:
            fail(error, EXIT_SETTINGS)
        except SPARK_FAILURES as error:
            fail(f"Spark failed, nothing is published: {shorten(error)}", EXIT_FAILED)

    act = click.option(
        "--wait-minutes", type=click.FloatRange(0), default=0.0, show_default=True, help="Wait so long for another run."
    )(act)
    act = click.option(
        "--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are."
    )(act)
    return main.command(name=work.__name__)(act)


def fail(reason: object, code: int) -> None:
    click.echo(f"error: {reason}", err=True)
    sys.exit(code)


@command
def status(warehouse: str, wait_minutes: float) -> str:
    """What lies in the warehouse, as JSON."""
    with Run(open_session(), warehouse, wait_minutes=wait_minutes) as run:
        return json.dumps(maintenance.status(run), indent=1, default=str)


@command
def compact(warehouse: str, wait_minutes: float) -> str:
    """Rewrite the tables in files of a good size, without the rows that readers no longer see."""
    with Run(open_session(), warehouse, wait_minutes=wait_minutes) as run:
        before = sum(map(len, run.parent.tables.values()))
        snapshot = maintenance.compact(run)
    return f"snapshot {snapshot.number}: {sum(map(len, snapshot.tables.values()))} files, {before} before"


@command
@click.option(
    "--snapshots", type=click.IntRange(1), default=30, show_default=True, help="How many of the newest to keep."
)
def retain(warehouse: str, wait_minutes: float, snapshots: int) -> str:
    """Delete old snapshots, and the files that only they list."""
    with Run(open_session(), warehouse, wait_minutes=wait_minutes) as run:
        deleted = maintenance.retain(run, snapshots)
    return f"{len(deleted)} files deleted" + "".join(f"\n  {name}" for name in deleted)


@command
@click.option(
    "--to", required=True, metavar="RUN_ID", help="The run after which the tables were as they shall be again."
)
def rollback(warehouse: str, wait_minutes: float, to: str) -> str:
    """Make the tables what they were after an earlier run; the next night applies again what came later."""
    with Run(open_session(), warehouse, wait_minutes=wait_minutes) as run:
        snapshot = maintenance.rollback(run, to)
    return f"snapshot {snapshot.number} shows the tables as run {to} left them"


@command
@click.option("--checkpoint", required=True, metavar="NAME_OR_DIR", help="A shipped checkpoint or a folder.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda")
@click.option("--vocabulary", metavar="DIR", help="As of jobs/annotate.py.")
@click.option("--lexicon", multiple=True, metavar="PATH", help="As of jobs/annotate.py.")
@click.option("--annotate-titles", is_flag=True, help="As of jobs/annotate.py.")
@click.option(
    "--documents",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="So many at a time; nights may come between.",
)
@click.option("--parts", type=click.IntRange(1), help="Stop after so many times (default: when all is done).")
def rollout(
    warehouse: str,
    wait_minutes: float,
    checkpoint: str,
    device: str,
    vocabulary: str | None,
    lexicon: tuple[str, ...],
    annotate_titles: bool,
    documents: int,
    parts: int | None,
) -> str:
    """Annotate everything with another checkpoint or vocabulary in the background; readers change over when all is done."""
    loader = CheckpointLoader(checkpoint, device, lexicon, vocabulary=vocabulary)
    spark = open_session()
    model_id, failed, n_done = loader.verify(), frozenset(), 0
    while True:
        with Run(spark, warehouse, wait_minutes=wait_minutes) as run:
            state = maintenance.roll_out(
                run, loader, model_id, documents, annotate_titles=annotate_titles, failed=failed
            )
        n_done += state.n_done
        failed = state.failed
        lost = f", it failed on {len(failed)}" if failed else ""
        if state.is_complete:
            return f"readers see {model_id}: {n_done} documents annotated{lost}"
        if parts is not None and (parts := parts - 1) == 0:
            return f"{n_done} documents annotated with {model_id}{lost}, {state.n_missing} to go"
