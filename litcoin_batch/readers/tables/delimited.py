"""Delimited text with a header: comma, tab, semicolon or bar."""

from __future__ import annotations

from collections.abc import Iterator

from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules
from litcoin_batch.readers.parts.streams import ByteSource, excerpt
from litcoin_batch.readers.tables.columns import is_known, missing_columns
from litcoin_batch.readers.tables.csvrows import csv_rows
from litcoin_batch.readers.tables.records import to_document
from litcoin_batch.schema import Document, RecordError, Reject

DELIMITERS = (",", "\t", ";", "|")
_HEADER_BYTES = 1 << 14


def read_csv(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    delimiter = delimiter_of(stream.peek(_HEADER_BYTES)) or ","
    for row in csv_rows(stream, delimiter, problem_of=missing_columns):
        try:
            yield to_document(row.cells(), source, row.number)
        except RecordError as error:
            yield Reject(source, row.number, str(error), excerpt(row.raw))


def delimiter_of(head: bytes) -> str | None:
    """The one that parts the header into the most columns that we know; None where it is no header of ours."""
    header = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0].decode("utf-8", "replace")
    names = {d: [name.strip().strip('"') for name in header.split(d)] for d in DELIMITERS}
    known = {d: sum(map(is_known, parts)) for d, parts in names.items() if len(parts) > 1}
    best = max(known, key=known.__getitem__, default=None)
    return best if best and known[best] else None
