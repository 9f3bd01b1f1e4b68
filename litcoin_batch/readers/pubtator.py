"""PubTator: ``id|t|title``, ``id|a|abstract``, then tab-separated mentions and relations, then a blank line.

BioRED's relations are ``id type id_1 id_2 Novel|No``; without the fifth column ``novel`` is False.
Labels and arguments stay as the corpus has them: where relations name mentions, the mentions' ids are
mention ids, and a relation may name a concept that occurs only as part of a composite ``a|b``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules, to_mention, to_novel, to_pmid, to_text, with_gold
from litcoin_batch.readers.parts.streams import ByteSource, Line, excerpt, lines
from litcoin_batch.schema import Document, Mention, RecordError, Reject, Relation

TITLE = re.compile(rb"[^\t\r\n|]+\|t\|")
MAX_BLOCK_BYTES = 16 << 20  # title, abstract and annotations; the full texts of Linnaeus have 0.07 MB
_NO_ID = "-1"  # BC5CDR's way of saying so; in LitCoin it is an id, which relations use
_TEXT_LINE = re.compile(rb"[^\t\r\n|]+\|[ta]\|")
_TEXT = re.compile(r"([^\t|]+)\|([ta])\|(.*)", re.DOTALL)


def read_pubtator(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """One item per block."""
    for record, block in enumerate(_blocks(stream), start=1):
        try:
            yield _document(block, rules, source=source, record=record)
        except RecordError as error:
            yield Reject(source, record, str(error), excerpt(b"".join(line.raw for line in block)))


def _blocks(stream: ByteSource) -> Iterator[list[Line]]:
    """Lines up to a blank one; a title line begins a block even without it.

    Lines beyond ``MAX_BLOCK_BYTES`` are not kept: the block ends in damage, and memory stays flat.
    """
    block: list[Line] = []
    n_bytes = 0
    for line in lines(stream):
        blank = not line.raw.strip() and not line.damage
        if block and (blank or TITLE.match(line.raw)):
            yield block
            block, n_bytes = [], 0
        if not blank and n_bytes <= MAX_BLOCK_BYTES:
            n_bytes += len(line.raw)
            overlong = n_bytes > MAX_BLOCK_BYTES
            block.append(Line(b"", f"block is longer than {MAX_BLOCK_BYTES} bytes") if overlong else line)
    if block:
        yield block


def _document(block: list[Line], rules: Rules, **place) -> Document:
    if not rules.gold:
        # What is no text is annotation, whatever it says.
        block = [line for line in block if _TEXT_LINE.match(line.raw) or line.damage]
    rows = [_decoded(line) for line in block]
    texts = [match for row in rows if (match := _TEXT.fullmatch(row))]
    if [match[2] for match in texts] not in (["t"], ["t", "a"]) or not (rows and _TEXT.fullmatch(rows[0])):
        raise RecordError("block does not begin with one line id|t|title, then at most one line id|a|abstract")
    identity = texts[0][1]
    text = {match[2]: match[3] for match in texts}
    document = Document(
        to_pmid(identity, rules.foreign_ids), to_text(text["t"], "title"), to_text(text.get("a"), "abstract"), **place
    )
    if not rules.gold:
        return document
    mentions: list[Mention] = []
    relations: list[Relation] = []
    for row in rows[len(texts) :]:
        cells = row.split("\t")
        if cells[0] != identity:
            raise RecordError(f"line of {cells[0][:40]!r} in the block of {identity!r}")
        annotated = _annotated(document, cells)
        if isinstance(annotated, Mention):
            mentions.append(annotated)
        else:
            relations.append(annotated)
    return with_gold(document, mentions, relations)


def _annotated(document: Document, cells: list[str]) -> Mention | Relation:
    """A mention has offsets in columns 2 and 3; ids may be missing, further columns are not read."""
    if len(cells) >= 5 and cells[1].isdigit() and cells[2].isdigit():
        ids = cells[5] if len(cells) > 5 and cells[5] != _NO_ID else ""
        return to_mention(document, (cells[1], cells[2]), cells[4], cells[3], ids)
    if len(cells) not in (4, 5) or not all(cells[1:4]):
        raise RecordError(f"neither a mention nor a relation: {' '.join(cells)[:120]!r}")
    novel = to_novel(cells[4]) if len(cells) == 5 else False
    return Relation.between(cells[2], cells[3], cells[1], novel)


def _decoded(line: Line) -> str:
    if line.damage:
        raise RecordError(line.damage)
    try:
        return line.raw.rstrip(b"\r\n").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"invalid UTF-8: byte 0x{line.raw[error.start]:02X}") from error
