"""BioC (Comeau et al. 2013, doi:10.1093/database/bat064), XML and JSON, as BioRED and PubTator write it.

The first passage is the title, the others the abstract. Offsets count code points of the document; they
are checked against ``Document.text``, into which each passage is put at its own offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lxml import etree

from litcoin_batch.readers.parts.json_values import BrokenJson, Layout, json_values
from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules, to_mention, to_novel, to_pmid, to_text, with_gold
from litcoin_batch.readers.parts.streams import ByteSource, excerpt
from litcoin_batch.readers.parts.xmlrecords import Damage, XmlRecords
from litcoin_batch.schema import Document, Evidence, Mention, RecordError, Reject, Relation

TAGS_BY_ROOT = {"collection": ("document",)}
MAX_TEXT_CHARS = 64 << 20  # an offset beyond it would be filled up with spaces
_COLLECTION_HEADER = re.compile(rb"<(source|date|key|infon)(?:\s[^<>]*)?(?:/>|>[^<]*</\1\s*>)")
_JOINED = "passage offsets contradict the texts, which are joined by spaces"
_LAYOUT = Layout(("documents", "PubTator3"), (), lambda found: "passages" in found)
_SPANS = re.compile(r"\d{1,9}-\d{1,9}(?: \d{1,9}-\d{1,9})*")


def read_bioc(stream: ByteSource, source: str, rules: Rules = DEFAULT_RULES) -> Iterator[Document | Reject]:
    """One item per document, of one collection or many; flat memory."""
    is_xml = stream.peek(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"
    documents = _xml_documents(stream) if is_xml else json_values(stream, _LAYOUT)
    for record, (found, raw) in enumerate(documents, start=1):
        try:
            if isinstance(found, Damage | BrokenJson):
                raise RecordError(found.reason)
            if not isinstance(found, dict):
                raise RecordError(f"document is a JSON {type(found).__name__}, expected an object")
            yield _document(found, rules, source=source, record=record)
        except RecordError as error:
            refused = isinstance(found, Damage) and found.refused
            yield Reject(source, 0 if refused else record, str(error), excerpt(raw))


def _xml_documents(stream: ByteSource) -> Iterator[tuple[dict | Damage, bytes]]:
    """Each document in the shape of BioC JSON, or what is in its place; and its bytes."""
    for element in XmlRecords(stream, TAGS_BY_ROOT, _COLLECTION_HEADER):
        if isinstance(element, Damage):
            yield element, element.raw
            continue
        passages = [
            {
                "offset": passage.findtext("offset"),
                "text": passage.findtext("text"),
                "annotations": [_xml_annotation(node) for node in passage.iterchildren("annotation")],
                "relations": [{"infons": _xml_infons(node)} for node in passage.iterchildren("relation")],
            }
            for passage in element.iterchildren("passage")
        ]
        relations = [{"infons": _xml_infons(node)} for node in element.iterchildren("relation")]
        yield (
            {"id": element.findtext("id"), "passages": passages, "relations": relations},
            etree.tostring(element, with_tail=False),
        )


def _xml_annotation(node: etree._Element) -> dict:
    locations = [dict(location.attrib) for location in node.iterchildren("location")]
    return {"infons": _xml_infons(node), "locations": locations, "text": node.findtext("text")}


def _xml_infons(node: etree._Element) -> dict:
    return {infon.get("key"): infon.text for infon in node.iterchildren("infon")}


def _document(found: Mapping, rules: Rules, **place) -> Document:
    try:
        pmid = to_pmid(found.get("id"), rules.foreign_ids)
        title, abstract, notes = _texts(found.get("passages") or [], rules.gold)
        document = Document(pmid, to_text(title, "title"), to_text(abstract, "abstract"), notes=notes, **place)
        return _with_annotations(document, found) if rules.gold else document
    except (AttributeError, KeyError, TypeError) as error:
        raise RecordError(f"document is not laid out as BioC: {error}") from error


def _with_annotations(document: Document, found: Mapping) -> Document:
    mentions, relations = [], [_relation(document, node) for node in found.get("relations") or []]
    for passage in found.get("passages") or []:
        mentions += [_mention(document, node) for node in passage.get("annotations") or []]
        relations += [_relation(document, node) for node in passage.get("relations") or []]
    return with_gold(document, mentions, relations)


def _texts(passages: list[Mapping], exact: bool) -> tuple[str, str | None, tuple[str, ...]]:
    """Title and abstract; passages stand at their offsets, gaps between them are spaces. And notes.

    Where no annotation needs the offsets (not ``exact``), offsets that contradict the texts give way to them.
    """
    if not passages:
        raise RecordError("document without passages")
    try:
        return *_texts_by_offset(passages), ()
    except (RecordError, KeyError):
        if exact:
            raise
        title, *others = (passage.get("text") or "" for passage in passages)
        return title, " ".join(text for text in others if text) or None, (_JOINED,)


def _texts_by_offset(passages: list[Mapping]) -> tuple[str, str | None]:
    title = passages[0].get("text") or ""
    start, abstract = _offset(passages[0]), ""
    if start != 0:
        raise RecordError(f"the first passage begins at {start}, expected 0")
    for passage in passages[1:]:
        text = passage.get("text") or ""
        gap = _offset(passage) - len(title) - 1 - len(abstract)
        if text and (gap < 0 or gap > MAX_TEXT_CHARS):
            expected = len(title) + 1 + len(abstract)
            raise RecordError(f"passage begins at {_offset(passage)}, expected {expected} (offsets in bytes?)")
        abstract += " " * gap + text if text else ""
    return title, abstract or None


def _offset(passage: Mapping) -> int:
    offset = str(passage["offset"]).strip()
    if not re.fullmatch("[0-9]{1,9}", offset):
        raise RecordError(f"passage offset {offset[:40]!r} is not a number")
    return int(offset)


def _mention(document: Document, node: Mapping) -> Mention:
    infons, locations = node["infons"], node["locations"]
    text, type = node.get("text") or "", infons.get("type") or ""
    if len(locations) != 1:
        raise RecordError(f"mention {text[:80]!r} has {len(locations)} locations, expected 1")
    begin, length = str(locations[0]["offset"]), str(locations[0]["length"])
    if not re.fullmatch("[0-9]{1,9} [0-9]{1,9}", f"{begin} {length}"):
        raise RecordError(f"mention {text[:80]!r}: location {begin[:20]!r}, {length[:20]!r} is not numeric")
    end = str(int(begin) + int(length))
    mention = to_mention(document, (begin, end), type, text, infons.get("identifier") or "")
    return replace(mention, score=_score(infons, "score"), id_score=_score(infons, "id_score"))


def _relation(document: Document, node: Mapping) -> Relation:
    """BioRED's ends are concept ids; PubTator 3 has ``Type|ID`` in XML, an object in JSON, and no novelty.

    Scores, subject and evidence are those of ``writers.bioc``.
    """
    infons = node["infons"]
    one, two = infons.get("entity1") or _role(infons.get("role1")), infons.get("entity2") or _role(infons.get("role2"))
    if not (one and two and infons.get("type")):
        raise RecordError(f"relation {str(dict(infons))[:120]} lacks entity1, entity2 or type")
    return Relation.between(
        one,
        two,
        infons["type"],
        to_novel(infons["novel"]) if "novel" in infons else False,
        score=_score(infons, "score"),
        novel_score=_score(infons, "novel_score"),
        subject=infons.get("subject") if infons.get("subject") in (one, two) else None,
        evidence=_evidence(document, infons.get("evidence")),
    )


def _score(infons: Mapping, name: str) -> float:
    """1 where there is none in [0, 1]: what other tools call a score may be anything."""
    try:
        value = float(infons.get(name, 1.0))
    except (TypeError, ValueError):
        return 1.0
    return value if 0 <= value <= 1 else 1.0


def _evidence(document: Document, spans: object) -> tuple[Evidence, ...]:
    if not isinstance(spans, str) or not _SPANS.fullmatch(spans):
        return ()
    found = [tuple(map(int, span.split("-"))) for span in spans.split()]
    return tuple(Evidence(start, end, document.text[start:end]) for start, end in found if end <= len(document.text))


def _role(role: Mapping | str | None) -> str | None:
    if isinstance(role, str):
        return role.partition("|")[2]
    return role["identifier"] if role else None
