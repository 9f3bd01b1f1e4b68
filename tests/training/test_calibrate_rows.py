"""Fitting row scores: they become the share of rows right, on documents that did not fit them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from litcoin_batch.model.checkpoint import Checkpoint, verify_checkpoint
from litcoin_batch.model.row_calibration import RowCalibration
from litcoin_batch.schema import Annotation, Relation
from tiny_models import tiny_checkpoint
from training.calibrate_rows import main
from training.learning.reliability import calibration_error
from training.learning.row_scores import cross_fitted, fit_rows, score_rows


def drawn(n: int, truth: RowCalibration, seed: int = 0):
    """Features of rows, and whether each is right as often as ``truth`` says."""
    rng = np.random.default_rng(seed)
    values = np.stack(
        [
            rng.normal(1, 1.5, n),
            np.log(rng.uniform(0.3, 1, n)),
            np.log(rng.uniform(0.1, 1, n)),
            np.log(rng.integers(1, 6, n)),
        ],
        axis=1,
    )
    share = np.asarray([truth.score(v, True) for v in values])
    return values, rng.random(n) < share, share


def test_known_weights_are_found_again_and_scores_become_shares():
    truth = RowCalibration(-1.0, 0.7, 1.5, 1.3, 0.5)
    values, right, share = drawn(4000, truth)
    fitted = fit_rows(values, right)
    found = np.asarray([fitted.score(v, True) for v in values])
    assert np.abs(found - share).mean() < 0.03
    assert calibration_error(found, right) < 0.04 < calibration_error(np.ones(4000), right)


def test_a_feature_that_speaks_against_a_row_gets_no_weight():
    values, right, _ = drawn(3000, RowCalibration(-1.0, 0.7, 1.5, 1.3, 0.0))
    values[:, 3] = np.where(right, 0.0, 2.0)
    assert fit_rows(values, right).mentions == 0.0


def test_few_rows_stay_near_the_beginning():
    fitted = fit_rows(np.zeros((4, 4)), np.asarray([True, False, True, False]))
    assert abs(fitted.pair - 1) < 0.3 and abs(fitted.ids - 1) < 0.3


def test_cross_fitting_scores_each_row_by_other_documents_only():
    values, right, _ = drawn(600, RowCalibration(-1.0, 0.7, 1.5, 1.3, 0.5))
    document = np.arange(600) // 10
    table = (values, np.ones(600, bool), right, document)
    scores = cross_fitted(table, 5, seed=1)
    flipped = right.copy()
    flipped[document == 7] = ~flipped[document == 7]
    again = cross_fitted((values, np.ones(600, bool), flipped, document), 5, seed=1)
    assert np.array_equal(scores[document == 7], again[document == 7])
    assert not np.array_equal(scores, again)


def test_rows_are_right_by_ids_and_type_and_kept_by_their_score():
    gold = [Annotation(1, (), (Relation("1", "2", "Bind", True),))]
    found = [
        Annotation(
            1,
            (),
            (
                Relation("1", "2", "Bind", False, 0.9),
                Relation("1", "3", "Bind", True, 0.6),
                Relation("2", "3", "Bind", True, 0.4),
            ),
        )
    ]
    figures = score_rows(gold, found)
    assert figures["at"]["0.5"] == {"rows": 2, "precision": 0.5} and figures["at"]["0.9"] == {
        "rows": 1,
        "precision": 1.0,
    }
    assert figures["expected_calibration_error"] == pytest.approx((0.1 + 0.6 + 0.4) / 3)
    other = [Annotation(1, (), (Relation("1", "2", "Association", True, 0.9),))]
    assert score_rows(gold, other)["right"] == 0
    assert score_rows(gold, [])["at"]["0.7"] == {"rows": 0, "precision": None}


def test_the_command_changes_the_checkpoint_or_says_what_it_needs(tmp_path, monkeypatch):
    folder = tiny_checkpoint("rnn", tmp_path / "c")
    before = verify_checkpoint(folder)
    abstract = "aspirin with glucose and insulin and leptin " * 12
    blocks = []
    for pmid in range(1, 9):
        text = f"aspirin and insulin. {abstract}"
        lines = [
            f"{pmid}|t|aspirin and insulin.",
            f"{pmid}|a|{abstract}",
            f"{pmid}\t0\t7\t{text[:7]}\tChemicalEntity\tC1",
        ]
        blocks.append("\n".join(lines))
    gold = tmp_path / "gold.PubTator"
    gold.write_text("\n\n".join(blocks) + "\n\n")
    options = ["--checkpoint", str(folder), "--gold", str(gold), "--json", str(tmp_path / "o.json"), "--device", "cpu"]
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 1 and "needs 50" in result.output and verify_checkpoint(folder) == before

    rows = drawn(200, RowCalibration(-1.0, 0.7, 1.5, 1.3, 0.5))
    monkeypatch.setattr(
        "training.calibrate_rows.table_of", lambda gold, found: (rows[0], np.ones(200, bool), rows[1], np.arange(200))
    )
    result = CliRunner().invoke(main, options)
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "o.json").read_text())
    assert verify_checkpoint(folder) == figures["model_id"] != before
    assert Checkpoint.load(folder).row_calibration == RowCalibration(**figures["calibration"])
