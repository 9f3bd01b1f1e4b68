"""Compare predicted annotations with gold ones: precision, recall, F1, and what "correct" means.

Documents are matched by PMID. Every level counts a set of items per document, so neither order
nor repetition changes a score, and swapping gold and predicted swaps precision and recall.
The relation levels are those of BioRED's evaluation (Luo et al. 2022, doi:10.1093/bib/bbac282).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from litcoin_batch.schema import ENTITY_TYPES, Annotation, ContractError, Relation

PairKey = tuple[int, tuple[str, str]]
PairPrediction = tuple[str, bool]
MentionItems = dict[str, set[tuple[int, int, int, frozenset[str] | None]]]

DEFINITIONS = {
    "ner": (
        "A predicted mention is correct where the same document has a gold mention with the same "
        "start, the same end and the same entity type; mentions are counted once per span and type."
    ),
    "concepts": (
        "A predicted mention is correct where it is correct for ner and has exactly the concept ids "
        "of that gold mention; gold mentions without a concept id are left out."
    ),
    "pair": (
        "A predicted relation is correct where the same document has a gold relation between the "
        "same two concept ids, in either order; each pair of ids counts once per document."
    ),
    "pair_type": ("As pair, and the relation type is the gold one; each pair and type counts once per document."),
    "pair_type_novelty": (
        "As pair_type, and the novelty is the gold one; each pair, type and novelty counts once per document."
    ),
    "pair_subject": (
        "As pair, and the subject, which of the two concepts acts upon the other or that neither does, is the gold one; "
        "counted where the gold annotations say who acts."
    ),
    "gold_entities": ("The model was given the gold mentions with their concept ids and predicted relations only."),
    "predicted_entities": (
        "The model was given text only: both concept ids of a relation must be found by its own "
        "mentions and concept resolution, so an id local to the document is never correct."
    ),
    "type_accuracy": (
        "Given the gold mentions and a gold pair, the share of gold relations whose type is the "
        "best-scored relation type for that pair, no relation not being a choice; "
        "a gold pair that was not scored is wrong."
    ),
    "novelty_accuracy": (
        "Given the gold mentions and a gold pair, the share of gold relations whose novelty is "
        "predicted right, whatever the type; a gold pair that was not scored is wrong."
    ),
}


@dataclass(frozen=True, slots=True)
class Counts:
    """True positives, gold items and predicted items; a ratio with nothing below it is 0."""

    tp: int = 0
    n_gold: int = 0
    n_predicted: int = 0

    @classmethod
    def compare(cls, gold: AbstractSet[Hashable], predicted: AbstractSet[Hashable]) -> Counts:
        return cls(len(gold & predicted), len(gold), len(predicted))

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.n_gold + other.n_gold, self.n_predicted + other.n_predicted)

    @property
    def precision(self) -> float:
        return self.tp / self.n_predicted if self.n_predicted else 0.0

    @property
    def recall(self) -> float:
        return self.tp / self.n_gold if self.n_gold else 0.0

    @property
    def f1(self) -> float:
        below = self.n_gold + self.n_predicted
        return 2 * self.tp / below if below else 0.0

    def as_dict(self) -> dict[str, float | int]:
        return {
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
            "tp": self.tp,
            "n_gold": self.n_gold,
            "n_predicted": self.n_predicted,
        }


@dataclass(frozen=True, slots=True)
class MentionScores:
    """``per_type`` holds BioRED's six types and any other that occurs; it sums up to ``micro``."""

    micro: Counts
    per_type: dict[str, Counts]

    def as_dict(self) -> dict[str, Any]:
        return self.micro.as_dict() | {"per_type": {name: counts.as_dict() for name, counts in self.per_type.items()}}


@dataclass(frozen=True, slots=True)
class RelationScores:
    """Counts of right, superfluous and missed rows."""

    pair: Counts
    pair_type: Counts
    pair_type_novelty: Counts
    pair_subject: Counts

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name).as_dict() for name in RelationScores.__slots__}


def score_mentions(gold: Iterable[Annotation], predicted: Iterable[Annotation]) -> MentionScores:
    """Strict entity recognition: document, start, end and type must all agree."""
    return _score_by_type(_mention_items(gold, False), _mention_items(predicted, False))


def score_concepts(gold: Iterable[Annotation], predicted: Iterable[Annotation]) -> MentionScores:
    """As ``score_mentions``, and the concept ids must agree too; mentions without ids do not count."""
    return _score_by_type(_mention_items(gold, True), _mention_items(predicted, True))


