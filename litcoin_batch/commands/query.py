"""Ask the tables in SQL.

    spark-submit jobs/query.py --warehouse DIR "SELECT type, count(*) FROM relations GROUP BY type"
    spark-submit jobs/query.py --warehouse DIR --file NAME.sql --param chemical=aspirin

Views: documents, annotations, mentions, relations and evidence (current rows of
committed runs), rejects, runs, pubtator3.
"""

from __future__ import annotations

import logging
import sys

import click
from pyspark.errors import AnalysisException, ParseException

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.queries import FORMATS, ask, read_query, shipped_queries
from litcoin_batch.warehouse.tables.views import register_views


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "), context_settings={"max_content_width": 110})
@click.argument("sql", required=False)
@click.option("--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are.")
@click.option("--file", metavar="SQL", help="A file with one query, or the name of a shipped one (see --list).")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Value of a marker :NAME; may be repeated.")
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rows shown as a table.")
@click.option("--list", "list_queries", is_flag=True, help="The shipped queries, then stop.")
def main(list_queries: bool, **options) -> None:
    # pyspark logs a failing query as a page of JSON; its message is printed below.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    if list_queries:
        click.echo("\n".join(f"{name}  {about}" for name, about in shipped_queries().items()))
        return
    try:
        query(**options)
    except (ConfigError, ContractError) as error:
        fail(str(error))
    except (AnalysisException, ParseException) as error:
        fail(f"the query cannot be run: {error.getMessage() or error}")


def query(sql: str | None, warehouse: str, file: str | None, param: tuple[str, ...], format: str, limit: int) -> None:
    text, parameters = read_query(sql, file, param)
    spark = open_session()
    register_views(spark, warehouse)
    for line in ask(spark, text, parameters, format=format, limit=limit):
        click.echo(line)


def fail(message: str) -> None:
    click.echo(f"error: {message.splitlines()[0]}", err=True)
    sys.exit(2)
