"""The numbers of a training run, per encoder; chosen on BioRED Dev."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from litcoin_batch.schema import ConfigError


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the result of a run besides its data."""

    epochs: int
    lr: float
    backbone_lr: float
    n_pieces: int  # vocabulary size; 0 keeps the backbone's
    batch_pieces: int = 4096  # padded pieces per batch
    accumulate: int = 1  # batches per optimiser step
    dropout: float = 0.3
    pair_width: int = 256
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.995  # decay of the running average per step: about the last 200 steps
    auxiliary_share: float = 1.0  # times the documents_per_epoch of each auxiliary corpus
    tag_weight: float = 1.0
    pair_weight: float = 1.0
    novel_weight: float = 0.5
    smoothing: float = 0.0


RECIPES = {
    "rnn": Recipe(epochs=24, lr=1e-3, backbone_lr=0.0, n_pieces=14_000),
    "lstm": Recipe(epochs=24, lr=2e-3, backbone_lr=0.0, n_pieces=14_000),
    "transformer": Recipe(epochs=20, lr=5e-4, backbone_lr=1e-4, n_pieces=0, dropout=0.2),
}


def change(recipe: Recipe, changes: tuple[str, ...]) -> Recipe:
    """``changes``: NAME=VALUE each. Raises ``ConfigError`` for another name or a value of another kind."""
    values = asdict(recipe)
    for item in changes:
        name, _, value = item.partition("=")
        if name not in values:
            raise ConfigError(f"--set {item!r}: the recipe has {', '.join(values)}")
        kind = type(values[name])
        try:
            values[name] = kind(value)
        except ValueError as error:
            raise ConfigError(f"--set {item!r}: expected {'a whole number' if kind is int else 'a number'}") from error
    return Recipe(**values)
