"""Records of tagged lines: MEDLINE (``.nbib``, as PubMed and NCBI's efetch write it) and RIS.

MEDLINE: https://www.nlm.nih.gov/bsd/mms/medlineelements.html; a tag of four columns, ``- ``, and text that goes on in
lines that begin with six blanks; a blank line or the next PMID ends a record. RIS: ``TY  - `` to ``ER  - ``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules, to_pmid, to_text
from litcoin_batch.readers.parts.streams import ByteSource, Line, excerpt, lines
from litcoin_batch.schema import Document, RecordError, Reject

MAX_RECORD_BYTES = 16 << 20
_TAG = re.compile(r"([A-Z][A-Z0-9]{1,3}) {0,3}- ?(.*)", re.DOTALL)
_FIRST = {"medline": re.compile(rb"PMID ?- "), "ris": re.compile(rb"TY  - ")}
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)")
_PUBMED_PAGE = re.compile(r"https?://(?:www\.)?(?:pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed)/\d+", re.I)
_NAMED_PMID = re.compile(r"\bPMID\s*:?\s*(\d{1,9})\b", re.I)
_PUBMED_NAMES = ("pubmed", "medline", "nlm")


def dialect_of(text: bytes) -> str | None:
    """``medline`` or ``ris`` where the text has a line that begins a record of it."""
    for name, first in _FIRST.items():
        if re.search(rb"(?:\A|\n)" + first.pattern, text):
            return name
    return None


def read_medline(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """One item per record."""
    yield from _read(stream, source, "medline")


def read_ris(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """One item per record. Only what says that it is a PMID is taken for one: a page of PubMed, ``PMID: 1``, or the
    accession number of a record that names PubMed as its database.
    """
    yield from _read(stream, source, "ris")


def _read(stream: ByteSource, source: str, dialect: str) -> Iterator[Document | Reject]:
    make = {"medline": _medline, "ris": _ris}[dialect]
    for record, block in enumerate(_blocks(stream, _FIRST[dialect]), start=1):
        try:
            yield make(_tags(block), source, record)
        except RecordError as error:
            yield Reject(source, record, str(error), excerpt(b"".join(line.raw for line in block)))


def _blocks(stream: ByteSource, first: re.Pattern[bytes]) -> Iterator[list[Line]]:
    """Lines from one beginning of a record to the next; text before the first one is a block of its own."""
    block: list[Line] = []
    n_bytes = 0
    for line in lines(stream):
        if not line.raw.removeprefix(b"\xef\xbb\xbf").strip() and not line.damage:
            continue
        if block and first.match(line.raw.removeprefix(b"\xef\xbb\xbf")):
            yield block
            block, n_bytes = [], 0
        n_bytes += len(line.raw)
        if n_bytes <= MAX_RECORD_BYTES:
            block.append(line)
        elif not block[-1].damage:
            block.append(Line(b"", f"record is longer than {MAX_RECORD_BYTES} bytes"))
    if block:
        yield block


def _tags(block: list[Line]) -> dict[str, list[str]]:
    """Tag -> its texts; lines without a tag go on with the one before."""
    tags: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in block:
        if line.damage:
            raise RecordError(line.damage)
        try:
            text = line.raw.decode("utf-8-sig").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise RecordError(f"invalid UTF-8: byte 0x{line.raw[error.start]:02X}") from error
        match = _TAG.fullmatch(text)
        if match:
            last = tags.setdefault(match[1], [])
            last.append(match[2].strip())
        elif last is None:
            raise RecordError(f"text before the first tag: {text.strip()[:80]!r}")
        else:
            last[-1] = f"{last[-1]} {text.strip()}"
    return tags


def _medline(tags: dict[str, list[str]], source: str, record: int) -> Document:
    title, notes = _first(tags, "TI"), ()
    if title is None and (book := _first(tags, "BTI")):
        title = book
    revised = _first(tags, "LR")
    return Document(
        to_pmid(_first(tags, "PMID")),
        to_text(title, "title"),
        to_text(_first(tags, "AB"), "abstract"),
        source,
        record,
        year=_year(_first(tags, "DP")),
        journal=_first(tags, "JT", "TA"),
        revised=_day(revised),
        notes=notes if revised is None or _day(revised) else ("revised not understood, left empty",),
    )


def _ris(tags: dict[str, list[str]], source: str, record: int) -> Document:
    return Document(
        to_pmid(_ris_pmid(tags)),
        to_text(_first(tags, "TI", "T1"), "title"),
        to_text(_first(tags, "AB", "N2"), "abstract"),
        source,
        record,
        year=_year(_first(tags, "PY", "Y1", "DA")),
        journal=_first(tags, "JO", "JF", "T2", "JA"),
    )


def _ris_pmid(tags: dict[str, list[str]]) -> str:
    databases = [text.lower() for tag in ("DB", "DP") for text in tags.get(tag, ())]
    for number in tags.get("AN", ()):
        named = _NAMED_PMID.fullmatch(number)
        if named or (number.isdigit() and any(name in text for text in databases for name in _PUBMED_NAMES)):
            return named[1] if named else number
    everywhere = [(tag, text) for tag, texts in tags.items() for text in texts if tag not in ("AB", "N2")]
    pages = {
        page[0] for tag, text in everywhere if tag in ("UR", "L1", "L2", "LK") and (page := _PUBMED_PAGE.search(text))
    }
    notes = {match[1] for tag, text in everywhere if tag[0] in "NCMUI" and (match := _NAMED_PMID.search(text))}
    for found in (pages, notes):
        if len(found) == 1:
            return found.pop()
    raise RecordError(
        "record without PMID: no AN of a PubMed record, no page of PubMed in UR and no one 'PMID: number' in its notes;"
        f" found: {', '.join(tags)[:200]}"
    )


def _first(tags: dict[str, list[str]], *names: str) -> str | None:
    return next((text for name in names for text in tags.get(name, ()) if text), None)


def _year(text: str | None) -> int | None:
    match = _YEAR.search(text or "")
    return int(match[1]) if match else None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "")[:8])
    except ValueError:
        return None
