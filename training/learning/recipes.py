"""The numbers of a training run, per encoder; chosen on BioRED Dev."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from litcoin_batch.model.layers.heads import HeadConfig
from litcoin_batch.model.layers.reader import ReaderConfig
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
    without: str = ""  # HeadConfig.without, commas between
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.995  # decay of the running average per step: about the last 200 steps
    auxiliary_share: float = 1.0  # times the parts_per_epoch of each auxiliary corpus
    auxiliary_relations: int = 0  # whether relations of auxiliary corpora are learnt from
    tag_weight: float = 1.0
    pair_weight: float = 1.0  # 0 trains recognition alone
    novel_weight: float = 0.5
    smoothing: float = 0.0
    subject_weight: float = 0.3
    keep_last: int = 0  # the last epoch instead of the best
    near_weight: float = 1.0  # LossWeights.near
    train_share: float = 1.0  # of the training documents, drawn anew each epoch
    frozen_layers: int = 0  # of a transformer, from the first one on; -1 keeps all of any encoder
    nearest: int = 3  # HeadConfig.nearest, and ReaderConfig from here on
    reader_layers: int = 2
    reader_width: int = 256  # 0 is that of the encoder
    reader_inner: int = 512
    reader_heads: int = 8
    reader_dropout: float = 0.2

    def heads(self) -> HeadConfig:
        reader = ReaderConfig(
            self.reader_layers, self.reader_width, self.reader_inner, self.reader_heads, self.reader_dropout
        )
        without = tuple(filter(None, self.without.split(",")))
        return HeadConfig(self.pair_width, self.dropout, without, self.nearest, reader)


_RNN = Recipe(
    epochs=7,
    lr=1e-3,
    backbone_lr=0.0,
    n_pieces=20_000,
    batch_pieces=3072,
    auxiliary_share=0.5,
    dropout=0.5,
    novel_weight=0.3,
    smoothing=0.05,
)
_TRANSFORMER = Recipe(
    epochs=6,
    lr=3e-4,
    backbone_lr=6e-5,
    n_pieces=20_000,
    batch_pieces=2048,
    auxiliary_share=0.6,
    dropout=0.4,
    tag_weight=2.0,
    novel_weight=0.3,
    smoothing=0.05,
    without="document_words",
    reader_width=0,
    reader_inner=1536,
    reader_heads=12,
    reader_dropout=0.1,
)
# The joint training that makes a checkpoint, and before it the recognition of mentions alone: the corpora that
# annotate mentions are many times larger than those with relations, and must not be repeated as often.
RECIPES = {"rnn": _RNN, "lstm": _RNN, "transformer": _TRANSFORMER}
_ALONE: dict[str, Any] = {"pair_weight": 0.0, "novel_weight": 0.0, "auxiliary_share": 3.0}
RECOGNITION = {
    "rnn": replace(_RNN, epochs=5, dropout=0.35, smoothing=0.0, **_ALONE),
    "lstm": replace(_RNN, epochs=5, lr=2e-3, dropout=0.35, smoothing=0.0, **_ALONE),
    "transformer": replace(
        _TRANSFORMER, epochs=4, lr=7e-4, backbone_lr=1.5e-4, dropout=0.2, smoothing=0.0, tag_weight=1.0, **_ALONE
    ),
}
# On an encoder that stays as it is, which makes a step cheap: many small batches, most of them of rule-made documents.
_READING: dict[str, Any] = {"frozen_layers": -1, "average": 0.99, "auxiliary_share": 0.1, "auxiliary_relations": 1}
_READING |= {"keep_last": 1, "near_weight": 3.0, "train_share": 0.35, "dropout": 0.3, "epochs": 3}
READING = {
    "rnn": replace(_RNN, batch_pieces=1536, **_READING),
    "lstm": replace(_RNN, batch_pieces=1536, **_READING),
    "transformer": replace(_TRANSFORMER, batch_pieces=1536, **_READING),
}
STAGES = {"recognition": RECOGNITION, "joint": RECIPES, "reading": READING}


def recipe_of(stage: str, encoder: str, changes: tuple[str, ...]) -> Recipe:
    """Raises ``ConfigError`` for a stage that the encoder has none of, and as ``change``."""
    if encoder not in STAGES[stage]:
        raise ConfigError(f"--stage {stage}: there is one for {' and '.join(STAGES[stage])}, not for {encoder}")
    return change(STAGES[stage][encoder], changes)


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
