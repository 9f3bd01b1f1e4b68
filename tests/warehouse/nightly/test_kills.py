"""A night killed once; ``python tests/support/damage/kills.py`` does the same to many nights."""

from __future__ import annotations

import random

from damage.kills import Nightly, Trial, torment, write_nights
from tiny_models import TEXTS, tiny_checkpoint


def test_a_night_killed_ends_as_one_left_alone_and_readers_never_see_a_mix(tmp_path):
    nightly = Nightly(tmp_path, tiny_checkpoint("lstm", tmp_path / "model"))
    trial = Trial(nightly, tmp_path, random.Random(3))
    lines = list(torment(trial, write_nights(tmp_path / "files", [text for _, text in TEXTS], 1), ("driver",)))
    assert trial.killed == {"driver": 1}, lines
