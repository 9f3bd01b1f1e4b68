"""Everything the exploratory page shows of a corpus, counted in one pass; texts are not kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, islice
from pathlib import Path

from tokenizers import Tokenizer

from litcoin_batch.schema import Annotation, Document, Mention, Reject
from litcoin_batch.text.pieces import Pieces, split_pieces, word_ranges
from training.pages.table_summary import TableSummary, litcoin_rows

N_LISTED = 60
BATCH_DOCUMENTS = 64
NO_MENTION = "no mention"


@dataclass(frozen=True, slots=True)
class Listed:
    """A mention worth a look: where it is, what it claims and what is there."""

    place: str
    type: str
    claimed: str
    found: str


@dataclass(slots=True)
class Agreement:
    """By entity type; the lists hold the first ``N_LISTED``."""

    n_mentions: Counter[str] = field(default_factory=Counter)
    n_agree: Counter[str] = field(default_factory=Counter)
    disagreeing: list[Listed] = field(default_factory=list)

    def add(self, type: str, agrees: bool, listed: Listed) -> None:
        self.n_mentions[type] += 1
        self.n_agree[type] += agrees
        if not agrees and len(self.disagreeing) < N_LISTED:
            self.disagreeing.append(listed)

    def update(self, other: Agreement) -> None:
        self.n_mentions.update(other.n_mentions)
        self.n_agree.update(other.n_agree)
        self.disagreeing = (self.disagreeing + other.disagreeing)[:N_LISTED]


@dataclass(slots=True)
class CorpusFacts:
    """Lists hold one number per document (lengths and pieces by source), mention or label."""

    title_chars: dict[str, list[int]] = field(default_factory=dict)
    abstract_chars: dict[str, list[int]] = field(default_factory=dict)
    n_pieces: dict[str, list[int]] = field(default_factory=dict)
    n_documents: int = 0
    n_deleted: int = 0
    n_without_abstract: int = 0
    n_rejects: int = 0
    rejects: list[Reject] = field(default_factory=list)
    # Of documents with gold only:
    n_mentions: list[int] = field(default_factory=list)
    n_entities: list[int] = field(default_factory=list)
    n_related: list[int] = field(default_factory=list)
    n_related_candidates: int = 0
    entity_types: list[tuple[str, ...]] = field(default_factory=list)
    n_in_title: int = 0
    n_overlapping: int = 0
    n_without_id: int = 0
    offset_start: dict[str, list[int]] = field(default_factory=dict)
    novelty: Counter[tuple[str, bool]] = field(default_factory=Counter)
    type_pairs: Counter[tuple[tuple[str, str], str]] = field(default_factory=Counter)
    slices: Agreement = field(default_factory=Agreement)
    borders: Agreement = field(default_factory=Agreement)
    tables: list[TableSummary] = field(
        default_factory=lambda: [TableSummary(n) for n in ("documents", "mentions", "relations")]
    )

    @property
    def has_mentions(self) -> bool:
        return any(self.n_mentions)

    @property
    def has_relations(self) -> bool:
        return bool(self.novelty)

    def relation_types(self) -> dict[str, int]:
        """Most frequent first."""
        counts: Counter[str] = Counter()
        for (kind, _), n in self.novelty.items():
            counts[kind] += n
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def pair_totals(self) -> dict[tuple[str, str], int]:
        """Pairs of entity types with the number of relations between them, most frequent first."""
        counts: Counter[tuple[str, str]] = Counter()
        for (pair, _), n in self.type_pairs.items():
            counts[pair] += n
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def candidate_pairs(self, allowed: Iterable[tuple[str, str]] | None = None) -> list[int]:
        """Per document the unordered pairs of different entities; only those whose types are in ``allowed``, if given."""
        if allowed is None:
            return [len(types) * (len(types) - 1) // 2 for types in self.entity_types]
        return [_n_pairs(Counter(types), set(allowed)) for types in self.entity_types]


def _n_pairs(types: Counter[str], allowed: set[tuple[str, str]]) -> int:
    pairs = (pair for pair in combinations_with_replacement(sorted(types), 2) if pair in allowed)
    return sum(types[a] * (types[a] - 1) // 2 if a == b else types[a] * types[b] for a, b in pairs)


def collect(items: Iterable[Document | Reject], tokenizer: Tokenizer) -> CorpusFacts:
    facts = CorpusFacts()
    documents = _documents(items, facts)
    while batch := list(islice(documents, BATCH_DOCUMENTS)):
        for document, pieces in zip(batch, split_pieces(batch, tokenizer), strict=True):
            _add_text(facts, document, pieces)
            if document.gold is not None:
                _add_mentions(facts, document, document.gold.mentions, pieces)
                _add_relations(facts, document.gold)
    return facts


def _documents(items: Iterable[Document | Reject], facts: CorpusFacts) -> Iterator[Document]:
    """Those with a text; the others are counted."""
    for item in items:
        if isinstance(item, Reject):
            facts.n_rejects += 1
            if len(facts.rejects) < N_LISTED:
                facts.rejects.append(item)
        elif item.deleted:
            facts.n_deleted += 1
        else:
            yield item


def _add_text(facts: CorpusFacts, document: Document, pieces: Pieces) -> None:
    facts.n_documents += 1
    facts.n_without_abstract += not document.abstract
    for name, value in (
        ("title_chars", len(document.title or "")),
        ("abstract_chars", len(document.abstract or "")),
        ("n_pieces", pieces.n_pieces),
    ):
        getattr(facts, name).setdefault(document.source, []).append(value)
    facts.tables[0].add(
        pmid=document.pmid,
        title=document.title,
        abstract=document.abstract,
        year=document.year,
        journal=document.journal,
        revised=document.revised,
        version=document.version,
    )


def _add_mentions(facts: CorpusFacts, document: Document, mentions: Sequence[Mention], pieces: Pieces) -> None:
    facts.n_mentions.append(len(mentions))
    entities = document.gold.entities()
    facts.n_entities.append(len(entities))
    facts.entity_types.append(tuple(sorted(m.type for m in entities.values())))
    reached = 0
    for mention, (first, stop) in zip(mentions, word_ranges([pieces], [mentions]).tolist(), strict=True):
        facts.n_without_id += not mention.entity_ids
        facts.n_overlapping += mention.start < reached
        facts.n_in_title += mention.end <= len(document.title or "")
        reached = max(reached, mention.end)
        facts.offset_start.setdefault(mention.type, []).append(mention.start)
        place, found = (
            f"PMID {document.pmid} at {mention.start}-{mention.end}",
            document.text[mention.start : mention.end],
        )
        facts.slices.add(mention.type, found == mention.text, Listed(place, mention.type, mention.text, found))
        start, end = (int(pieces.word_spans[first, 0]), int(pieces.word_spans[stop - 1, 1])) if stop > first else (0, 0)
        whole = document.text[start:end]
        facts.borders.add(
            mention.type, (start, end) == (mention.start, mention.end), Listed(place, mention.type, mention.text, whole)
        )
        facts.tables[1].add(
            pmid=document.pmid,
            start=mention.start,
            end=mention.end,
            type=mention.type,
            text=mention.text,
            entity_ids=mention.entity_ids or None,
        )


def _add_relations(facts: CorpusFacts, gold: Annotation) -> None:
    entities = gold.entities()
    related = {relation.pair for relation in gold.relations}
    facts.n_related.append(len(related))
    # A relation of an entity with itself, or with one that is not mentioned, is no candidate.
    facts.n_related_candidates += sum(a != b and a in entities and b in entities for a, b in related)
    for relation in gold.relations:
        one, other = sorted(entities[i].type if i in entities else NO_MENTION for i in relation.pair)
        facts.type_pairs[(one, other), relation.type] += 1
        facts.novelty[relation.type, relation.novel] += 1
        facts.tables[2].add(
            pmid=gold.pmid,
            entity_1_id=relation.entity_1_id,
            entity_2_id=relation.entity_2_id,
            type=relation.type,
            novel=relation.novel,
        )


def litcoin_agreement(abstracts: Path, entities: Path) -> Agreement:
    """Every row of LitCoin's entity table against its abstract, those of rejected documents too."""
    texts = {
        cells["abstract_id"]: f"{cells['title']} {cells['abstract']}" for cells in litcoin_rows(abstracts) if cells
    }
    agreement = Agreement()
    for cells in litcoin_rows(entities):
        if cells is None:
            continue
        begin, end, text = cells["offset_start"], cells["offset_finish"], texts.get(cells["abstract_id"])
        if text is None:
            found = "(no such abstract)"
        elif begin.isdigit() and end.isdigit():
            found = text[int(begin) : int(end)]
        else:
            found = "(offsets are no numbers)"
        place = f"abstract {cells['abstract_id']} at {begin}-{end}"
        agreement.add(cells["type"], found == cells["mention"], Listed(place, cells["type"], cells["mention"], found))
    return agreement
