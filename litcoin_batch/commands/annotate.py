"""Raw citations to tables of mentions and relations.

litcoin-batch annotate                                                 the embedded sample
spark-submit jobs/annotate.py updatefiles/ --warehouse hdfs:///litcoin
"""

from __future__ import annotations

import logging
import sys
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import NoReturn

import click

from litcoin_batch.config import AnnotateConfig
from litcoin_batch.reports.night import night_page
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.settings import options, read_config
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.workers import CheckpointLoader
from litcoin_batch.warehouse.nightly import night_report
from litcoin_batch.warehouse.nightly.lock import Locked
from litcoin_batch.warehouse.nightly.pipeline import How, Inputs, annotate_files
from litcoin_batch.warehouse.nightly.quality_gates import GateClosed, Gates
from litcoin_batch.warehouse.nightly.run_records import check_place, put_record
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.session import (
    EXIT_FAILED,
    EXIT_GATE,
    EXIT_LOCKED,
    EXIT_SETTINGS,
    SPARK_FAILURES,
    open_session,
    shorten,
)
from litcoin_batch.warehouse.tables.summary import summarise


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "), context_settings={"max_content_width": 100})
@options(AnnotateConfig)
def main(config: str | None, **given: object) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    # Neither py4j's chatter nor, should someone ask for more, the headers that botocore sends.
    for name in ("py4j", "boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        annotate(read_config(AnnotateConfig, config, given))
    except Locked as error:
        fail(error, EXIT_LOCKED)
    except GateClosed as error:
        fail(error, EXIT_GATE)
    except (ConfigError, ContractError) as error:
        fail(error, EXIT_SETTINGS)
    except (ConnectionError, OSError) as error:
        fail(error, EXIT_FAILED)
    except SPARK_FAILURES as error:
        fail(f"Spark failed, nothing is published; a restart goes on from what is done: {shorten(error)}", EXIT_FAILED)


def fail(reason: object, code: int) -> NoReturn:
    click.echo(f"error: {reason}", err=True)
    sys.exit(code)


def annotate(config: AnnotateConfig) -> None:
    loader = CheckpointLoader(
        checkpoint=config.checkpoint,
        device=config.device,
        lexicon=config.lexicon,
        batch_pieces=config.batch_pieces,
        precision=config.precision,
        vocabulary=config.vocabulary,
    )
    if config.records is not None:
        check_place(config.records)
    model_id = loader.verify_early()
    spark = open_session()
    inputs = Inputs(
        config.paths or sample(), config.format, config.annotate_titles, config.max_text_chars, config.baseline
    )
    how = How(
        config.partitions,
        Limits(batch_sec=config.batch_timeout_sec),
        Gates(config.max_reject_share, config.max_drop),
        {name: str(value) for name, value in asdict(config).items()},
    )
    with Run(spark, config.warehouse, config.run_id, config.wait_minutes) as run:
        record = annotate_files(run, inputs, loader, model_id or loader.verify(), how)
        # Anew where a run was published and then stopped; under the lock, as the next run compares itself with it.
        facts = night_report.describe(run.stored, record)
        report = night_report.keep(run.storage, record.run_id, facts, night_page(facts))
    click.echo(summarise(spark, config.warehouse, record))
    click.echo(f"report     {report}")
    if config.records is not None:
        put_record(config.records, record)


def sample() -> tuple[str, ...]:
    """The PubMed files that come with the package."""
    folder = Path(str(resources.files("litcoin_batch") / "sample"))
    return tuple(path.as_uri() for path in sorted(folder.glob("*.xml*")))
