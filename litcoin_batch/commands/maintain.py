"""Keep a warehouse in order between the nights.

    litcoin-batch maintain status   --warehouse DIR
    litcoin-batch maintain compact  --warehouse DIR
    litcoin-batch maintain vacuum   --warehouse DIR --runs 30
    litcoin-batch maintain rollback --warehouse DIR --to RUN_ID
    litcoin-batch maintain rollout  --warehouse DIR --checkpoint NAME_OR_DIR

Readers see each as one change, or none. ``spark-submit jobs/maintain.py`` does the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from litcoin_batch.commands import checks
from litcoin_batch.commands.terminal import EXIT_SETTINGS, as_written, begin_log, fail, run
from litcoin_batch.schema import ConfigError


@click.group(help=as_written(__doc__), context_settings={"max_content_width": 100})
def main() -> None:
    begin_log()


def command(check: Callable[..., None]) -> click.Command:
    """One subcommand with the options that all have; ``check`` raises ``ConfigError`` for what is wrong in its own."""

    @wraps(check)
    def act(warehouse: str, wait_minutes: float, **options: Any) -> None:
        try:
            checks.check_warehouse(warehouse)
            check(**options)
        except ConfigError as error:
            fail(error, EXIT_SETTINGS)
        run("maintain", check.__name__, warehouse, wait_minutes, **options)

    act = click.option(
        "--wait-minutes", type=click.FloatRange(0), default=0.0, show_default=True, help="Wait so long for another run."
    )(act)
    act = click.option(
        "--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are."
    )(act)
    return main.command(name=check.__name__)(act)


@command
def status() -> None:
    """What lies in the warehouse, as JSON; takes no lock and changes nothing."""


@command
@click.option(
    "--retired-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Only where at least this share of the rows is retired: for every night.",
)
def compact(retired_share: float) -> None:
    """Rewrite the tables in files of a good size, without the rows that readers no longer see."""


@command
@click.option(
    "--runs", type=click.IntRange(1), default=30, show_default=True, help="To how many of the newest one can roll back."
)
def vacuum(runs: int) -> None:
    """Delete files that are needed neither now nor to roll back to one of the newest runs."""


@command
@click.option(
    "--to", required=True, metavar="RUN_ID", help="The run after which the tables were as they shall be again."
)
def rollback(to: str) -> None:
    """Make the tables what they were after an earlier run; the next night applies again what came later."""
    checks.check_run(to)


@command
@click.option("--checkpoint", required=True, metavar="NAME_OR_DIR", help="A shipped checkpoint or a folder.")
@click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda")
@click.option("--vocabulary", metavar="DIR", help="As of litcoin-batch annotate.")
@click.option("--lexicon", multiple=True, metavar="PATH", help="As of litcoin-batch annotate.")
@click.option("--annotate-titles", is_flag=True, help="As of litcoin-batch annotate.")
@click.option(
    "--documents",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    help="So many at a time; nights may come between.",
)
@click.option("--parts", type=click.IntRange(1), help="Stop after so many times (default: when all is done).")
def rollout(checkpoint: str, device: str, vocabulary: str | None, lexicon: tuple[str, ...], **_: Any) -> None:
    """Annotate everything with another checkpoint or vocabulary in the background; readers change over when all is done."""
    checks.check_model(checkpoint, device, "auto", lexicon)
    checks.check_vocabulary(vocabulary)
