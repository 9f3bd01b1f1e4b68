"""Rows for spreadsheets and programs: CSV files of documents, mentions and relations, or one JSON object per document."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from typing import Any

from litcoin_batch.schema import Document, Mention, Relation
from litcoin_batch.writers.parts import Part, annotation_of, json_line

_COLUMNS = {
    "documents.csv": ("pmid", "title", "abstract", "year", "journal"),
    "mentions.csv": ("pmid", "start", "end", "type", "text", "entity_ids", "score", "id_score"),
    "relations.csv": (
        *("pmid", "entity_1_id", "entity_1_text", "entity_2_id", "entity_2_text", "type", "novel", "subject"),
        *("score", "novel_score", "evidence"),
    ),
}


def document_object(document: Document) -> dict[str, Any]:
    """Everything that is known of the document and said of it, by the names of ``schema``."""
    annotation = annotation_of(document)
    citation = {name: getattr(document, name) for name in _COLUMNS["documents.csv"]}
    revised = document.revised.isoformat() if document.revised else None
    return {
        **citation,
        "version": document.version,
        "revised": revised,
        "mentions": [asdict(mention) for mention in annotation.mentions],
        "relations": [asdict(relation) for relation in annotation.relations],
    }


def csv_rows(document: Document) -> dict[str, list[tuple]]:
    """File name -> rows in the order of its columns; several ids of a mention, and sentences, stand as JSON lists."""
    annotation = annotation_of(document)
    entities = annotation.entities()
    citation = tuple(getattr(document, name) for name in _COLUMNS["documents.csv"])
    return {
        "documents.csv": [citation],
        "mentions.csv": [(document.pmid, *_mention_row(mention)) for mention in annotation.mentions],
        "relations.csv": [(document.pmid, *_relation_row(relation, entities)) for relation in annotation.relations],
    }


def _mention_row(mention: Mention) -> tuple:
    row = asdict(mention)
    row["entity_ids"] = json.dumps(mention.entity_ids)
    return tuple(row[name] for name in _COLUMNS["mentions.csv"][1:])


def _relation_row(relation: Relation, entities: Mapping[str, Mention]) -> tuple:
    texts = {
        f"entity_{n}_text": entities[entity_id].text
        for n, entity_id in enumerate(relation.pair, start=1)
        if entity_id in entities
    }
    sentences = json.dumps([sentence.text for sentence in relation.evidence], ensure_ascii=False)
    row = {**asdict(relation), **texts, "evidence": sentences}
    return tuple(row.get(name) for name in _COLUMNS["relations.csv"][1:])


def _csv_lines(rows: Sequence[Sequence]) -> str:
    out = StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


class Csv:
    """A CSV file for each kind of row."""

    files = tuple(_COLUMNS)

    def begin(self) -> Iterator[Part]:
        for file, columns in _COLUMNS.items():
            yield Part(file, _csv_lines([columns]))

    def add(self, document: Document) -> Iterator[Part]:
        for file, rows in csv_rows(document).items():
            yield Part(file, _csv_lines(rows))

    def end(self) -> Iterator[Part]:
        return iter(())


class JsonLines:
    """One JSON object a line, one line a document."""

    files = ("annotations.jsonl",)

    def begin(self) -> Iterator[Part]:
        return iter(())

    def add(self, document: Document) -> Iterator[Part]:
        yield Part(self.files[0], json_line(document_object(document)))

    def end(self) -> Iterator[Part]:
        return iter(())
