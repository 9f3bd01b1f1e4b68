"""Which format a file has, by its first bytes."""

from __future__ import annotations

import re

from litcoin_batch.readers import bioc, litcoin, pubmed, tagged
from litcoin_batch.readers.parts.streams import excerpt
from litcoin_batch.readers.pubtator import TITLE
from litcoin_batch.readers.tables.columns import fields_of
from litcoin_batch.readers.tables.delimited import DELIMITERS, delimiter_of
from litcoin_batch.schema import RecordError

HEAD_BYTES = 1 << 16
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*)(?=[\s/>])")
_TITLE_LINE = re.compile(rb"^" + TITLE.pattern, re.MULTILINE)
_BIOC_KEY = re.compile(rb'"(?:passages|PubTator3)"\s*:|"documents"\s*:\s*\[\s*[{\]]')
_ROW_KEY = re.compile(rb'"(?:pmid|abstract)"\s*:')
_BLANK = b" \t\n\r\x0b\x0c\x1e"  # RS begins a record of a JSON text sequence
_JSON = re.compile(rb'[{\[]\s*["{\[\]}]')
# First bytes of what people bring by mistake, and what to do with it.
_REFUSED = (
    (b"\x1f\x8b", "gzip within gzip: unpack it once"),
    (b"BZh", "compressed by bzip2: unpack it, or pack it with gzip"),
    (b"\xfd7zXZ\x00", "compressed by xz: unpack it, or pack it with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it, or pack it with gzip"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file: save it as CSV or text in UTF-8"),
    (b"%PDF", "a PDF (begins with '%PDF'), expected text"),
    (b"SQLite format 3", "an SQLite database: export its table as CSV"),
    (b"Obj\x01", "an Avro file: write it as Parquet or JSON lines"),
    (b"ORC", "an ORC file: write it as Parquet or JSON lines"),
    (b"\xff\xfe", "text in UTF-16, expected UTF-8"),
    (b"\xfe\xff", "text in UTF-16, expected UTF-8"),
)


def detect(head: bytes) -> str:
    """The format's name; raises ``RecordError`` saying what was seen where it is none of ours."""
    if not head:
        raise RecordError("empty file")
    if head.startswith(b"PAR1"):
        return "parquet"
    for magic, what in _REFUSED:
        if head.startswith(magic):
            raise RecordError(what)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
    if not text:
        raise RecordError("empty file (white space only)")
    for found in (_markup(text), _json(text), _table(text)):
        if found:
            return found
    if _TITLE_LINE.search(text):
        return "pubtator"
    if found := tagged.dialect_of(text):
        return found
    if delimiter_of(text):
        return "csv"  # whose reader says which columns it lacks
    seen = f"begins with {excerpt(text[:60])!r}"
    if text.startswith(b"<") and (root := _ROOT.search(text)):
        seen = f"XML or HTML with the root <{root[1].decode()}>"
    known = "pubmed, pubtator, bioc, litcoin, jsonl, csv, parquet, medline, ris"
    raise RecordError(f"unknown format: {seen}; known are {known}")


def _markup(text: bytes) -> str | None:
    if not text.startswith(b"<"):
        return None
    names = [match[1].decode() for match in _ROOT.finditer(text)]
    for format, module in (("pubmed", pubmed), ("bioc", bioc)):
        known = {*module.TAGS_BY_ROOT, *(tag for tags in module.TAGS_BY_ROOT.values() for tag in tags)}
        if names and names[0] in known:
            return format
    # The root may be damaged, or the first element be in a comment: the records decide.
    if any(name.startswith(("PubmedArticle", "PubmedBook", "MedlineCitation")) for name in names):
        return "pubmed"
    if {"document", "passage"} <= set(names):
        return "bioc"
    if b"<!ENTITY" in text and b"Pubmed" in text:
        return "pubmed"
    return None


def _json(text: bytes) -> str | None:
    if not _JSON.match(text):
        return None
    first_line = text.split(b"\n", 1)[0]
    if _ROW_KEY.search(first_line) and not _BIOC_KEY.search(first_line):
        return "jsonl"
    # Of JSON without any key that we know, the reader of rows says what it found.
    return "bioc" if _BIOC_KEY.search(text) else "jsonl"


def _table(text: bytes) -> str | None:
    header = text.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    for delimiter in DELIMITERS:
        names = {name.strip().strip('"').lower() for name in header.split(delimiter)}
        if delimiter == "\t" and names >= set(litcoin.ABSTRACT_COLUMNS):
            return "litcoin"
        if {"abstract_id", "type"} <= names:
            raise RecordError("labels of LitCoin without their abstracts: give the abstracts_*.csv beside them")
        fields = fields_of(dict.fromkeys(names)) if len(names) > 1 else {}
        if "pmid" in fields and ("title" in fields or "abstract" in fields):
            return "csv"
    return None