def _score_by_type(gold_items: MentionItems, predicted_items: MentionItems) -> MentionScores:
    others = sorted((gold_items.keys() | predicted_items.keys()) - set(ENTITY_TYPES))
    per_type = {
        name: Counts.compare(gold_items.get(name, set()), predicted_items.get(name, set()))
        for name in (*ENTITY_TYPES, *others)
    }
    return MentionScores(sum(per_type.values(), Counts()), per_type)


def score_relations(gold: Iterable[Annotation], predicted: Iterable[Annotation]) -> RelationScores:
    """Relations of whole documents between concept ids, without direction but at the level that says so.

    ``pair``: the document has a gold relation between the same two ids, whatever its type.
    ``pair_type``: also of the same type. ``pair_type_novelty``: also of the same novelty. ``pair_subject``: pair, and who acts.
    Repeated relations collapse into one per level. A relation of a concept with itself is an
    item like any other.
    """
    gold, predicted = list(gold), list(predicted)
    gold_items, predicted_items = _relation_items(gold), _relation_items(predicted)

    def at(depth: int) -> Counts:
        return Counts.compare({item[:depth] for item in gold_items}, {item[:depth] for item in predicted_items})

    subjects = Counts.compare(_subject_items(gold), _subject_items(predicted))
    return RelationScores(pair=at(2), pair_type=at(3), pair_type_novelty=at(4), pair_subject=subjects)


def report(
    gold: Iterable[Annotation],
    with_gold_entities: Iterable[Annotation],
    end_to_end: Iterable[Annotation],
    pair_predictions: Mapping[PairKey, PairPrediction] | None = None,
) -> dict[str, Any]:
    """Every figure of one evaluation, ready for JSON; ``DEFINITIONS`` travels with it.

    ``with_gold_entities`` is predicted from gold mentions, ``end_to_end`` from text alone; ``ner``,
    ``concepts`` and ``predicted_entities`` come from the latter. ``pair_predictions`` maps (pmid, sorted id
    pair) to the best relation type and the novelty of that pair; without it both accuracies are None.

    Raises ``ContractError`` where the predictions are not for the gold documents.
    """
    gold, given, found = list(gold), list(with_gold_entities), list(end_to_end)
    _check_same_documents(gold, given, "with_gold_entities")
    _check_same_documents(gold, found, "end_to_end")
    type_accuracy, novelty_accuracy = _pair_accuracies(gold, pair_predictions)
    return {
        "n_documents": len({annotation.pmid for annotation in gold}),
        "ner": score_mentions(gold, found).as_dict(),
        "concepts": score_concepts(gold, found).as_dict(),
        "gold_entities": score_relations(gold, given).as_dict()
        | {"type_accuracy": type_accuracy, "novelty_accuracy": novelty_accuracy},
        "predicted_entities": score_relations(gold, found).as_dict(),
        "definitions": dict(DEFINITIONS),
    }


def _mention_items(annotations: Iterable[Annotation], with_ids: bool) -> MentionItems:
    items: MentionItems = {}
    for annotation in annotations:
        for mention in annotation.mentions:
            ids = frozenset(mention.entity_ids) if with_ids else None
            if ids is None or ids:
                items.setdefault(mention.type, set()).add((annotation.pmid, mention.start, mention.end, ids))
    return items


def _relation_items(
    annotations: Iterable[Annotation],
) -> set[tuple[int, tuple[str, str], str, bool]]:
    return {
        (annotation.pmid, _sorted_pair(relation), relation.type, relation.novel)
        for annotation in annotations
        for relation in annotation.relations
    }


def _subject_items(annotations: Iterable[Annotation]) -> set[tuple[int, tuple[str, str], str | None]]:
    return {(a.pmid, _sorted_pair(relation), relation.subject) for a in annotations for relation in a.relations}


def _sorted_pair(relation: Relation) -> tuple[str, str]:
    first, second = relation.pair
    return (first, second) if first <= second else (second, first)


def _pair_accuracies(
    gold: list[Annotation], pair_predictions: Mapping[PairKey, PairPrediction] | None
) -> tuple[float | None, float | None]:
    if pair_predictions is None:
        return None, None
    items = _relation_items(gold)
    n_type = n_novelty = 0
    for pmid, pair, type_, novel in items:
        prediction = pair_predictions.get((pmid, pair))
        if prediction is not None:
            n_type += prediction[0] == type_
            n_novelty += prediction[1] == novel
    return (n_type / len(items), n_novelty / len(items)) if items else (0.0, 0.0)


def _check_same_documents(gold: list[Annotation], predicted: list[Annotation], name: str) -> None:
    differing = {a.pmid for a in gold} ^ {a.pmid for a in predicted}
    if differing:
        shown = ", ".join(str(pmid) for pmid in sorted(differing)[:5])
        raise ContractError(
            f"{name}: expected predictions for exactly the gold documents, "
            f"but {len(differing)} PMIDs are on one side only: {shown}"
        )
