"""A warehouse opened for questions in Python."""

from __future__ import annotations

import duckdb

from litcoin_batch.warehouse.seen import script_of


def open_warehouse(warehouse: str, as_of: str | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that sees the views: ``open_warehouse("warehouse").sql("SELECT * FROM relations").df()``.

    ``as_of``: a run whose tables are seen instead of the newest. It takes no lock and changes nothing; runs committed
    later are seen by a connection opened later. Raises ``ConfigError`` where there is no warehouse or no such run.
    """
    script = script_of(warehouse, as_of)
    connection = duckdb.connect()
    connection.execute(script)
    return connection
