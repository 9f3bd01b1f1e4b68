"""The shipped checkpoints read as well as training/contrast/figures.json says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import litcoin_batch
from litcoin_batch.model.annotator import Annotator
from training.learning.contrast import (
    FIGURES,
    evaluate_contrast,
    evaluate_out_of_domain,
    kept_figures,
    read_out_of_domain,
    read_pairs,
)

SHIPPED = sorted(path.name for path in (Path(litcoin_batch.__file__).parent / "checkpoints").iterdir() if path.is_dir())
# Sums in another order may move a pair that stands on the edge.
TOLERANCE = 0.03


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_checkpoint_has_the_figures_that_are_reported(name):
    kept = json.loads(FIGURES.read_text())[name]
    annotator = Annotator.load(name, device="cpu", precision="float32")
    assert annotator.model_id == kept["model_id"], "record its figures: see training/contrast/README.md"
    found = kept_figures(
        evaluate_contrast(annotator, read_pairs()),
        evaluate_out_of_domain(annotator, read_out_of_domain()),
        annotator.model_id,
    )
    assert found["contrast"].keys() == kept["contrast"].keys() and found["by_kind"].keys() == kept["by_kind"].keys()
    for kind, row in kept["contrast"].items():
        assert found["contrast"][kind] == pytest.approx(row, abs=TOLERANCE), kind
    for kind, row in kept["by_kind"].items():
        assert found["by_kind"][kind] == pytest.approx(row, abs=2 * TOLERANCE), kind
    assert found["out_of_domain"] == pytest.approx(kept["out_of_domain"], rel=0.05, abs=0.5)
