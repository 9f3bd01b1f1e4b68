"""Which format a file has, by its first bytes."""

from __future__ import annotations

import re

from litcoin_batch.readers import bioc, litcoin, pubmed, tabular
from litcoin_batch.readers.pubtator import TITLE
from litcoin_batch.readers.streams import excerpt
from litcoin_batch.schema import RecordError

HEAD_BYTES = 1 << 16
_ROOT = re.compile(rb"<([A-Za-z_][\w.-]*)(?=[\s/>])")
_TITLE_LINE = re.compile(rb"^" + TITLE.pattern, re.MULTILINE)
_BIOC_KEY = re.compile(rb'"(?:documents|passages|PubTator3)"\s*:')
_ROW_KEY = re.compile(rb'"(?:pmid|abstract)"\s*:')


def detect(head: bytes) -> str:
    """The format's name; raises ``RecordError`` saying what was seen where it is none of ours."""
    if not head:
        raise RecordError("empty file")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RecordError("text in UTF-16, expected UTF-8")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise RecordError("empty file (white space only)")
    for found in (_markup(text), _json(text), _table(text)):
        if found:
            return found
    if _TITLE_LINE.search(text):
        return "pubtator"
    seen = f"begins with {excerpt(text[:60])!r}"
    if text.startswith(b"<") and (root := _ROOT.search(text)):
        seen = f"XML or HTML with the root <{root[1].decode()}>"
    raise RecordError(f"unknown format: {seen}; known are pubmed, pubtator, bioc, litcoin, jsonl, csv, parquet")


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
    if not text.startswith((b"{", b"[")):
        return None
    first_line = text.split(b"\n", 1)[0]
    if _ROW_KEY.search(first_line) and not _BIOC_KEY.search(first_line):
        return "jsonl"
    if _BIOC_KEY.search(text):
        return "bioc"
    return "jsonl" if _ROW_KEY.search(text) else None


def _table(text: bytes) -> str | None:
    header = text.split(b"\n", 1)[0].decode("utf-8", "replace").strip().lower()
    for delimiter in ("\t", ","):
        names = {name.strip().strip('"') for name in header.split(delimiter)}
        if delimiter == "\t" and names >= set(litcoin.ABSTRACT_COLUMNS):
            return "litcoin"
        if names >= set(tabular.COLUMNS):
            return "csv"
        if {"abstract_id", "type"} <= names:
            raise RecordError("labels of LitCoin without their abstracts: give the abstracts_*.csv beside them")
    return None
