"""Ask the tables in SQL.

    litcoin-batch query --warehouse DIR "SELECT type, count(*) FROM relations GROUP BY type"
    litcoin-batch query --warehouse DIR --file NAME.sql --param chemical=aspirin
    spark-submit jobs/query.py --warehouse hdfs:///litcoin --list

Views: documents, annotations, mentions, relations, pairs and evidence (current rows of
committed runs), rejects, runs, pubtator3; topics, topic_terms, document_topics
and theme_pairs where there are topics.
"""

from __future__ import annotations

import click

from litcoin_batch.commands import checks
from litcoin_batch.commands.terminal import EXIT_SETTINGS, as_written, begin_log, fail, run
from litcoin_batch.schema import ConfigError

_FORMATS = ("table", "csv", "json")
_ENGINES = ("auto", "duckdb", "spark")


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 110})
@click.argument("sql", required=False)
@click.option("--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are.")
@click.option("--file", metavar="SQL", help="A file with one query, or the name of a shipped one (see --list).")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Value of a marker :NAME; may be repeated.")
@click.option("--format", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rows shown as a table.")
@click.option(
    "--engine",
    type=click.Choice(_ENGINES),
    default="auto",
    show_default=True,
    help="auto: DuckDB where the warehouse is on a local disk, else Spark.",
)
@click.option("--as-of", metavar="RUN_ID", help="The tables as this run left them (default: as they are).")
@click.option("--list", "list_queries", is_flag=True, help="The shipped queries, then stop.")
def main(list_queries: bool, warehouse: str, sql: str | None, file: str | None, **options) -> None:
    begin_log()
    try:
        if not list_queries:
            if (sql is None) == (file is None):
                raise ConfigError("expected one query: either SQL text or --file")
            checks.check_warehouse(warehouse)
    except ConfigError as error:
        fail(error, EXIT_SETTINGS)
    run("query", list_queries=list_queries, warehouse=warehouse, sql=sql, file=file, **options)
