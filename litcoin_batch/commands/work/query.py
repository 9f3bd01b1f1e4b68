"""``litcoin-batch query``: one question and its answer."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable

import duckdb

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.opening import open_warehouse
from litcoin_batch.warehouse.tables.log import TableLog
from litcoin_batch.warehouse.tables.queries import ask_duckdb, read_query, shipped_queries


def work(stop: Interruption, list_queries: bool, **options) -> Iterable[str]:
    if list_queries:
        return [f"{name}  {about}" for name, about in shipped_queries().items()]
    return query(stop, **options)


def query(stop: Interruption, sql, file, param, warehouse, engine, as_of, **how) -> Iterable[str]:
    text, parameters = read_query(sql, file, param)
    stop.line = "stopped"
    log = TableLog(warehouse)
    if engine == "duckdb" or (engine == "auto" and _is_here(log)):
        return _by_duckdb(warehouse, as_of, text, parameters, **how)
    # Only who asks Spark waits for its library.
    by_spark = importlib.import_module("litcoin_batch.commands.work.query_by_spark")
    return by_spark.answer(stop, warehouse, as_of, text, parameters, **how)


def _is_here(log: TableLog) -> bool:
    """Where Hadoop is set up, a path without a scheme may be one of its file system."""
    return log.is_local and ("HADOOP_CONF_DIR" not in os.environ or log.exists("runs"))


def _by_duckdb(warehouse: str, as_of: str | None, text: str, parameters: dict[str, str], **how) -> Iterable[str]:
    with open_warehouse(warehouse, as_of) as connection:
        try:
            yield from ask_duckdb(connection, text, parameters, **how)
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise ConfigError(f"the query cannot be run: {said} (by DuckDB; --engine spark asks Spark)") from error
