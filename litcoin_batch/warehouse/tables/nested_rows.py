"""Annotations as Arrow columns, built in bulk: the rows of ``tables.ANNOTATED``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import pyarrow as pa

from litcoin_batch.schema import Annotation, Document, Mention, RecordError, Relation
from litcoin_batch.warehouse.tables.schemas import ANNOTATED, arrow_schema, vocabulary_of

SCHEMA = arrow_schema(ANNOTATED)
_MENTION = SCHEMA.field("mentions").type.value_type
_RELATION = SCHEMA.field("relations").type.value_type
_EVIDENCE = _RELATION.field("evidence").type.value_type


def reason_of(error: Exception) -> str:
    """Why a document is rejected: the message; with the kind of error where it was not raised on purpose."""
    return str(error) if isinstance(error, RecordError) else f"{type(error).__name__}: {error}".rstrip(": ")


def documents_of(pmid: pa.Array, title: pa.Array, abstract: pa.Array) -> list[Document]:
    return [Document(*row) for row in zip(*(column.to_pylist() for column in (pmid, title, abstract)), strict=True)]


def annotated_batch(
    documents: Sequence[Document],
    annotations: Sequence[Annotation | Exception],
    model_id: str,
) -> pa.RecordBatch:
    """One row per document; where the model raised, ``error`` says what and the lists are null."""
    errors = [reason_of(a) if isinstance(a, Exception) else None for a in annotations]
    found = [None if isinstance(a, Exception) else a for a in annotations]
    columns = [
        pa.array([document.pmid for document in documents], pa.int64()),
        pa.array([document.text_sha256 for document in documents], pa.string()),
        pa.array([model_id] * len(documents), pa.string()),
        pa.array([vocabulary_of(model_id)] * len(documents), pa.string()),
        _lists([None if a is None else a.mentions for a in found], _mentions),
        _lists([None if a is None else tuple(_with_entities(a)) for a in found], _relations),
        pa.array(errors, pa.string()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _lists(rows: Sequence[Sequence | None], build) -> pa.ListArray:
    """Rows of items as one list column over ``build`` of all items; None becomes a null list."""
    ends = list(accumulate((len(row) if row is not None else 0 for row in rows), initial=0))
    # Arrow marks a null list by a null in its place among the offsets.
    offsets = [None if row is None else start for row, start in zip(rows, ends[:-1], strict=True)] + ends[-1:]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), build([i for row in rows if row for i in row]))


def _struct(type_: pa.StructType, columns: Iterable[Sequence | pa.Array]) -> pa.StructArray:
    fields = list(type_)
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for column, field in zip(columns, fields, strict=True)
    ]
    return pa.StructArray.from_arrays(arrays, fields=fields)


def _mentions(mentions: Sequence[Mention]) -> pa.StructArray:
    columns = (
        [m.start for m in mentions],
        [m.end for m in mentions],
        [m.type for m in mentions],
        [m.text for m in mentions],
        [m.entity_ids for m in mentions],
        [m.resolved for m in mentions],
        [m.score for m in mentions],
        [m.id_score for m in mentions],
    )
    return _struct(_MENTION, columns)


def _with_entities(annotation: Annotation) -> Iterable[tuple[Relation, Mention | None, Mention | None]]:
    entities = annotation.entities()
    for relation in annotation.relations:
        yield relation, entities.get(relation.entity_1_id), entities.get(relation.entity_2_id)


def _relations(rows: Sequence[tuple[Relation, Mention | None, Mention | None]]) -> pa.StructArray:
    relations = [row[0] for row in rows]
    columns = (
        [r.entity_1_id for r in relations],
        [one and one.type for _, one, _ in rows],
        [one and one.text for _, one, _ in rows],
        [r.entity_2_id for r in relations],
        [two and two.type for _, _, two in rows],
        [two and two.text for _, _, two in rows],
        [r.type for r in relations],
        [r.score for r in relations],
        [r.novel for r in relations],
        [r.novel_score for r in relations],
        [r.subject for r in relations],
        _lists([r.evidence for r in relations], _evidence),
    )
    return _struct(_RELATION, columns)


def _evidence(evidence: Sequence) -> pa.StructArray:
    return _struct(_EVIDENCE, ([e.start for e in evidence], [e.end for e in evidence], [e.text for e in evidence]))
