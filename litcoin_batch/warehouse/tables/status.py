"""What lies in a warehouse, told by its logs and a few columns: no Spark, no lock, and nothing is made."""

from __future__ import annotations

from typing import Any

import duckdb

from litcoin_batch.warehouse.tables.declared import OTHERS
from litcoin_batch.warehouse.tables.log import ANNOTATE, State, TableLog
from litcoin_batch.warehouse.tables.queries import QUIET
from litcoin_batch.warehouse.tables.views import committed_state, duckdb_script


def status(warehouse: str) -> dict[str, Any]:
    """JSON-ready, for a person or a monitor. Raises ``ConfigError`` where nothing is committed."""
    log = TableLog(warehouse)
    state = committed_state(log)
    rows = log.runs()
    nights = [row for row in rows if row["work"] == ANNOTATE]
    models = {file.model_id for file in log.files(state, "annotations")} - {None}
    counted = _count(log, state)
    return {
        "number": state.number,
        "committed": state.finished,
        "work": state.work,
        "model_id": state.model_id,
        "vocabulary_id": state.vocabulary_id,
        "models_being_rolled_out": sorted(models - {state.model_id}),
        "baseline": state.baseline,
        "runs": len(rows),
        "last_run": {name: nights[-1][name] for name in ("run_id", "finished", "n_records", "n_rejected")}
        if nights
        else None,
        **counted,
        "tables": {table: _sizes(log, state, table) for table in OTHERS},
    }


def _sizes(log: TableLog, state: State, table: str) -> dict[str, int]:
    files = log.files(state, table)
    return {
        "version": state.versions[table],
        "files": len(files),
        "rows": sum(file.n_rows for file in files),
        "bytes": sum(file.n_bytes for file in files),
    }


def _count(log: TableLog, state: State) -> dict[str, Any]:
    with duckdb.connect() as connection:
        connection.execute(QUIET)
        connection.execute(duckdb_script(log, state))
        n_documents, n_failed = connection.execute(
            "SELECT count(*), count(CASE WHEN fate = 'rejected' THEN 1 END) FROM documents"
        ).fetchone()
        retired = connection.execute("SELECT kind, count(*) FROM retired GROUP BY kind ORDER BY kind").fetchall()
    n_rows = sum(file.n_rows for table in ("documents", "annotations") for file in log.files(state, table))
    return {
        "documents": n_documents,
        "documents_the_model_failed_on": n_failed,
        "retired_rows": dict(retired),
        "retired_share": sum(dict(retired).values()) / max(1, n_rows),
    }
