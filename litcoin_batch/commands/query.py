"""Ask the tables in SQL.

    spark-submit jobs/query.py --warehouse DIR "SELECT type, count(*) FROM relations GROUP BY type"
    spark-submit jobs/query.py --warehouse DIR --file NAME.sql --param chemical=aspirin

Views: documents, annotations, mentions, relations and evidence (current rows of
committed runs), rejects, runs, pubtator3.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import click
import duckdb
from pyspark.errors import AnalysisException, ParseException

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.log import TableLog
from litcoin_batch.warehouse.tables.queries import FORMATS, ask, ask_duckdb, read_query, shipped_queries
from litcoin_batch.warehouse.tables.views import committed_state, duckdb_script, register_views

ENGINES = ("duckdb", "spark")


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "), context_settings={"max_content_width": 110})
@click.argument("sql", required=False)
@click.option("--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are.")
@click.option("--file", metavar="SQL", help="A file with one query, or the name of a shipped one (see --list).")
@click.option("--param", multiple=True, metavar="NAME=VALUE", help="Value of a marker :NAME; may be repeated.")
@click.option("--format", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rows shown as a table.")
@click.option(
    "--engine",
    type=click.Choice(("auto", *ENGINES)),
    default="auto",
    show_default=True,
    help="auto: DuckDB where the warehouse is on a local disk, else Spark.",
)
@click.option("--as-of", metavar="RUN_ID", help="The tables as this run left them (default: as they are).")
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
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        fail(f"the query cannot be run: {said} (by DuckDB; --engine spark asks Spark)")


def query(
    sql: str | None,
    file: str | None,
    param: tuple[str, ...],
    warehouse: str,
    engine: str,
    as_of: str | None,
    **how: Any,
) -> None:
    text, parameters = read_query(sql, file, param)
    log = TableLog(warehouse)
    if engine == "duckdb" or engine == "auto" and _is_here(log):
        with duckdb.connect() as connection:
            connection.execute(duckdb_script(log, committed_state(log, as_of)))
            for line in ask_duckdb(connection, text, parameters, **how):
                click.echo(line)
        return
    spark = open_session()
    register_views(spark, warehouse, as_of)
    for line in ask(spark, text, parameters, **how):
        click.echo(line)


def _is_here(log: TableLog) -> bool:
    """Where Hadoop is set up, a path without a scheme may be one of its file system."""
    return log.is_local and ("HADOOP_CONF_DIR" not in os.environ or log.exists("runs"))


def fail(message: str) -> None:
    click.echo(f"error: {message.splitlines()[0]}", err=True)
    sys.exit(2)
