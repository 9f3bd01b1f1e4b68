"""Questions in SQL: shipped, in a file or given, and their answers as text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import resources
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.tables.text_table import format_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

FORMATS = ("table", "csv", "json")
# For DuckDB, which draws a bar into the answer, on standard output, when it takes more than two seconds.
QUIET = "SET enable_progress_bar = false"
_CELL_CHARS = 60
# Comments and quoted texts hold no markers; a cast (::) is none either.
_NO_MARKERS = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|::", re.DOTALL)
_MARKER = re.compile(r":([A-Za-z_]\w*)")
_NO_MARKERS_OR_ONE = re.compile(rf"{_NO_MARKERS.pattern}|:(?P<name>[A-Za-z_]\w*)", re.DOTALL)
_ROWS_AT_ONCE = 1_000


def shipped_queries() -> dict[str, str]:
    """Name -> the first comment line of each query that comes with the package."""
    return {path.name: _headline(path.read_text(encoding="utf-8")) for path in sorted(_shipped().glob("*.sql"))}


def _shipped() -> Path:
    return Path(str(resources.files("litcoin_batch") / "sql"))


def _headline(text: str) -> str:
    return next((line[2:].strip() for line in text.splitlines() if line.startswith("--")), "")


def read_query(sql: str | None, file: str | None, parameters: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The text of one query and the values of its markers. Raises ``ConfigError`` for anything unclear."""
    if (sql is None) == (file is None):
        raise ConfigError("expected one query: either SQL text or --file")
    text = sql if sql is not None else _read_file(file or "")
    values = dict(_read_parameter(parameter) for parameter in parameters)
    markers = set(_MARKER.findall(_NO_MARKERS.sub(" ", text)))
    if missing := sorted(markers - set(values)):
        raise ConfigError(
            f"the query has markers without a value: {', '.join(missing)}; give --param {missing[0]}=VALUE"
        )
    if unknown := sorted(set(values) - markers):
        raise ConfigError(
            f"--param {unknown[0]}: the query has no such marker; it has: {', '.join(sorted(markers)) or 'none'}"
        )
    return text.strip().rstrip(";"), values


def _read_file(name: str) -> str:
    shipped = _shipped() / (name if name.endswith(".sql") else f"{name}.sql")
    path = Path(name) if Path(name).is_file() else shipped
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"query {name}: no such file nor shipped query; shipped: {', '.join(shipped_queries())}"
        ) from error


def _read_parameter(text: str) -> tuple[str, str]:
    # Always a text: a concept id may consist of digits, and Spark turns texts into numbers where it compares them.
    name, found, value = text.partition("=")
    if not found or not name:
        raise ConfigError(f"--param {text!r}: expected NAME=VALUE")
    return name, value


def ask(spark: SparkSession, sql: str, parameters: Mapping[str, str], *, format: str, limit: int) -> Iterator[str]:
    """The answer line by line; only a table is cut, after ``limit`` rows."""
    answer = spark.sql(sql, args=dict(parameters))
    if format == "json":
        return answer.toJSON().toLocalIterator()
    return _written(answer.columns, answer.toLocalIterator(), format, limit)


def ask_duckdb(
    connection: DuckDBPyConnection, sql: str, parameters: Mapping[str, str], *, format: str, limit: int
) -> Iterator[str]:
    """The same by DuckDB, which knows the views already (``views.duckdb_script``)."""
    answer = connection.execute(_with_dollars(sql) if parameters else sql, dict(parameters))
    names = [column[0] for column in answer.description or ()]
    rows = chain.from_iterable(iter(partial(answer.fetchmany, _ROWS_AT_ONCE), []))
    return _written(names, rows, format, limit)


def _with_dollars(sql: str) -> str:
    """DuckDB's markers are $name."""
    return _NO_MARKERS_OR_ONE.sub(lambda found: f"${found['name']}" if found["name"] else found[0], sql)


def _written(names: Sequence[str], rows: Iterator[Sequence], format: str, limit: int) -> Iterator[str]:
    if format == "json":
        return (
            json.dumps(
                _filled(dict(zip(names, row, strict=True))), ensure_ascii=False, separators=(",", ":"), default=str
            )
            for row in rows
        )
    return _csv(names, rows) if format == "csv" else _table(names, rows, limit)


def _filled(value: object) -> object:
    """Without the fields that are null, as Spark writes JSON."""
    if isinstance(value, dict):
        return {name: _filled(one) for name, one in value.items() if one is not None}
    return [_filled(one) for one in value] if isinstance(value, list) else value


def _csv(names: Sequence[str], rows: Iterator[Sequence]) -> Iterator[str]:
    yield _csv_line(names)
    for row in rows:
        yield _csv_line([_plain(value) for value in row])


def _csv_line(cells: Sequence[object]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _table(names: Sequence[str], rows: Iterator[Sequence], limit: int) -> Iterator[str]:
    shown = [tuple(_cell(value) for value in row) for row in islice(rows, limit + 1)]
    yield format_table(names, shown[:limit])
    if len(shown) > limit:
        yield f"... cut after {limit} rows; --limit or --format csv gives more"


def _cell(value: object) -> str:
    value = round(value, 4) if isinstance(value, float) else _plain(value)
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= _CELL_CHARS else text[: _CELL_CHARS - 1] + "…"


def _plain(value: object) -> object:
    if hasattr(value, "asDict"):
        value = value.asDict(recursive=True)
    elif isinstance(value, list) and any(hasattr(item, "asDict") for item in value):
        value = [item.asDict(recursive=True) for item in value]
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
