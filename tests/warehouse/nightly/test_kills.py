"""A night killed once; ``python tests/support/damage/kills.py`` does the same to many nights."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

from damage.kills import PATIENCE_SEC, Nightly, Trial, look, torment, write_nights
from litcoin_batch.warehouse.inference.loading import CheckpointLoader
from tiny_models import TEXTS, tiny_checkpoint
from warehouses import annotate


@dataclass
class InTheMiddle(Trial):
    """The night left alone is one of the tests' session; the other is killed when its expensive step has begun."""

    spark: Any = None

    def undisturbed(self, night, files):
        loader = CheckpointLoader(str(self.nightly.checkpoint), device="cpu")
        # In one task: one process of this session loads the model.
        settings = {"run_id": f"night-{night}", "partitions": 1, "model_id": loader.verify(), "loader": loader}
        annotate(self.spark, self.folder / "calm", files, **settings)
        return look(self.folder / "calm"), PATIENCE_SEC

    def wait(self, process, kind, usual_sec):
        started = time.monotonic()
        while not list((self.folder / "w").glob("_staging/*/annotate/0000-*")):
            assert process.poll() is None, self.nightly.said()
            assert time.monotonic() - started < usual_sec, self.nightly.said()
            time.sleep(0.05)
        return time.monotonic() - started


def test_a_night_killed_ends_as_one_left_alone_and_readers_never_see_a_mix(spark, tmp_path):
    nightly = Nightly(tmp_path, tiny_checkpoint("lstm", tmp_path / "model"))
    trial = InTheMiddle(nightly, tmp_path, random.Random(3), spark=spark)
    lines = list(torment(trial, write_nights(tmp_path / "files", [text for _, text in TEXTS], 1), ("driver",)))
    assert trial.killed == {"driver": 1}, lines
