"""Parquet, each file by its own schema, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules
from litcoin_batch.readers.parts.streams import ByteSource, excerpt, seekable
from litcoin_batch.readers.tables.columns import is_known, missing_columns
from litcoin_batch.readers.tables.records import to_document
from litcoin_batch.schema import Document, RecordError, Reject

_BATCH_ROWS = 512
# Damaged bytes make the library raise any of these, and the conversion of its values the last three.
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, TypeError)


def read_parquet(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """A damaged row group is one ``Reject``. Parquet is read from its end, hence a copy on disk of what cannot seek."""
    with seekable(stream) as file:
        if stream.damage:
            yield Reject(source, 0, f"Parquet cannot be read: {stream.damage}")
        else:
            yield from read_row_groups(file, source)


def read_row_groups(file: BinaryIO, source: str, groups: Sequence[int] | None = None) -> Iterator[Document | Reject]:
    """The rows of these row groups, of all of them by default; records count from the first row of the file."""
    try:
        table = pq.ParquetFile(file)
        if problem := missing_columns(table.schema_arrow.names):
            raise RecordError(problem)
    except (RecordError, *_DAMAGE) as error:
        if not groups or 0 in groups:
            yield Reject(source, 0, f"Parquet cannot be read: {error}")
        return
    sizes = [table.metadata.row_group(group).num_rows for group in range(table.num_row_groups)]
    for group in range(len(sizes)) if groups is None else groups:
        yield from _group_items(table, group, source, sum(sizes[:group]))


def _group_items(table: pq.ParquetFile, group: int, source: str, record: int) -> Iterator[Document | Reject]:
    """``record``: how many rows stand before the group."""
    end = record + table.metadata.row_group(group).num_rows
    wanted = [name for name in table.schema_arrow.names if is_known(name)]
    try:
        for batch in table.iter_batches(_BATCH_ROWS, row_groups=[group], columns=wanted):
            for row in range(batch.num_rows):
                record += 1
                yield _item(batch, row, source, record)
    except _DAMAGE as error:
        lost = f"row group {group}, rows {record + 1} to {end}"
        yield Reject(source, record + 1, f"{lost} cannot be read: {error}")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """In the place of a value that Python cannot hold, such as a date of the year 90,000."""

    reason: str


def _item(batch: pa.RecordBatch, row: int, source: str, record: int) -> Document | Reject:
    cells = {name: _cell(batch.column(i), row) for i, name in enumerate(batch.schema.names)}
    try:
        return to_document(cells, source, record)
    except RecordError as error:
        lost = "".join(f"; {name}: {value.reason}" for name, value in cells.items() if isinstance(value, Unreadable))
        return Reject(source, record, f"{error}{lost}", excerpt(str(cells)))


def _cell(column: pa.Array, row: int) -> object:
    """Bytes as the text they are, where they are: writers that do not say which is which are many."""
    try:
        value = column[row].as_py()
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError as error:
        return Unreadable(f"invalid UTF-8: byte 0x{error.object[error.start]:02X}")
    except _DAMAGE as error:
        return Unreadable(str(error))
