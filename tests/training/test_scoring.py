import itertools
import json
import random

import pytest

from litcoin_batch.schema import (
    ENTITY_TYPES,
    RELATION_TYPES,
    Annotation,
    ContractError,
    Mention,
    Relation,
)
from litcoin_batch.scoring import Counts, report, score_concepts, score_mentions, score_relations

TEXT = "BRCA1 and TP53 in breast cancer, tamoxifen and 4-hydroxytamoxifen"


def mention(surface, type, *ids):
    start = TEXT.index(surface)
    return Mention(start, start + len(surface), type, surface, ids)


def random_annotations(seed):
    rng = random.Random(seed)
    surfaces = ["BRCA1", "TP53", "breast cancer", "tamoxifen", "4-hydroxytamoxifen"]
    result = []
    for pmid in range(6):
        mentions = [mention(s, rng.choice(ENTITY_TYPES[:3]), s) for s in surfaces if rng.random() < 0.7]
        relations = [
            Relation.between(a, b, rng.choice(RELATION_TYPES[:2]), rng.random() < 0.5)
            for a, b in itertools.combinations_with_replacement(surfaces, 2)
            if rng.random() < 0.5
        ]
        result.append(Annotation(pmid, tuple(mentions), tuple(relations)))
    return result


def all_counts(gold, predicted):
    mentions, relations = score_mentions(gold, predicted), score_relations(gold, predicted)
    concepts = score_concepts(gold, predicted)
    return [
        mentions.micro,
        concepts.micro,
        *mentions.per_type.values(),
        relations.pair,
        relations.pair_type,
        relations.pair_type_novelty,
    ]


@pytest.mark.parametrize("seed", range(5))
def test_swapping_gold_and_predicted_swaps_precision_and_recall(seed):
    gold, predicted = random_annotations(seed), random_annotations(seed + 100)
    forward, backward = all_counts(gold, predicted), all_counts(predicted, gold)
    assert [(c.precision, c.recall, c.f1) for c in forward] == [(c.recall, c.precision, c.f1) for c in backward]
    assert any(0 < c.precision != c.recall for c in forward)


@pytest.mark.parametrize("seed", range(5))
def test_gold_against_itself_is_perfect(seed):
    gold = random_annotations(seed)
    scores = [c for c in all_counts(gold, gold) if c.n_gold]
    assert {(c.precision, c.recall, c.f1) for c in scores} == {(1.0, 1.0, 1.0)}


@pytest.mark.parametrize("seed", range(5))
def test_order_and_repetition_change_nothing(seed):
    gold, predicted = random_annotations(seed), random_annotations(seed + 100)
    shuffled = [Annotation(a.pmid, a.mentions[::-1] * 2, a.relations[::-1] * 2) for a in reversed(predicted)]
    assert all_counts(gold, shuffled) == all_counts(gold, predicted)


@pytest.mark.parametrize("seed", range(5))
def test_each_relation_level_is_at_least_as_strict_as_the_one_before(seed):
    scores = score_relations(random_annotations(seed), random_annotations(seed + 100))
    assert scores.pair.tp >= scores.pair_type.tp >= scores.pair_type_novelty.tp > 0


def test_f1_is_the_harmonic_mean_and_nothing_gives_zero():
    counts = Counts(3, 4, 6)
    p, r = counts.precision, counts.recall
    assert (p, r) == (0.5, 0.75)
    assert counts.f1 == pytest.approx(2 * p * r / (p + r))
    assert (Counts().precision, Counts().recall, Counts().f1) == (0.0, 0.0, 0.0)
    assert Counts(1, 2, 3) + Counts(4, 5, 6) == Counts(5, 7, 9)


def test_a_mention_needs_the_same_document_span_and_type():
    gold = [Annotation(1, (mention("BRCA1", "GeneOrGeneProduct"), mention("tamoxifen", "ChemicalEntity")))]
    wrong_type = mention("BRCA1", "ChemicalEntity")
    wrong_span = mention("BRCA1 and", "GeneOrGeneProduct")
    right = mention("tamoxifen", "ChemicalEntity")
    scores = score_mentions(gold, [Annotation(1, (wrong_type, wrong_span, right))])
    assert scores.micro == Counts(1, 2, 3)
    assert scores.per_type["ChemicalEntity"] == Counts(1, 1, 2)
    assert score_mentions(gold, [Annotation(2, gold[0].mentions)]).micro == Counts(0, 2, 2)


