"""Raw citations to tables of mentions and relations.

spark-submit jobs/annotate.py                                          the embedded sample
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

from litcoin_batch.config import AnnotateConfig, read_config
from litcoin_batch.readers import FORMATS
from litcoin_batch.reports.night import night_page
from litcoin_batch.schema import ConfigError, ContractError
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


@click.command(help=__doc__, context_settings={"max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--config", type=click.Path(), help="YAML file of settings; options given here win over it.")
@click.option("--warehouse", metavar="DIR", help="Where the tables go (default: ./warehouse).")
@click.option("--format", type=click.Choice(("auto", *FORMATS)), help="Of the inputs (default: by their content).")
@click.option("--checkpoint", metavar="NAME_OR_DIR", help="A shipped checkpoint or a folder.")
@click.option("--device", metavar="auto|cpu|cuda", help="Where the model runs (default: auto).")
@click.option(
    "--precision", metavar="auto|float32|bfloat16|int8", help="Of large matrix products (default: auto, the fastest)."
)
@click.option("--lexicon", multiple=True, metavar="PATH", help="Your own lexicon, Parquet or TSV; may be repeated.")
@click.option("--run-id", metavar="ID", help="Identity of the run; a committed one is not done again.")
@click.option("--partitions", type=int, help="Tasks of the model (default: by cores and amount of text).")
@click.option("--annotate-titles", is_flag=True, default=None, help="Annotate records without abstract, too.")
@click.option("--max-text-chars", type=int, help="Longer texts are rejected (default: 100000).")
@click.option("--batch-pieces", type=int, help="Padded word pieces per model batch (default: 16384).")
@click.option(
    "--baseline",
    is_flag=True,
    default=None,
    help="The inputs are a new baseline of NLM, whole: it replaces what is there.",
)
@click.option(
    "--max-reject-share", type=float, help="Publish nothing where more of the records are rejected (default: 0.01)."
)
@click.option(
    "--max-drop", type=float, help="... or relations per document fall by more, against the last runs (default: 0.5)."
)
@click.option("--wait-minutes", type=float, help="Wait so long for another run on the warehouse (default: 0).")
@click.option("--batch-timeout-sec", type=float, help="A model silent for longer is ended (default: 600).")
@click.option("--records", metavar="S3_ADDRESS", help="Put the run's record there, too, as <run id>.json.")
def main(config: str | None, **given: object) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    # Neither py4j's chatter nor, should someone ask for more, the headers that botocore sends.
    for name in ("py4j", "boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        # An option that may be repeated comes as an empty tuple where it was not given.
        annotate(read_config(AnnotateConfig, config, {k: v for k, v in given.items() if v != ()}))
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
    loader = CheckpointLoader(config.checkpoint, config.device, config.lexicon, config.batch_pieces, config.precision)
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
