"""Questions in SQL: shipped, in a file or given, and their answers as text."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from io import StringIO
from itertools import islice
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.tables.summary import format_table

FORMATS = ("table", "csv", "json")
_CELL_CHARS = 60
# Comments and quoted texts hold no markers; a cast (::) is none either.
_NO_MARKERS = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|::", re.DOTALL)
_MARKER = re.compile(r":([A-Za-z_]\w*)")


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
    text = sql if sql is not None else _read_file(file)
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
    return _csv(answer) if format == "csv" else _table(answer, limit)


def _csv(answer: DataFrame) -> Iterator[str]:
    yield _csv_line(answer.columns)
    for row in answer.toLocalIterator():
        yield _csv_line([_plain(value) for value in row])


def _csv_line(cells: Sequence[object]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()


def _table(answer: DataFrame, limit: int) -> Iterator[str]:
    rows = [tuple(_cell(value) for value in row) for row in islice(answer.toLocalIterator(), limit + 1)]
    yield format_table(answer.columns, rows[:limit])
    if len(rows) > limit:
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
