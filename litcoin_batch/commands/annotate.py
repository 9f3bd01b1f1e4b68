"""Raw citations to tables of mentions and relations.

    litcoin-batch annotate                                              the embedded sample
    litcoin-batch annotate updatefiles/ --warehouse DIR
    spark-submit jobs/annotate.py updatefiles/ --warehouse hdfs:///litcoin

A run that was stopped goes on where it was when the same command is given again.
"""

from __future__ import annotations

import click

from litcoin_batch.commands import checks
from litcoin_batch.commands.terminal import EXIT_SETTINGS, as_written, begin_log, fail, run
from litcoin_batch.config import AnnotateConfig, read_config
from litcoin_batch.schema import ConfigError

# Of ``readers``, whose registry imports every reader.
_FORMATS = ("auto", "pubmed", "pubtator", "bioc", "litcoin", "jsonl", "csv", "parquet")


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--config", type=click.Path(), help="YAML file of settings; options given here win over it.")
@click.option("--warehouse", metavar="DIR", help="Where the tables go (default: ./warehouse).")
@click.option("--format", type=click.Choice(_FORMATS), help="Of the inputs (default: by their content).")
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
@click.option("--wait-minutes", type=float, help="Wait so long for another run (default: 0).")
@click.option("--batch-timeout-sec", type=float, help="A model silent for longer is ended (default: 600).")
@click.option("--records", metavar="S3_ADDRESS", help="Put the run's record there, too, as <run id>.json.")
def main(config: str | None, **given: object) -> None:
    begin_log()
    try:
        # An option that may be repeated comes as an empty tuple where it was not given.
        settings = read_config(AnnotateConfig, config, {k: v for k, v in given.items() if v != ()})
        check(settings)
    except ConfigError as error:
        fail(error, EXIT_SETTINGS)
    run("annotate", settings)


def check(settings: AnnotateConfig) -> None:
    if settings.format not in _FORMATS:
        raise ConfigError(f"format {settings.format!r}, expected one of {', '.join(_FORMATS)}")
    checks.check_run(settings.run_id)
    checks.check_model(settings.checkpoint, settings.device, settings.precision, settings.lexicon)
    checks.check_inputs(settings.paths)
    checks.check_output(settings.warehouse)
