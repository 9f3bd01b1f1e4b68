"""BioC (Comeau et al. 2013, doi:10.1093/database/bat064), XML and JSON, laid out as BioRED's.

Offsets count code points of the document. Beside BioRED's infons stand ``score`` and ``id_score`` of mentions, and
``score``, ``novel_score``, ``subject`` (a concept id) and ``evidence`` (spans ``begin-end``, half-open, separated by
spaces) of relations; nodes of a relation name the first mention of each of its concepts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from litcoin_batch.schema import Document, Mention, RecordError, Relation
from litcoin_batch.writers.parts import Part, annotation_of, joined_ids, json_line

_COLLECTION = {"source": "litcoin-batch", "date": "", "key": "BioC.key"}
_ABOUT = {"offsets": "code points"}


def bioc_document(document: Document) -> dict[str, Any]:
    """The document as BioC JSON has it. Raises ``RecordError`` for concept ids that could not be taken apart."""
    annotation = annotation_of(document)
    title, abstract = document.title or "", document.abstract or ""
    about = {"year": document.year, "journal": document.journal}
    infons = {name: str(value) for name, value in about.items() if value is not None}
    passages = [_passage(0, title, {"type": "title", **infons})]
    if abstract:
        passages.append(_passage(len(title) + 1, abstract, {"type": "abstract"}))
    for number, mention in enumerate(annotation.mentions):
        place = passages[-1] if mention.start > len(title) else passages[0]
        place["annotations"].append(_annotation(str(number), mention))
    first: dict[str, str] = {}
    for number, mention in enumerate(annotation.mentions):
        for entity_id in mention.entity_ids:
            first.setdefault(entity_id, str(number))
    return {
        "id": str(document.pmid),
        "infons": {},
        "passages": passages,
        "annotations": [],
        "relations": [_relation(f"R{number}", r, first) for number, r in enumerate(annotation.relations)],
    }


def _passage(offset: int, text: str, infons: Mapping[str, str]) -> dict[str, Any]:
    return {
        "offset": offset,
        "infons": dict(infons),
        "text": text,
        "sentences": [],
        "annotations": [],
        "relations": [],
    }


def _annotation(number: str, mention: Mention) -> dict[str, Any]:
    return {
        "id": number,
        "infons": {
            "identifier": joined_ids(mention) or "-",
            "type": mention.type,
            "score": repr(mention.score),
            "id_score": repr(mention.id_score),
        },
        "text": mention.text,
        "locations": [{"offset": mention.start, "length": mention.end - mention.start}],
    }


def _relation(number: str, relation: Relation, first: Mapping[str, str]) -> dict[str, Any]:
    infons = {
        "entity1": relation.entity_1_id,
        "entity2": relation.entity_2_id,
        "type": relation.type,
        "novel": "Novel" if relation.novel else "No",
        "score": repr(relation.score),
        "novel_score": repr(relation.novel_score),
    }
    if relation.subject is not None:
        infons["subject"] = relation.subject
    if relation.evidence:
        infons["evidence"] = " ".join(f"{e.start}-{e.end}" for e in relation.evidence)
    roles = zip(relation.pair, ("entity1", "entity2"), strict=True)
    nodes = [{"refid": first[entity_id], "role": role} for entity_id, role in roles if entity_id in first]
    return {"id": number, "infons": infons, "nodes": nodes}


def bioc_xml_text(document: Document) -> str:
    """One element ``document`` and a line end. Raises ``RecordError`` for characters that XML has no place for, too."""
    found = bioc_document(document)
    try:
        return etree.tostring(_document_element(found), encoding="unicode") + "\n"
    except ValueError as error:
        raise RecordError("the text holds control characters, which XML cannot") from error


def _document_element(found: Mapping[str, Any]) -> etree._Element:
    root = etree.Element("document")
    _put(root, "id", found["id"])
    for passage in found["passages"]:
        node = etree.SubElement(root, "passage")
        _put_infons(node, passage["infons"])
        _put(node, "offset", str(passage["offset"]))
        _put(node, "text", passage["text"])
        for annotation in passage["annotations"]:
            inner = etree.SubElement(node, "annotation", id=annotation["id"])
            _put_infons(inner, annotation["infons"])
            for location in annotation["locations"]:
                etree.SubElement(inner, "location", {name: str(value) for name, value in location.items()})
            _put(inner, "text", annotation["text"])
    for relation in found["relations"]:
        node = etree.SubElement(root, "relation", id=relation["id"])
        _put_infons(node, relation["infons"])
        for end in relation["nodes"]:
            etree.SubElement(node, "node", end)
    return root


def _put(parent: etree._Element, tag: str, text: str) -> etree._Element:
    node = etree.SubElement(parent, tag)
    node.text = text
    return node


def _put_infons(parent: etree._Element, infons: Mapping[str, str]) -> None:
    for key, value in infons.items():
        _put(parent, "infon", value).set("key", key)


class BioCXml:
    """BioC XML, one collection."""

    files = ("annotations.bioc.xml",)

    def begin(self) -> Iterator[Part]:
        head = "".join(f"<{tag}>{value}</{tag}>" for tag, value in _COLLECTION.items())
        about = "".join(f'<infon key="{key}">{value}</infon>' for key, value in _ABOUT.items())
        opening = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE collection SYSTEM "BioC.dtd">\n'
        yield Part(self.files[0], f"{opening}<collection>{head}{about}\n")

    def add(self, document: Document) -> Iterator[Part]:
        yield Part(self.files[0], bioc_xml_text(document))

    def end(self) -> Iterator[Part]:
        yield Part(self.files[0], "</collection>\n")


class BioCJson:
    """BioC JSON, one collection."""

    files = ("annotations.bioc.json",)

    def __init__(self) -> None:
        self._between = ""

    def begin(self) -> Iterator[Part]:
        head = json.dumps({**_COLLECTION, "version": "1.0", "infons": _ABOUT})
        yield Part(self.files[0], f'{head[:-1]}, "documents": [\n')

    def add(self, document: Document) -> Iterator[Part]:
        text = json_line(bioc_document(document)).rstrip()
        yield Part(self.files[0], self._between + text)
        self._between = ",\n"

    def end(self) -> Iterator[Part]:
        yield Part(self.files[0], "\n]}\n")
