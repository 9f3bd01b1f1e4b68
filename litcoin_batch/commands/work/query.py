"""``litcoin-batch query``: one question and its answer."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable

# The engine alone: what the package ``duckdb`` puts around it takes longer to import than most questions to answer.
import _duckdb as duckdb

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.seen import only_for, script_of
from litcoin_batch.warehouse.tables.places import is_on_this_machine, location_of
from litcoin_batch.warehouse.tables.queries import QUIET, ask_duckdb, read_query, shipped_queries


def work(stop: Interruption, list_queries: bool, **options) -> Iterable[str]:
    if list_queries:
        return [f"{name}  {about}" for name, about in shipped_queries().items()]
    return query(stop, **options)


def query(stop: Interruption, sql, file, param, warehouse, engine, as_of, **how) -> Iterable[str]:
    text, parameters = read_query(sql, file, param)
    stop.line = "stopped"
    if engine == "duckdb" or (engine == "auto" and _is_here(warehouse)):
        return _by_duckdb(warehouse, as_of, text, parameters, **how)
    # Only who asks Spark waits for its library.
    by_spark = importlib.import_module("litcoin_batch.commands.work.query_by_spark")
    return by_spark.answer(stop, warehouse, as_of, text, parameters, **how)


def _is_here(warehouse: str) -> bool:
    """Where Hadoop is set up, a path without a scheme may be one of its file system."""
    root, _ = location_of(warehouse)
    return is_on_this_machine(root) and (
        "HADOOP_CONF_DIR" not in os.environ or os.path.isdir(f"{root}/runs/_delta_log")
    )


def _by_duckdb(warehouse: str, as_of: str | None, text: str, parameters: dict[str, str], **how) -> Iterable[str]:
    script = script_of(warehouse, as_of)
    with duckdb.connect() as connection:
        connection.execute(QUIET)
        try:
            try:
                connection.execute(only_for(text, script))
                yield from ask_duckdb(connection, text, parameters, **how)
            except duckdb.CatalogException:
                # A name that is misspelt, or made as the question runs: DuckDB may know better with all views before it.
                connection.execute(script)
                yield from ask_duckdb(connection, text, parameters, **how)
        except duckdb.Error as error:
            said = str(error).splitlines()[0]
            raise ConfigError(f"the query cannot be run: {said} (by DuckDB; --engine spark asks Spark)") from error
