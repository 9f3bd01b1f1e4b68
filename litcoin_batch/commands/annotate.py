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
from litcoin_batch.config import AnnotateConfig
from litcoin_batch.schema import ConfigError
from litcoin_batch.settings import options, read_config


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 100})
@options(AnnotateConfig)
def main(config: str | None, **given: object) -> None:
    begin_log()
    try:
        settings = read_config(AnnotateConfig, config, given)
        check(settings)
    except ConfigError as error:
        fail(error, EXIT_SETTINGS)
    run("annotate", settings)


def check(settings: AnnotateConfig) -> None:
    checks.check_run(settings.run_id)
    checks.check_model(settings.checkpoint, settings.device, settings.precision, settings.lexicon)
    checks.check_vocabulary(settings.vocabulary)
    checks.check_inputs(settings.paths)
    checks.check_output(settings.warehouse)
    checks.check_layout(settings.warehouse)
