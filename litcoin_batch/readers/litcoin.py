"""The three tables of the LitCoin NLP Challenge: tab-separated, with CSV quoting.

https://bitgrit.net/competition/13: ``abstracts_X.csv`` (abstract_id, title, abstract) and beside it
``entities_X.csv`` and ``relations_X.csv``. Offsets are half-open, into title, space, abstract.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from litcoin_batch.readers.parts.rows import to_mention, to_novel, to_pmid, to_text, with_gold
from litcoin_batch.readers.parts.streams import ByteSource, excerpt
from litcoin_batch.readers.tables.csvrows import CsvRow, csv_rows
from litcoin_batch.schema import Document, RecordError, Reject, Relation

ABSTRACT_COLUMNS = ("abstract_id", "title", "abstract")
ENTITY_COLUMNS = ("abstract_id", "offset_start", "offset_finish", "type", "mention", "entity_ids")
RELATION_COLUMNS = ("abstract_id", "type", "entity_1_id", "entity_2_id", "novel")


@dataclass(slots=True)
class Labels:
    """Label rows by abstract id, and the ids that an abstract had."""

    mentions: dict[int, list[CsvRow]]
    relations: dict[int, list[CsvRow]]
    used: set[int] = field(default_factory=set)


def read_litcoin(stream: ByteSource, source: str, labels: Labels | None = None) -> Iterator[Document | Reject]:
    """One item per abstract; ``gold`` is None where the abstracts come without labels."""
    for row in csv_rows(stream, "\t", ABSTRACT_COLUMNS):
        try:
            cells = row.cells()
            pmid = to_pmid(cells["abstract_id"])
            title, abstract = to_text(cells["title"], "title"), to_text(cells["abstract"], "abstract")
            document = Document(pmid, title, abstract, source, row.number)
            yield _with_labels(document, labels) if labels else document
        except RecordError as error:
            yield Reject(source, row.number, str(error), excerpt(row.raw))


def read_litcoin_folder(abstracts: Path) -> Iterator[Document | Reject]:
    """An ``abstracts_X.csv`` with the labels beside it, if any.

    A label row that cannot be read, or that belongs to no abstract, is a ``Reject`` of its own table.
    """
    entities, relations = label_paths(abstracts)
    labels = None
    if entities.exists():
        labels = Labels({}, {})
        yield from _collect(entities, ENTITY_COLUMNS, labels.mentions)
        if relations.exists():
            yield from _collect(relations, RELATION_COLUMNS, labels.relations)
    with abstracts.open("rb") as raw:
        yield from read_litcoin(ByteSource(raw), abstracts.name, labels)
    if labels is None:
        return
    for path, rows in ((entities, labels.mentions), (relations, labels.relations)):
        for pmid in sorted(set(rows) - labels.used):
            for row in rows[pmid]:
                yield Reject(path.name, row.number, f"no abstract has the id {pmid}", excerpt(row.raw))


def label_paths(abstracts: Path) -> tuple[Path, Path]:
    rest = abstracts.name.removeprefix("abstracts")
    return abstracts.with_name(f"entities{rest}"), abstracts.with_name(f"relations{rest}")


def _collect(path: Path, columns: tuple[str, ...], rows: dict[int, list[CsvRow]]) -> Iterator[Reject]:
    """Fill ``rows`` by abstract id; yields what cannot be read."""
    with path.open("rb") as raw:
        for row in csv_rows(ByteSource(raw), "\t", columns):
            try:
                rows.setdefault(to_pmid(row.cells()["abstract_id"]), []).append(row)
            except RecordError as error:
                yield Reject(path.name, row.number, str(error), excerpt(row.raw))


def _with_labels(document: Document, labels: Labels) -> Document:
    labels.used.add(document.pmid)
    mentions, relations = [], []
    for row in labels.mentions.get(document.pmid, []):
        cell = row.cells()
        span = (cell["offset_start"], cell["offset_finish"])
        mentions.append(to_mention(document, span, cell["type"], cell["mention"], cell["entity_ids"]))
    for row in labels.relations.get(document.pmid, []):
        cell = row.cells()
        ends = cell["entity_1_id"], cell["entity_2_id"]
        if not (all(ends) and cell["type"]):
            raise RecordError(f"relation {row.number} lacks an entity or a type")
        relations.append(Relation.between(*ends, cell["type"], to_novel(cell["novel"])))
    return with_gold(document, mentions, relations)
