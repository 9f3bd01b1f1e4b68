"""From paths to a linker: the vocabulary, a user's tables over it, the shipped ranker and table of variants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.variant_numbers import VariantNumbers
from litcoin_batch.concepts.vocabularies.layered_vocabulary import LayeredVocabulary
from litcoin_batch.concepts.vocabularies.lexicon_files import read_rows
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary


def open_linker(
    vocabulary: str | Path | None = None, lexicon: str | Path | Sequence[str | Path] | None = None
) -> Linker:
    """``vocabulary``: a folder, None for the shipped one; ``lexicon``: tables whose names replace its meanings, the
    later ones those of the earlier ones.

    A row of a lexicon whose type is SequenceVariant and whose surface is gene:change ("673:p.V600E", "BRAF:p.V600E")
    says which dbSNP number the change has in that gene. Raises ``ContractError``.
    """
    names: Vocabulary | LayeredVocabulary = Vocabulary.open(vocabulary)
    numbers = VariantNumbers.read()
    for path in [lexicon] if isinstance(lexicon, str | Path) else lexicon or ():
        rows = list(read_rows(path))
        names = names.layered(rows)
        numbers = numbers.with_rows(rows, names)
    return Linker(names, variants=numbers)
