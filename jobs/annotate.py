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

import click

from litcoin_batch.config import AnnotateConfig, read_config
from litcoin_batch.readers import FORMATS
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.inference import CheckpointLoader
from litcoin_batch.warehouse.pipeline import Inputs, annotate_files
from litcoin_batch.warehouse.records import check_place, put_record
from litcoin_batch.warehouse.runs import Run
from litcoin_batch.warehouse.session import SPARK_FAILURES, open_session, shorten
from litcoin_batch.warehouse.summary import summarise


@click.command(help=__doc__, context_settings={"max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--config", type=click.Path(), help="YAML file of settings; options given here win over it.")
@click.option("--warehouse", metavar="DIR", help="Where the tables go (default: ./warehouse).")
@click.option("--format", type=click.Choice(("auto", *FORMATS)), help="Of the inputs (default: by their content).")
@click.option("--checkpoint", metavar="NAME_OR_DIR", help="A shipped checkpoint or a folder.")
@click.option("--device", metavar="auto|cpu|cuda", help="Where the model runs (default: auto).")
@click.option("--lexicon", multiple=True, metavar="PATH", help="Your own lexicon, Parquet or TSV; may be repeated.")
@click.option("--run-id", metavar="ID", help="Identity of the run; a committed one is not done again.")
@click.option("--partitions", type=int, help="Tasks of the model (default: by cores and amount of text).")
@click.option("--annotate-titles", is_flag=True, default=None, help="Annotate records without abstract, too.")
@click.option("--max-text-chars", type=int, help="Longer texts are rejected (default: 100000).")
@click.option("--batch-pieces", type=int, help="Padded word pieces per model batch (default: 16384).")
@click.option("--records", metavar="S3_ADDRESS", help="Put the run's record there, too, as <run id>.json.")
def main(config: str | None, **given: object) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    # Neither py4j's chatter nor, should someone ask for more, the headers that botocore sends.
    for name in ("py4j", "boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        # An option that may be repeated comes as an empty tuple where it was not given.
        annotate(read_config(AnnotateConfig, config, {k: v for k, v in given.items() if v != ()}))
    except (ConfigError, ContractError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except ConnectionError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except SPARK_FAILURES as error:
        click.echo(f"error: Spark failed, nothing is published: {shorten(error)}", err=True)
        sys.exit(1)


def annotate(config: AnnotateConfig) -> None:
    loader = CheckpointLoader(config.checkpoint, config.device, config.lexicon, config.batch_pieces)
    if config.records is not None:
        check_place(config.records)
    model_id = loader.verify_early()
    spark = open_session()
    run = Run(spark, config.warehouse, config.run_id)
    record = annotate_files(
        run,
        Inputs(config.paths or sample(), config.format, config.annotate_titles, config.max_text_chars),
        loader,
        model_id or loader.verify(),
        partitions=config.partitions,
        about={name: str(value) for name, value in asdict(config).items()},
    )
    click.echo(summarise(spark, config.warehouse, record))
    if config.records is not None:
        put_record(config.records, record)


def sample() -> tuple[str, ...]:
    """The PubMed files that come with the package."""
    folder = Path(str(resources.files("litcoin_batch") / "sample"))
    return tuple(path.as_uri() for path in sorted(folder.glob("*.xml*")))


if __name__ == "__main__":
    main()
