"""A warehouse opened for questions in Python."""

from __future__ import annotations

import duckdb

from litcoin_batch.warehouse.tables.log import TableLog
from litcoin_batch.warehouse.tables.views import committed_state, duckdb_script
from litcoin_batch.warehouse.topics.duckdb_views import duckdb_script as topics_script


def open_warehouse(warehouse: str, as_of: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that sees the views: ``open_warehouse("warehouse").sql("SELECT * FROM relations").df()``.

    ``as_of``: a run whose tables are seen instead of the newest. It takes no lock and changes nothing; runs committed
    later are seen by a connection opened later. Raises ``ConfigError`` where there is no warehouse or no such run.
    """
    log = TableLog(warehouse)
    connection = duckdb.connect()
    connection.execute(duckdb_script(log, committed_state(log, as_of)))
    connection.execute(topics_script(log.root))
    return connection
