"""What a reader sees of a warehouse, as a script for DuckDB: read where the last commit left it, made where it did not."""

from __future__ import annotations

import importlib
import re

from litcoin_batch.warehouse.tables.places import location_of, newest_script
from litcoin_batch.warehouse.topics.duckdb_views import duckdb_script as topics_script

_VIEW = re.compile(r"CREATE OR REPLACE VIEW (\w+) AS (.*?);\n(?=CREATE|COMMIT|\Z)", re.DOTALL)
# Whoever asks what there is wants to see all of it.
_ASKS_FOR_NAMES = re.compile(r"\b(information_schema|show|describe|summarize|pragma|duckdb_\w+|pg_catalog)\b", re.I)


def script_of(warehouse: str, as_of: str | None = None) -> str:
    """Every view. Raises ``ConfigError`` where there is no warehouse, or no run ``as_of``."""
    root, _ = location_of(warehouse)
    script = newest_script(root) if as_of is None else None
    return (script or _from_logs(warehouse, as_of)) + topics_script(root)


def _from_logs(warehouse: str, as_of: str | None) -> str:
    # The library that reads logs takes longer to import than most questions to answer.
    log = importlib.import_module("litcoin_batch.warehouse.tables.log").TableLog(warehouse)
    views = importlib.import_module("litcoin_batch.warehouse.tables.views")
    return views.duckdb_script(log, views.committed_state(log, as_of))


def only_for(question: str, script: str) -> str:
    """What of a ``script`` of views the question needs: DuckDB opens the files of each view that it is told of.

    >>> script = "BEGIN;\\nCREATE OR REPLACE VIEW a AS FROM b;\\nCREATE OR REPLACE VIEW b AS SELECT 1;\\nCREATE OR REPLACE VIEW c AS FROM d;\\nCOMMIT;\\n"
    >>> print(only_for("SELECT * FROM A", script), end="")
    CREATE OR REPLACE VIEW a AS FROM b;
    CREATE OR REPLACE VIEW b AS SELECT 1;
    """
    if _ASKS_FOR_NAMES.search(question):
        return script
    # Names of files are no names of views.
    views = {found[1]: (found[0], _words(re.sub(r"'[^']*'", "", found[2]))) for found in _VIEW.finditer(script)}
    wanted, new = set[str](), _words(question)
    while new := (new & views.keys()) - wanted:
        wanted |= new
        new = set().union(*(views[name][1] for name in new))
    return "".join(statement for name, (statement, _) in views.items() if name in wanted)


def _words(sql: str) -> set[str]:
    return set(re.findall(r"\w+", sql.lower()))
