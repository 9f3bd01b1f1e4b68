"""Annotations of a warehouse in the formats of others.

    litcoin-batch export --warehouse DIR --format pubtator --output all.pubtator
    litcoin-batch export --warehouse DIR --format kgx --output graph/
    litcoin-batch export --warehouse DIR --format bioc-json --output new.json --sql "SELECT pmid FROM relations WHERE novel"

pubtator, bioc-xml, bioc-json and jsonl are one file each (- for the terminal), csv and kgx a folder of files.
A file is there when it is whole. What a format cannot hold is left out and named.
"""

from __future__ import annotations

from pathlib import Path

import click

from litcoin_batch.commands import checks
from litcoin_batch.commands.terminal import EXIT_SETTINGS, as_written, begin_log, fail, run
from litcoin_batch.schema import ConfigError

# Of ``writers``, and which of them are several files.
_FORMATS = ("pubtator", "bioc-xml", "bioc-json", "kgx", "csv", "jsonl")
_OF_SEVERAL = ("kgx", "csv")


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 120})
@click.option("--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are.")
@click.option("--format", type=click.Choice(_FORMATS), required=True)
@click.option("--output", required=True, metavar="FILE_OR_FOLDER", help="On this machine; what is there is replaced.")
@click.option("--sql", metavar="QUERY", help="Of the documents only whose pmid this has, in a column pmid.")
def main(warehouse: str, format: str, output: str, sql: str | None) -> None:
    begin_log()
    try:
        checks.check_warehouse(warehouse)
        check_place(output, format)
    except ConfigError as error:
        fail(error, EXIT_SETTINGS)
    run("export", warehouse, format, output, sql)


def check_place(output: str, format: str) -> None:
    """Raises ``ConfigError`` where the files of ``format`` cannot be put there."""
    several = format in _OF_SEVERAL
    place = Path(output)
    if several and (output == "-" or place.is_file()):
        raise ConfigError(f"output {output}: format {format} is several files, expected a folder")
    if not several and place.is_dir():
        raise ConfigError(f"output {output}: is a folder, expected a file")
    if output != "-" and not several and not place.absolute().parent.is_dir():
        raise ConfigError(f"output {output}: there is no folder {place.absolute().parent}")
    if output != "-":
        checks.check_output(str(place.absolute() if several else place.absolute().parent))
