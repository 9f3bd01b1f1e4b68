"""Rows as JSON objects: one on each line, or in any other layout (``json_values``), pandas' ``to_json`` included."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import NamedTuple

from litcoin_batch.readers.parts.json_values import BrokenJson, Layout, json_values
from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules
from litcoin_batch.readers.parts.streams import ByteSource, Line, excerpt, lines
from litcoin_batch.readers.tables.columns import LIST_HOLDERS, NAMES, RECORD_LISTS, fields_of, missing_columns, plain
from litcoin_batch.readers.tables.records import to_document
from litcoin_batch.schema import Document, RecordError, Reject

_PEEK_BYTES = 1 << 20
# So many objects without any PMID say that the file has none.
_PROBED_ROWS = 100


class _Row(NamedTuple):
    """``found``: a parsed value, or what is wrong in its place."""

    found: object
    raw: bytes


def read_jsonl(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """One item per object. A file whose first objects have no PMID under any known key is one ``Reject``."""
    rows = _line_rows(stream) if _is_by_lines(stream) else _value_rows(stream)
    first = list(islice(rows, _PROBED_ROWS))
    if problem := _missing_keys(first):
        yield Reject(source, 0, problem, excerpt(first[0].raw))
        return
    for record, row in enumerate(chain(first, rows), start=1):
        try:
            if isinstance(row.found, BrokenJson):
                raise RecordError(row.found.reason)
            if not isinstance(row.found, dict):
                raise RecordError(f"a JSON {type(row.found).__name__}, expected an object")
            yield to_document(row.found, source, record)
        except RecordError as error:
            yield Reject(source, record, str(error), excerpt(row.raw))


def _is_by_lines(stream: ByteSource) -> bool:
    """Whether every line is a row of its own, so that a bad one costs itself only."""
    head = stream.peek(_PEEK_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
    first, _newline, rest = head.partition(b"\n")
    found = _parsed_line(Line(first))
    if isinstance(found, dict):
        return list(_laid_out(found)) == [found] and not any(key in found for key in (*RECORD_LISTS, *LIST_HOLDERS))
    # The first line is damaged, or the beginning of a longer value: the second one tells.
    return isinstance(found, BrokenJson) and first[:1] == b"{" and rest.lstrip(b"\r\n")[:1] == b"{"


def _line_rows(stream: ByteSource) -> Iterator[_Row]:
    for line in lines(stream):
        if line.raw.strip() or line.damage:
            found = _parsed_line(line)
            # Several in one line, as where lists of rows were put behind rows.
            for row in found if isinstance(found, list) and found else (found,):
                yield _Row(row, line.raw)


def _parsed_line(line: Line) -> object:
    if line.damage:
        return BrokenJson(line.damage)
    try:
        return json.loads(line.raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return BrokenJson(f"invalid UTF-8: byte 0x{line.raw[error.start]:02X}")
    except (ValueError, RecursionError) as error:
        return BrokenJson(f"line is not JSON: {error}")


def _value_rows(stream: ByteSource) -> Iterator[_Row]:
    for found, raw in json_values(stream, Layout(RECORD_LISTS, LIST_HOLDERS, _is_row)):
        if isinstance(found, dict):
            yield from (_Row(row, raw) for row in _laid_out(found))
        else:
            yield _Row(found, raw)


def _is_row(found: Mapping) -> bool:
    return bool(_identity(found).keys() & {"pmid", "title"}) or any(map(_is_abstract, found))


def _identity(found: Mapping) -> dict[str, object]:
    """Its fields but for the abstract, which may be a column of a table here."""
    return fields_of({name: value for name, value in found.items() if not _is_abstract(name)})


def _is_abstract(name: object) -> bool:
    return isinstance(name, str) and plain(name) in NAMES["abstract"]


def _laid_out(found: dict) -> Iterator[object]:
    """The rows of a whole table in one object, as pandas writes it with ``orient`` split, columns or index."""
    columns, data = found.get("columns"), found.get("data")
    if isinstance(columns, list) and isinstance(data, list):
        for cells in data:
            fits = isinstance(cells, list) and len(cells) == len(columns)
            yield dict(zip(map(str, columns), cells, strict=True)) if fits else cells
        return
    inner = list(found.values())
    if not inner or not all(isinstance(value, dict) for value in inner):
        yield found
    elif isinstance(_identity(found).get("pmid"), dict):
        labels = dict.fromkeys(label for column in inner for label in column)
        yield from ({name: column.get(label) for name, column in found.items()} for label in labels)
    elif _is_row(inner[0]) and not _is_row(found):
        yield from inner
    else:
        yield found


def _missing_keys(rows: list[_Row]) -> str | None:
    objects = [row.found for row in rows if isinstance(row.found, dict)]
    if not objects or len(objects) < len(rows) or any(map(_is_complete, objects)):
        return None
    return missing_columns(dict.fromkeys(key for row in objects for key in row))


def _is_complete(row: dict) -> bool:
    """Whether it has what a document needs, read or not."""
    try:
        fields = fields_of(row)
    except RecordError:
        return True
    return "pmid" in fields and ("title" in fields or "abstract" in fields)
