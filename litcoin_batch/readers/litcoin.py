"""The three tables of the LitCoin NLP Challenge: tab-separated, with CSV quoting.

https://bitgrit.net/competition/13: ``abstracts_X.csv`` (abstract_id, title, abstract) and beside it
``entities_X.csv`` and ``relations_X.csv``. Offsets are half-open, into title, space, abstract.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from litcoin_batch.readers.csvrows import CsvRow, csv_rows
from litcoin_batch.readers.rows import to_mention, to_novel, to_pmid, to_text, with_gold
from litcoin_batch.readers.streams import ByteSource, excerpt
from litcoin_batch.schema import Document, RecordError, Reject, Relation

ABSTRACT_COLUMNS = ("abstract_id", "title", "abstract")
ENTITY_COLUMNS = ("abstract_id", "offset_start", "offset_finish", "type", "mention", "entity_ids")
RELATION_COLUMNS = ("abstract_id", "type", "entity_1_id", "entity_2_id", "novel")

Rows = Mapping[int, list[CsvRow]]


def read_litcoin(
    stream: ByteSource, source: str, mentions: Rows | None = None, relations: Rows | None = None
) -> Iterator[Document | Reject]:
    """One item per abstract; ``gold`` is None where the abstracts come without labels."""
    for row in csv_rows(stream, "\t", ABSTRACT_COLUMNS):
        try:
            cells = row.cells()
            pmid = to_pmid(cells["abstract_id"])
            title, abstract = to_text(cells["title"], "title"), to_text(cells["abstract"], "abstract")
            document = Document(pmid, title, abstract, source, row.number)
            if mentions is not None:
                document = _with_labels(document, mentions.get(pmid, []), (relations or {}).get(pmid, []))
            yield document
        except RecordError as error:
            yield Reject(source, row.number, str(error), excerpt(row.raw))


def read_litcoin_folder(abstracts: Path) -> Iterator[Document | Reject]:
    """An ``abstracts_X.csv`` with the labels beside it, if any.

    A label row that cannot be read, or that belongs to no abstract, is a ``Reject`` of its own table.
    """
    entities_path, relations_path = label_paths(abstracts)
    mentions = relations = None
    if entities_path.exists():
        mentions, unread = _by_pmid(entities_path, ENTITY_COLUMNS)
        yield from unread
        relations = {}
        if relations_path.exists():
            relations, unread = _by_pmid(relations_path, RELATION_COLUMNS)
            yield from unread
    seen = set()
    with abstracts.open("rb") as raw:
        for item in read_litcoin(ByteSource(raw), abstracts.name, mentions, relations):
            if isinstance(item, Document):
                seen.add(item.pmid)
            yield item
    for path, labels in ((entities_path, mentions), (relations_path, relations)):
        for pmid in sorted(set(labels or ()) - seen):
            for row in labels[pmid]:
                yield Reject(path.name, row.number, f"no usable abstract has the id {pmid}", excerpt(row.raw))


def label_paths(abstracts: Path) -> tuple[Path, Path]:
    rest = abstracts.name.removeprefix("abstracts")
    return abstracts.with_name(f"entities{rest}"), abstracts.with_name(f"relations{rest}")


def _by_pmid(path: Path, columns: tuple[str, ...]) -> tuple[dict[int, list[CsvRow]], list[Reject]]:
    rows: dict[int, list[CsvRow]] = defaultdict(list)
    rejects = []
    with path.open("rb") as raw:
        for row in csv_rows(ByteSource(raw), "\t", columns):
            try:
                rows[to_pmid(row.cells()["abstract_id"])].append(row)
            except RecordError as error:
                rejects.append(Reject(path.name, row.number, str(error), excerpt(row.raw)))
    return dict(rows), rejects


def _with_labels(document: Document, mention_rows: list[CsvRow], relation_rows: list[CsvRow]) -> Document:
    mentions, relations = [], []
    for row in mention_rows:
        cell = row.cells()
        span = (cell["offset_start"], cell["offset_finish"])
        mentions.append(to_mention(document, span, cell["type"], cell["mention"], cell["entity_ids"]))
    for row in relation_rows:
        cell = row.cells()
        ends = cell["entity_1_id"], cell["entity_2_id"]
        if not (all(ends) and cell["type"]):
            raise RecordError(f"relation {row.number} lacks an entity or a type")
        relations.append(Relation.between(*ends, cell["type"], to_novel(cell["novel"])))
    return with_gold(document, mentions, relations)