def test_a_concept_needs_its_mention_and_all_its_ids():
    chemical, cancer = mention("tamoxifen", "ChemicalEntity", "D1", "D2"), mention("breast cancer", "CellLine", "D3")
    nameless = mention("BRCA1", "GeneOrGeneProduct")
    gold = [Annotation(1, (chemical, cancer, nameless))]
    right, partial = mention("tamoxifen", "ChemicalEntity", "D2", "D1"), mention("tamoxifen", "ChemicalEntity", "D1")
    assert score_concepts(gold, [Annotation(1, (right,))]).micro == Counts(1, 2, 1)
    assert score_concepts(gold, [Annotation(1, (partial, nameless))]).micro == Counts(0, 2, 1)
    assert score_concepts(gold, gold).per_type["CellLine"] == Counts(1, 1, 1)


def test_a_type_outside_biored_is_scored_too():
    scores = score_mentions([], [Annotation(1, (mention("BRCA1", "Plant"),))])
    assert scores.per_type["Plant"] == Counts(0, 0, 1)
    assert list(scores.per_type)[:6] == list(ENTITY_TYPES)


def test_relation_levels_fall_one_by_one():
    gold = [
        Annotation(
            1,
            relations=tuple(Relation.between("672", other, "Association", True) for other in ("a", "b", "c", "d")),
        )
    ]
    predicted = [
        Annotation(
            1,
            relations=(
                Relation("a", "672", "Association", True),
                Relation.between("b", "672", "Association", False),
                Relation.between("c", "672", "Bind", True),
                Relation.between("e", "672", "Association", True),
            ),
        )
    ]
    scores = score_relations(gold, predicted)
    assert (scores.pair.tp, scores.pair_type.tp, scores.pair_type_novelty.tp) == (3, 2, 1)


def test_a_pair_with_two_types_is_one_pair_and_two_typed_items():
    both = Annotation(
        1,
        relations=(Relation.between("a", "b", "Bind", True), Relation.between("a", "b", "Association", True)),
    )
    scores = score_relations([both], [both])
    assert (scores.pair.n_gold, scores.pair_type.n_gold) == (1, 2)


def test_a_relation_of_a_concept_with_itself_counts():
    one = [Annotation(1, relations=(Relation.between("a", "a", "Association", True),))]
    assert score_relations(one, one).pair == Counts(1, 1, 1)


def test_report_has_every_key_and_survives_json():
    gold, given, found = random_annotations(1), random_annotations(2), random_annotations(3)
    result = json.loads(json.dumps(report(gold, given, found, {})))
    numbers = {"precision", "recall", "f1", "tp", "n_gold", "n_predicted"}
    levels = {"pair", "pair_type", "pair_type_novelty", "pair_subject"}
    assert set(result) == {"n_documents", "ner", "concepts", "gold_entities", "predicted_entities", "definitions"}
    assert set(result["ner"]) == numbers | {"per_type"}
    assert set(result["ner"]["per_type"]) == set(result["concepts"]["per_type"]) == set(ENTITY_TYPES)
    assert set(result["gold_entities"]) == levels | {"type_accuracy", "novelty_accuracy"}
    assert set(result["predicted_entities"]) == levels
    assert {frozenset(result[s][level]) for s in ("gold_entities", "predicted_entities") for level in levels} == {
        frozenset(numbers)
    }
    assert result["n_documents"] == len(gold)
    assert result["gold_entities"]["pair"]["tp"] == score_relations(gold, given).pair.tp
    assert result["predicted_entities"]["pair"]["tp"] == score_relations(gold, found).pair.tp
    assert result["ner"]["tp"] == score_mentions(gold, found).micro.tp
    assert result["concepts"]["tp"] == score_concepts(gold, found).micro.tp
    assert levels | {"ner", "concepts", "type_accuracy", "novelty_accuracy"} <= set(result["definitions"])


def test_accuracies_are_shares_of_gold_relations_and_a_missing_pair_is_wrong():
    relations = (
        Relation.between("a", "b", "Bind", True),
        Relation.between("a", "c", "Association", False),
        Relation.between("a", "d", "Comparison", True),
        Relation.between("a", "e", "Bind", False),
    )
    gold = [Annotation(7, relations=relations)]
    predictions = {
        (7, ("a", "b")): ("Bind", True),
        (7, ("a", "c")): ("Bind", False),
        (7, ("a", "d")): ("Association", True),
        (8, ("a", "e")): ("Bind", False),
        (7, ("x", "y")): ("Bind", False),
    }
    result = report(gold, gold, gold, predictions)["gold_entities"]
    assert (result["type_accuracy"], result["novelty_accuracy"]) == (0.25, 0.75)


def test_accuracies_are_none_without_pair_predictions():
    gold = random_annotations(1)
    result = report(gold, gold, gold)["gold_entities"]
    assert result["type_accuracy"] is None and result["novelty_accuracy"] is None


def test_predictions_for_other_documents_are_refused():
    gold = random_annotations(1)
    with pytest.raises(ContractError, match="end_to_end.*5"):
        report(gold, gold, gold[:-1])
