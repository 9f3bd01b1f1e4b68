"""Row scores rise with what they are made of, and travel with the checkpoint."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint, seal_checkpoint, verify_checkpoint
from litcoin_batch.model.row_calibration import UNRESOLVED_MAX, RowCalibration, row_features
from litcoin_batch.schema import ContractError, Mention, Relation, local_id
from tiny_models import documents, tiny_checkpoint

CALIBRATION = RowCalibration(-0.3, 0.8, 1.2, 0.9, 0.4)


def mention(entity_id: str, score: float = 0.9, id_score: float = 0.8) -> Mention:
    return Mention(0, 1, "GeneOrGeneProduct", "x", (entity_id,), score, id_score)


def rescored(mentions: list[Mention], score: float = 0.6, ends: tuple[str, str] = ("1", "2")) -> float:
    (relation,) = CALIBRATION.rescore(mentions, [Relation.between(*ends, "Bind", True, score=score)])
    return relation.score


def test_a_score_rises_with_pair_spans_ids_and_mentions():
    base = rescored([mention("1"), mention("2")])
    assert rescored([mention("1"), mention("2")], 0.7) > base
    assert rescored([mention("1"), mention("2", score=0.5)]) < base
    assert rescored([mention("1", id_score=0.2), mention("2")]) < base
    assert rescored([mention("1"), mention("1"), mention("2"), mention("2")]) > base
    # The best mention speaks for a concept, the end with fewer mentions for the row.
    assert rescored([mention("1"), mention("1", 0.2, 0.1), mention("2")]) == base


def test_a_row_with_a_local_id_scores_next_to_nothing_but_keeps_its_order():
    local = local_id(5, 1)
    low, high = (rescored([mention("1"), mention(local)], score, ("1", local)) for score in (0.3, 0.9))
    assert 0 < low < high <= UNRESOLVED_MAX


def test_rows_below_the_lowest_are_left_out():
    local = local_id(5, 1)
    mentions = [mention("1"), mention("2"), mention(local)]
    rows = [Relation.between(*ends, "Bind", True, score=0.9) for ends in (("1", "2"), ("1", local), ("2", local))]
    assert len(CALIBRATION.rescore(mentions, rows)) == 3
    (kept,) = replace(CALIBRATION, lowest=0.1).rescore(mentions, rows)
    assert kept.pair == ("1", "2") and kept.score >= 0.1
    # A bound is a score that is kept.
    assert replace(CALIBRATION, lowest=kept.score).rescore(mentions, rows) == (kept,)
    with pytest.raises(ContractError, match="lowest is 1.5, expected a share"):
        replace(CALIBRATION, lowest=1.5)


def test_everything_else_of_a_relation_stays_and_features_exist_without_mentions():
    relation = Relation("1", "2", "Bind", False, 0.6, 0.3, subject="2")
    (changed,) = CALIBRATION.rescore([mention("1"), mention("2")], [relation])
    assert replace(changed, score=0.6) == relation
    ((values, resolved),) = row_features([], [relation])
    assert resolved and all(v == v and abs(v) < 20 for v in values)


def test_it_is_part_of_the_checkpoint_and_of_its_identity(tmp_path):
    folder = tiny_checkpoint("rnn", tmp_path / "c")
    plain = verify_checkpoint(folder)
    before = Annotator.load(folder, device="cpu", precision="float32").annotate(documents())
    CALIBRATION.write(folder)
    seal_checkpoint(folder)
    assert verify_checkpoint(folder) != plain
    assert Checkpoint.load(folder).row_calibration == CALIBRATION
    annotator = Annotator.load(folder, device="cpu", precision="float32")
    after = annotator.annotate(documents())
    expected = [CALIBRATION.rescore(a.mentions, a.relations) for a in before]
    assert [a.relations for a in after] == expected and sum(map(len, expected)) > 0
    given = annotator.annotate(documents(), [a.mentions for a in before])
    assert [a.relations for a in given] == [a.relations for a in before]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        '{"offset": "x"}',
        "no json",
        json.dumps({"offset": 0, "pair": -1, "spans": 1, "ids": 1, "mentions": 0}),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, text):
    path = tmp_path / "row_calibration.json"
    path.write_text(text)
    with pytest.raises(ContractError, match="row.calibration"):
        RowCalibration.read(path)
