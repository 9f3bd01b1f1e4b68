"""Documents made by rule as corpora: contrast pairs, edited training documents, and texts that are not biomedical."""

from __future__ import annotations

from collections.abc import Sequence

from litcoin_batch.schema import ENTITY_TYPES, Document
from training.data.corpora import Corpus
from training.data.examples import DIRECTED_PAIRS, EVERY_PAIR
from training.data.made.contrast_documents import contrast_documents
from training.data.made.contrast_edits import edited_documents
from training.data.made.plain_texts import plain_documents

N_CONTRAST = 6_000
N_PLAIN = 1_500


def rule_made_corpora(contrast_per_epoch: int, plain_per_epoch: int, seed: int) -> list[Corpus]:
    """Completely annotated, relations with novelty and subject; a share of each is drawn for every epoch.

    Names, and with them vocabularies, say that they are rule-made: "rule-made contrast", "rule-made plain".
    """
    contrast = contrast_documents(max(N_CONTRAST, contrast_per_epoch), seed)
    plain = plain_documents(max(N_PLAIN, plain_per_epoch), seed)
    return [
        Corpus("rule-made contrast", contrast, ENTITY_TYPES, contrast_per_epoch, DIRECTED_PAIRS, made=True),
        Corpus("rule-made plain", plain, ENTITY_TYPES, plain_per_epoch, DIRECTED_PAIRS, made=True),
    ]


def edited_corpus(train: Sequence[Document], per_epoch: int, seed: int, directed: bool = False) -> Corpus:
    """Documents of ``train`` whose verb or negation a rule has changed, one change each: see ``contrast_edits``.

    ``directed``: whether relations of ``train`` say which end acts.
    """
    labels = DIRECTED_PAIRS if directed else EVERY_PAIR
    return Corpus("rule-made edits", edited_documents(train, seed), ENTITY_TYPES, per_epoch, labels, made=True)
