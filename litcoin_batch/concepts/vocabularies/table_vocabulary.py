"""A vocabulary of a few names, held in memory: what tests and small tables need, asked as ``Vocabulary`` is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import Concept, Entry
from litcoin_batch.concepts.vocabularies.layered_vocabulary import LayeredVocabulary
from litcoin_batch.concepts.vocabularies.lexicon_files import Row, split_ids
from litcoin_batch.schema import ENTITY_TYPES

_HAS_TAXON = (ENTITY_TYPES[0], ENTITY_TYPES[5])


class TableVocabulary:
    """A vocabulary in memory, from the rows of a table."""

    def __init__(self, rows: Iterable[Row] = (), orthologues: Iterable[tuple[str, ...]] = ()) -> None:
        """Of ``rows`` that are alike the first counts; ``orthologues``: groups of NCBI Gene ids."""
        self._entries: dict[tuple[str, str], dict[str, Entry]] = {}
        self._concepts: dict[tuple[str, str], Concept] = {}
        self._kin = {gene: tuple(o for o in group if o != gene) for group in orthologues for gene in group}
        digest = hashlib.sha256()
        for row in rows:
            digest.update(repr(tuple(row)).encode())
            concept_id = ",".join(split_ids(row.concept_id))
            taxon = int(row.taxon) if row.taxon else None
            entries = self._entries.setdefault((row.type, fold(row.surface, row.type)), {})
            entries.setdefault(concept_id, Entry(concept_id, row.type, taxon, "name", "table"))
            self._concepts.setdefault((row.type, concept_id), Concept(concept_id, row.type, taxon, row.surface))
        self.vocabulary_id = f"table-{digest.hexdigest()[:12]}"

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: str, type: str) -> tuple[Entry, ...]:
        return tuple(self._entries.get((type, key), {}).values())

    def knows(self, key: str, type: str) -> bool:
        return (type, key) in self._entries

    def concept(self, concept_id: str, type: str | None = None) -> Concept | None:
        for type_ in (type,) if type else ENTITY_TYPES:
            if (type_, concept_id) in self._concepts:
                return self._concepts[type_, concept_id]
        return None

    def taxon_of_gene(self, concept_id: str) -> int | None:
        return self._taxon(concept_id, _HAS_TAXON[0])

    def taxon_of_cell_line(self, concept_id: str) -> int | None:
        return self._taxon(concept_id, _HAS_TAXON[1])

    def _taxon(self, concept_id: str, type_: str) -> int | None:
        concept = self._concepts.get((type_, concept_id))
        return concept.taxon if concept else None

    def orthologues(self, gene_id: str) -> tuple[str, ...]:
        return self._kin.get(gene_id, ())

    def layered(self, rows: Iterable[Row], layer_id: str | None = None, replace: bool = True) -> LayeredVocabulary:
        return LayeredVocabulary(self, rows, layer_id, replace)
