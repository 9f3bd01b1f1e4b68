"""Loss and score curves of a training run as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

LOSSES = ("tag", "pair", "novel")
SCORES = ("ner", "pair", "pair_type", "pair_type_novelty")
# Told apart without colour.
STYLES = ("-", "--", "-.", ":")


def draw_curves(history: Sequence[dict], path: Path) -> None:
    """``history``: one row per epoch with the keys of ``LOSSES`` and ``SCORES`` (a loss "pair" is "pair_loss")."""
    epochs = [row["epoch"] for row in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for name, style in zip(LOSSES, STYLES, strict=False):
        left.plot(epochs, [row.get(f"{name}_loss", float("nan")) for row in history], style, label=name)
    left.set(title="Training loss, weighted", xlabel="epoch", ylabel="loss", yscale="log")
    for name, style in zip(SCORES, STYLES, strict=False):
        right.plot(epochs, [row[name] for row in history], style, label=name.replace("_", " + "))
    right.set(title="Development set, running average of weights", xlabel="epoch", ylabel="F1", ylim=(0, 1))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
