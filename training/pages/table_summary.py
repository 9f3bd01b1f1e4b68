"""What a table holds, column by column, in one pass and little memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from litcoin_batch.readers.litcoin import ABSTRACT_COLUMNS, ENTITY_COLUMNS, RELATION_COLUMNS
from litcoin_batch.readers.parts.streams import ByteSource
from litcoin_batch.readers.tables.csvrows import csv_rows
from litcoin_batch.schema import RecordError

HEADER = ("column", "type", "nulls", "null share", "distinct", "smallest", "largest")
COLUMNS = {"abstracts": ABSTRACT_COLUMNS, "entities": ENTITY_COLUMNS, "relations": RELATION_COLUMNS}
_INTEGER = re.compile("-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]*\.[0-9]+")


@dataclass(slots=True)
class Column:
    """Counts of one column. Values are kept as 64-bit hashes, so that a long text costs what a number costs."""

    types: set[str] = field(default_factory=set)
    n_null: int = 0
    seen: set[int] = field(default_factory=set)
    smallest: float | str | date | None = None
    largest: float | str | date | None = None

    def add(self, value: Any) -> None:
        if value is None:
            self.n_null += 1
            return
        size: Any
        if isinstance(value, tuple):
            kind, size = "list", len(value)
        elif isinstance(value, str):
            kind, size = "text", len(value)
        else:
            kind, size = _KINDS[type(value)], value
        self.types.add(kind)
        self.seen.add(hash(value))
        if self.smallest is None or size < self.smallest:
            self.smallest = size
        if self.largest is None or size > self.largest:
            self.largest = size


_KINDS = {int: "whole number", float: "number", bool: "yes/no", date: "date"}
_UNITS = {"text": " characters", "list": " items"}


@dataclass(slots=True)
class TableSummary:
    """``rows()`` fit ``HEADER``: of texts and lists, smallest and largest are lengths."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    n_rows: int = 0
    n_unreadable: int = 0

    def add(self, **values: object) -> None:
        self.n_rows += 1
        for name, value in values.items():
            self.columns.setdefault(name, Column()).add(value)

    def rows(self) -> list[tuple[str, str, int, str, int, str, str]]:
        return [
            (
                name,
                " or ".join(sorted(column.types)) or "empty",
                column.n_null,
                f"{100 * column.n_null / self.n_rows:.1f} %",
                len(column.seen),
                _with_unit(column.smallest, column.types),
                _with_unit(column.largest, column.types),
            )
            for name, column in self.columns.items()
        ]


def _with_unit(size: float | str | date | None, types: set[str]) -> str:
    if size is None:
        return ""
    return f"{size}{''.join(_UNITS.get(kind, '') for kind in types) if len(types) == 1 else ''}"


def parse_cell(cell: str) -> object:
    """Number, text, or None for an empty cell and for ``-``, with which LitCoin says that there is no id."""
    if cell.strip() in ("", "-"):
        return None
    if _INTEGER.fullmatch(cell):
        return int(cell)
    return float(cell) if _DECIMAL.fullmatch(cell) else cell


def litcoin_rows(path: Path) -> Iterable[dict[str, str] | None]:
    """The cells of one of LitCoin's tables row by row as they stand; None for a row that cannot be read."""
    with path.open("rb") as raw:
        for row in csv_rows(ByteSource(raw), "\t", COLUMNS[path.name.split("_")[0]]):
            try:
                yield row.cells()
            except RecordError:
                yield None


def summarise_litcoin(paths: Sequence[Path]) -> list[TableSummary]:
    """A column that holds a text anywhere is a column of text: LitCoin's ids are numbers in some rows only."""
    summaries = []
    for path in paths:
        summary = TableSummary(path.name)
        texts = {
            name
            for cells in litcoin_rows(path)
            if cells
            for name, cell in cells.items()
            if isinstance(parse_cell(cell), str)
        }
        for cells in litcoin_rows(path):
            if cells is None:
                summary.n_unreadable += 1
                continue
            summary.add(
                **{
                    name: cell if name in texts and parse_cell(cell) is not None else parse_cell(cell)
                    for name, cell in cells.items()
                }
            )
        summaries.append(summary)
    return summaries
