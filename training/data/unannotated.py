"""A compiled vocabulary as it would be without annotated texts: what cross-validation lays the names of other folds over."""

from __future__ import annotations

from collections.abc import Iterable

from litcoin_batch.concepts.vocabularies.entries import Concept, Entry
from litcoin_batch.concepts.vocabularies.layered_vocabulary import LayeredVocabulary
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary


class UnannotatedVocabulary:
    """Asked as ``Vocabulary`` is: no entry is known from annotated texts alone, none is counted, and no id of old is preferred because annotators write it."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.vocabulary_id = vocabulary.vocabulary_id

    def find(self, key: str, type: str) -> tuple[Entry, ...]:
        return tuple(e._replace(count=0) for e in self._vocabulary.find(key, type) if e.kind != "annotated")

    def knows(self, key: str, type: str) -> bool:
        return bool(self.find(key, type))

    def concept(self, concept_id: str, type: str | None = None) -> Concept | None:
        concept = self._vocabulary.concept(concept_id, type)
        return concept._replace(written_id=None) if concept else None

    def taxon_of_gene(self, concept_id: str) -> int | None:
        return self._vocabulary.taxon_of_gene(concept_id)

    def taxon_of_cell_line(self, concept_id: str) -> int | None:
        return self._vocabulary.taxon_of_cell_line(concept_id)

    def orthologues(self, gene_id: str) -> tuple[str, ...]:
        return self._vocabulary.orthologues(gene_id)

    def layered(self, rows: Iterable[Row], layer_id: str | None = None, replace: bool = True) -> LayeredVocabulary:
        return LayeredVocabulary(self, rows, layer_id, replace)
