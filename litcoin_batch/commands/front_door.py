"""``litcoin-batch VERB ...``: every command by one name, each imported only when it is asked for.

A new verb is a module beside this one with a click command named ``main``, and a line in ``VERBS``.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path

import click

import litcoin_batch
from litcoin_batch.extras import missing

# Verb -> what it does. The module is litcoin_batch.commands.VERB.
VERBS = {
    "annotate": "Raw citations to tables of mentions and relations.",
    "query": "Ask the tables in SQL.",
    "export": "Annotations of a warehouse in the formats of others.",
    "topics": "What the documents of a warehouse are about.",
    "maintain": "Keep a warehouse in order between the nights.",
}
# Measurements stand in the repository alone, in no wheel.
IN_THE_REPOSITORY = {"benchmark": "Documents per second of this machine, beside named baselines (in a checkout)."}


class Verbs(click.Group):
    """A group whose commands are imported when they are run, so that help of one needs no packages of another."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*VERBS, *IN_THE_REPOSITORY]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in IN_THE_REPOSITORY:
            return _in_the_repository(cmd_name)
        if cmd_name not in VERBS:
            return None
        try:
            return importlib.import_module(f"litcoin_batch.commands.{cmd_name}").main
        except ModuleNotFoundError as error:
            raise click.ClickException(missing(error, cmd_name)) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([*VERBS.items(), *IN_THE_REPOSITORY.items()])


def _in_the_repository(verb: str) -> click.Command:
    script = Path(litcoin_batch.__file__).resolve().parents[1] / "jobs" / f"{verb}.py"
    if not script.is_file():
        raise click.ClickException(f"{verb} runs in a checkout of the repository, and {script} is not there")
    # As Python does for a script that is started by its path.
    sys.path.insert(0, str(script.parent))
    return runpy.run_path(str(script), run_name=f"jobs.{verb}")["main"]


@click.command(cls=Verbs, context_settings={"max_content_width": 100})
@click.version_option(litcoin_batch.__version__, prog_name="litcoin-batch")
def main() -> None:
    """PubMed files in, mention and relation tables out. ``litcoin-batch VERB --help`` says more of each verb."""
