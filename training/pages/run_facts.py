"""What a checkpoint does on gold documents, item by item: the numbers behind the page of a training run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.schema import RELATION_TYPES, Annotation, Document, Mention, Relation
from litcoin_batch.scoring import Counts, PairKey, PairPrediction, score_relations
from training.learning.reliability import Scored

NONE = "no relation"
NO_CANDIDATE = "not scored"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Gold and predicted annotations of the same documents, in their order.

    ``given``: relations from gold mentions; ``found``: everything from text alone; ``forced``: the best relation
    type of each gold pair, no relation not being a choice.
    """

    documents: list[Document]
    given: list[Annotation]
    found: list[Annotation]
    forced: dict[PairKey, PairPrediction]

    @property
    def gold(self) -> list[Annotation]:
        return [document.gold for document in self.documents]


def observe(annotator: Annotator, documents: Sequence[Document]) -> Outcome:
    gold = [document.gold for document in documents]
    return Outcome(
        list(documents),
        annotator.annotate(documents, [annotation.mentions for annotation in gold]),
        annotator.annotate(documents),
        annotator.classify_pairs(gold, documents),
    )


def confusion(outcome: Outcome, forced: bool) -> tuple[list[str], list[str], np.ndarray]:
    """Names of rows (gold) and columns (predicted), and counts of (gold relation, predicted type).

    With ``forced`` a relation type has to be chosen for every gold pair. Without it the model may decide for no
    relation, and a last row holds what it predicts for pairs that have no gold relation. Pairs of
    types that the model never relates are ``NO_CANDIDATE``.
    """
    types = [*RELATION_TYPES, *sorted({r.type for a in outcome.gold for r in a.relations} - set(RELATION_TYPES))]
    counts: Counter[tuple[str, str]] = Counter()
    for annotation, given in zip(outcome.gold, outcome.given, strict=True):
        decided = {relation.pair: relation.type for relation in given.relations}
        for relation in {(r.pair, r.type): r for r in annotation.relations}.values():
            best = outcome.forced.get((annotation.pmid, relation.pair))
            if best is None:
                predicted = NO_CANDIDATE
            else:
                predicted = best[0] if forced else decided.get(relation.pair, NONE)
            counts[relation.type, predicted] += 1
        if not forced:
            related = {relation.pair for relation in annotation.relations}
            counts.update((NONE, kind) for pair, kind in decided.items() if pair not in related)
    rows = types if forced else [*types, NONE]
    columns = [*types, *([] if forced else [NONE])]
    if any(predicted == NO_CANDIDATE for _, predicted in counts):
        columns.append(NO_CANDIDATE)
    return rows, columns, np.asarray([[counts[row, column] for column in columns] for row in rows])


def relation_counts(gold: Iterable[Annotation], predicted: Iterable[Annotation]) -> dict[str, Counts]:
    """Pair and type, for one relation type after the other."""
    gold, predicted = list(gold), list(predicted)
    present = {relation.type for annotation in (*gold, *predicted) for relation in annotation.relations}
    types = [*RELATION_TYPES, *sorted(present - set(RELATION_TYPES))]
    return {kind: score_relations(only(gold, kind), only(predicted, kind)).pair_type for kind in types}


def only(annotations: Iterable[Annotation], kind: str) -> list[Annotation]:
    """The annotations with their relations of one type."""
    return [replace(a, relations=tuple(r for r in a.relations if r.type == kind)) for a in annotations]


def mention_scores(outcome: Outcome) -> list[Scored]:
    """Right: the same span and type in gold."""
    return [Scored(m.score, right) for _, m, right in judged_mentions(outcome)]


def judged_mentions(outcome: Outcome) -> list[tuple[Document, Mention, bool]]:
    judged = []
    for document, found in zip(outcome.documents, outcome.found, strict=True):
        gold = {(m.start, m.end, m.type) for m in document.gold.mentions}
        judged += [(document, m, (m.start, m.end, m.type) in gold) for m in found.mentions]
    return judged


def judged_relations(
    documents: Sequence[Document], predicted: Sequence[Annotation]
) -> list[tuple[Document, Relation, bool]]:
    """Right: the same pair and type in gold, whatever the novelty."""
    judged = []
    for document, annotation in zip(documents, predicted, strict=True):
        gold = {(r.pair, r.type) for r in document.gold.relations}
        judged += [(document, r, (r.pair, r.type) in gold) for r in annotation.relations]
    return judged


def relation_scores(documents: Sequence[Document], predicted: Sequence[Annotation]) -> list[Scored]:
    return [Scored(r.score, right) for _, r, right in judged_relations(documents, predicted)]


def novelty_scores(outcome: Outcome) -> list[Scored]:
    """The probability of novelty against gold novelty, of predicted relations whose pair is related in gold."""
    scored = []
    for document, given in zip(outcome.documents, outcome.given, strict=True):
        gold = {r.pair: r.novel for r in document.gold.relations}
        scored += [Scored(r.novel_score, gold[r.pair]) for r in given.relations if r.pair in gold]
    return scored
