"""A vocabulary as it would be had nobody annotated texts: what cross-validation starts from."""

from __future__ import annotations

from collections.abc import Iterable

from litcoin_batch.concepts.lexicon_files import Row
from litcoin_batch.concepts.vocabulary import Entry, LayeredVocabulary, Vocabulary


class Unannotated:
    """``vocabulary`` without the names that only annotators gave, and without their counts."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.vocabulary_id = f"{vocabulary.vocabulary_id}-unannotated"

    def find(self, key: str, type: str) -> tuple[Entry, ...]:
        entries = self._vocabulary.find(key, type)
        return tuple(e._replace(count=0) if e.count else e for e in entries if e.kind != "annotated")

    def layered(self, rows: Iterable[Row], layer_id: str | None = None, replace: bool = True) -> LayeredVocabulary:
        return LayeredVocabulary(self, rows, layer_id, replace)

    def __getattr__(self, name: str):
        # All that annotated names do not change: concepts, organisms, orthologues.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._vocabulary, name)
