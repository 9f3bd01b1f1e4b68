"""One row -> one document. Optional columns that cannot be understood are left empty, and a note says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from litcoin_batch.readers.parts.rows import is_missing, to_pmid, to_text
from litcoin_batch.readers.tables.columns import fields_of
from litcoin_batch.schema import Document, RecordError

_WHOLE = re.compile(r"([0-9]{1,9})(?:\.0{1,9})?")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
# Year first: of other orders nobody can tell day and month.
_DATE = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:[T ].*)?", re.DOTALL)


def to_document(row: Mapping[str, object], source: str, record: int) -> Document:
    """Raises ``RecordError`` where PMID, title or abstract cannot be read."""
    fields = fields_of(row)
    if "title" not in fields and "abstract" not in fields:
        raise RecordError("row has neither title nor abstract")
    optional: dict[str, Any] = {}
    notes = []
    for name, read in _OPTIONAL.items():
        value = fields.get(name)
        optional[name] = None if is_missing(value) else read(value)
        if optional[name] is None and not is_missing(value):
            notes.append(f"{name} not understood, left empty")
    return Document(
        to_pmid(_whole_if_decimal(fields.get("pmid"))),
        to_text(fields.get("title"), "title"),
        to_text(fields.get("abstract"), "abstract"),
        source,
        record,
        version=optional["version"] or 1,
        year=optional["year"],
        journal=optional["journal"],
        revised=optional["revised"],
        notes=tuple(notes),
    )


def _whole_if_decimal(value: object) -> object:
    return int(value) if isinstance(value, Decimal) and value.is_finite() and value == int(value) else value


def _whole(value: object) -> int | None:
    """A whole number, as pandas hands it on too: as a float where the column has gaps."""
    match = None if isinstance(value, bool) else _WHOLE.fullmatch(str(value).strip())
    return int(match[1]) if match else None


def _version(value: object) -> int | None:
    return _whole(value) or None


def _year(value: object) -> int | None:
    """A whole number, or the year that a date or ``2015 Oct-Dec`` names."""
    if isinstance(value, date):
        return value.year
    if (whole := _whole(value)) is not None:
        # 20150301 is a date.
        return whole if whole < 10_000 else _year(f"{str(whole)[:4]} ") if len(str(whole)) == 8 else None
    match = _YEAR.search(str(value)) if isinstance(value, str) else None
    return int(match[1]) if match else None


def _date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    match = None if isinstance(value, bool) else _DATE.fullmatch(str(value).strip())
    try:
        return date(int(match[1]), int(match[3]), int(match[4])) if match else None
    except ValueError:
        return None


def _journal(value: object) -> str | None:
    """Its name, or that of an object that describes it."""
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("title") or value.get("display_name")
    try:
        return to_text(value, "journal")
    except RecordError:
        return None


_OPTIONAL = {"version": _version, "year": _year, "journal": _journal, "revised": _date}
