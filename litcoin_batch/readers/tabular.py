"""Documents as rows with pmid, title and abstract: JSON lines, CSV and Parquet.

``year``, ``journal``, ``revised`` (ISO date) and ``version`` are read where they exist, other columns are not.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

from litcoin_batch.readers.csvrows import csv_rows
from litcoin_batch.readers.rows import to_pmid, to_text
from litcoin_batch.readers.streams import ByteSource, excerpt, lines
from litcoin_batch.schema import Document, RecordError, Reject

COLUMNS = ("pmid", "title", "abstract")
_OPTIONAL = ("year", "journal", "revised", "version")
_SPOOL_BYTES = 64 << 20
_BATCH_ROWS = 512


def read_jsonl(stream: ByteSource, source: str) -> Iterator[Document | Reject]:
    record = 0
    for line in lines(stream):
        if not line.raw.strip() and not line.damage:
            continue
        record += 1
        try:
            if line.damage:
                raise RecordError(line.damage)
            yield _document(_json_object(line.raw), source, record)
        except RecordError as error:
            yield Reject(source, record, str(error), excerpt(line.raw))


def read_csv(stream: ByteSource, source: str) -> Iterator[Document | Reject]:
    """The delimiter is the one that the header has more of, comma or tab."""
    header = stream.peek(4096).split(b"\n", 1)[0]
    delimiter = "\t" if header.count(b"\t") > header.count(b",") else ","
    for row in csv_rows(stream, delimiter, COLUMNS):
        try:
            yield _document(row.cells(), source, row.number)
        except RecordError as error:
            yield Reject(source, row.number, str(error), excerpt(row.raw))


def read_parquet(stream: ByteSource, source: str) -> Iterator[Document | Reject]:
    """Row group by row group: a damaged one is one ``Reject``. Parquet is read from its end, hence a copy on disk."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        shutil.copyfileobj(stream, spool)
        spool.seek(0)
        try:
            if stream.damage:
                raise RecordError(stream.damage)
            table = pq.ParquetFile(spool)
            names = {name.lower(): name for name in table.schema_arrow.names}
            missing = [name for name in COLUMNS if name not in names]
            if missing:
                raise RecordError(f"no column {', '.join(missing)}; there are {', '.join(names)[:200]}")
        except (RecordError, pa.ArrowException, OSError) as error:
            yield Reject(source, 0, f"Parquet cannot be read: {error}")
            return
        wanted = {name: names[name] for name in (*COLUMNS, *_OPTIONAL) if name in names}
        record = 0
        for group in range(table.num_row_groups):
            end = record + table.metadata.row_group(group).num_rows
            try:
                for batch in table.iter_batches(_BATCH_ROWS, row_groups=[group], columns=list(wanted.values())):
                    for row in range(batch.num_rows):
                        record += 1
                        yield _parquet_item(batch, row, wanted, source, record)
            except (pa.ArrowException, OSError) as error:
                lost = f"row group {group}, rows {record + 1} to {end}"
                yield Reject(source, record + 1, f"{lost} cannot be read: {error}")
                record = end


def _parquet_item(
    batch: pa.RecordBatch, row: int, wanted: Mapping[str, str], source: str, record: int
) -> Document | Reject:
    try:
        cells = {name: batch.column(column)[row].as_py() for name, column in wanted.items()}
    except (UnicodeDecodeError, ValueError) as error:
        return Reject(source, record, f"row cannot be read: {error}")
    try:
        return _document(cells, source, record)
    except RecordError as error:
        return Reject(source, record, str(error), excerpt(str(cells)))


def _json_object(raw: bytes) -> dict:
    try:
        row = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise RecordError(f"invalid UTF-8: byte 0x{raw[error.start]:02X}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"line is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise RecordError(f"line is a JSON {type(row).__name__}, expected an object")
    return row


def _document(row: Mapping[str, object], source: str, record: int) -> Document:
    if "title" not in row and "abstract" not in row:
        raise RecordError("row has neither title nor abstract")
    version = _whole(row.get("version"), "version")
    return Document(
        to_pmid(row.get("pmid")),
        to_text(row.get("title"), "title"),
        to_text(row.get("abstract"), "abstract"),
        source,
        record,
        version=1 if version is None else version,
        year=_whole(row.get("year"), "year"),
        journal=to_text(row.get("journal"), "journal"),
        revised=_date(row.get("revised")),
    )


def _whole(value: object, name: str) -> int | None:
    """A small whole number; pandas hands whole numbers with gaps on as floats, gaps as NaN."""
    if value is None or value == "" or value != value:
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise RecordError(f"{name} {str(value)[:40]!r} is not a whole number")
    return int(text)


def _date(value: object) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise RecordError(f"revised {str(value)[:40]!r} is no ISO date") from error
