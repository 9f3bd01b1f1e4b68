"""Names of one's own over a vocabulary."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import CELL_LINE, GENE, KINDS, Concept, Entry
from litcoin_batch.concepts.vocabularies.lexicon_files import Row, split_ids


class LayeredVocabulary:
    """A vocabulary with names of one's own over it; small, as it is held in memory. Asked as ``Vocabulary`` is.

    ``replace``: whether a row's name means what the rows say and nothing else (a user's table), or that besides
    (names of annotated texts: entries that are there already get the rows' ``count``).
    """

    def __init__(self, below: Any, rows: Iterable[Row], layer_id: str | None, replace: bool) -> None:
        """``below``: a vocabulary of any kind, or another layer."""
        self._below = below
        self._replace = replace
        self._entries: dict[tuple[str, str], dict[str, Entry]] = {}
        digest = hashlib.sha256(str(replace).encode())
        for row in rows:
            digest.update(repr(tuple(row)).encode())
            self._add(row)
        self.vocabulary_id: str = f"{below.vocabulary_id}+{layer_id or digest.hexdigest()[:8]}"

    def _add(self, row: Row) -> None:
        key = row.type, fold(row.surface, row.type)
        entries = self._entries.setdefault(key, {})
        concept_id = ",".join(split_ids(row.concept_id))
        known = entries.get(concept_id)
        taxon = int(row.taxon) if row.taxon else self._taxon(concept_id, row.type)
        kind, source = ("name", "table") if self._replace else ("annotated", "annotated")
        n = known.count + 1 if known else 1
        entries[concept_id] = Entry(
            concept_id=concept_id, type=row.type, taxon=taxon, kind=kind, source=source, marks=(), count=n
        )

    def _taxon(self, concept_id: str, type_: str) -> int | None:
        concept = self._below.concept(concept_id, type_) if type_ in (GENE, CELL_LINE) else None
        return concept.taxon if concept else None

    def find(self, key: str, type: str) -> tuple[Entry, ...]:
        own = self._entries.get((type, key))
        if own is None or not self._replace:
            below = self._below.find(key, type)
            if own is None:
                return below
            merged = {e.concept_id: e for e in below}
            for concept_id, entry in own.items():
                known = merged.get(concept_id)
                merged[concept_id] = known._replace(count=known.count + entry.count) if known else entry
            return tuple(sorted(merged.values(), key=lambda e: KINDS.index(e.kind)))
        return tuple(own.values())

    def knows(self, key: str, type: str) -> bool:
        return (type, key) in self._entries or self._below.knows(key, type)

    def prefix(self, key: str, type: str, limit: int = 100) -> list[str]:
        own = [name for type_, name in self._entries if type_ == type and name.startswith(key)]
        return list(dict.fromkeys((*own, *self._below.prefix(key, type, limit))))[:limit]

    def __len__(self) -> int:
        return len(self._below)

    def concept(self, concept_id: str, type: str | None = None) -> Concept | None:
        return self._below.concept(concept_id, type)

    def taxon_of_gene(self, concept_id: str) -> int | None:
        return self._below.taxon_of_gene(concept_id)

    def taxon_of_cell_line(self, concept_id: str) -> int | None:
        return self._below.taxon_of_cell_line(concept_id)

    def orthologues(self, gene_id: str) -> tuple[str, ...]:
        return self._below.orthologues(gene_id)

    def __getattr__(self, name: str) -> Any:
        # What else layers do not change: numbers of names, files.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._below, name)
