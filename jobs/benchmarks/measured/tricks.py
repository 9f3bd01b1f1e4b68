"""What is done for speed alone, each with a way to leave it out: see ``jobs/benchmark_arithmetic.py``.

Nothing of the package knows of it: what a trick exchanges is exchanged back while it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from litcoin_batch.model import annotator as annotators
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.cpu import int8
from litcoin_batch.model.layers import encoders, reader
from litcoin_batch.model.network import JointModel

_RECURRENT, _TRANSFORMER = ("rnn", "lstm"), ("transformer",)
_UNBOUNDED = 10**9


@dataclass(frozen=True, slots=True)
class Side:
    """One of two ways to compute: ``loading`` is what an annotator is loaded in, ``computing`` what one is used in."""

    precision: str
    loading: Callable[[], AbstractContextManager] = nullcontext
    computing: Callable[[Annotator], AbstractContextManager] = nullcontext


@dataclass(frozen=True, slots=True)
class Trick:
    """``least_same``: share of mentions and relations that both sides find, at least; ``most_apart``: between their scores."""

    name: str
    used: Side
    left_out: Side
    encoders: tuple[str, ...] = (*_RECURRENT, *_TRANSFORMER)
    least_same: float = 1.0
    most_apart: float = 0.0


@contextmanager
def exchanged(place: Any, name: str, other: object) -> Iterator[None]:
    """``place.name`` is ``other`` meanwhile."""
    before = getattr(place, name)
    setattr(place, name, other)
    try:
        yield
    finally:
        setattr(place, name, before)


@contextmanager
def _rounded_by_each(annotator: Annotator) -> Iterator[None]:
    """Every layer turns its input into bytes, also where its neighbours take the same."""
    inputs = {id(given): given for part in annotator.model.modules() if (given := getattr(part, "given", None))}
    kept = {key: given._n_takers for key, given in inputs.items()}
    for given in inputs.values():
        given._n_takers = 1
    try:
        yield
    finally:
        for key, given in inputs.items():
            given._n_takers = kept[key]


def _unfused() -> AbstractContextManager:
    return exchanged(int8, "_fuse_feed_forward", lambda layer, linear: None)


@contextmanager
def _heads_in_32_bits() -> Iterator[None]:
    def to_int8(model: JointModel, ranges: dict) -> None:
        model._part_products()
        layers = {name: part for name, part in model._in_int8().items() if name.startswith("encoder.")}
        int8.to_int8(model, layers, {name: ranges[name] for name in layers})

    with exchanged(JointModel, "to_int8", to_int8):
        yield


@contextmanager
def _own_steps(annotator: Annotator) -> Iterator[None]:
    """As in 8 bits, where weights are turned once and not for each batch."""
    model = deepcopy(annotator.model)
    model.encoder.part_products()
    with exchanged(annotator, "model", model):
        yield


def _exchange(place: Any, name: str, other: object) -> Callable[[Annotator], AbstractContextManager]:
    return lambda annotator: exchanged(place, name, other)


_in_8, _in_32 = partial(Side, "int8"), partial(Side, "float32")
_LAST_DIGITS = 2e-4
TRICKS = (
    Trick(name="8-bit integers", used=_in_8(), left_out=_in_32(), least_same=0.9, most_apart=1.0),
    Trick(
        name="bytes from layer to layer",
        used=_in_8(),
        left_out=_in_8(_unfused),
        encoders=_TRANSFORMER,
        least_same=0.9,
        most_apart=1.0,
    ),
    Trick(name="one rounding for layers of one input", used=_in_8(), left_out=_in_8(computing=_rounded_by_each)),
    Trick(name="heads in 8 bits, too", used=_in_8(), left_out=_in_8(_heads_in_32_bits), least_same=0.9, most_apart=1.0),
    Trick(
        name="own steps of recurrences",
        used=_in_32(computing=_own_steps),
        left_out=_in_32(computing=_exchange(encoders, "is_fast", lambda weight: False)),
        encoders=_RECURRENT,
        least_same=0.999,
        most_apart=_LAST_DIGITS,
    ),
    Trick(
        name="8 bits with own steps, to torch's in 32 bits",
        used=_in_8(),
        left_out=_in_32(computing=_exchange(encoders, "is_fast", lambda weight: False)),
        encoders=_RECURRENT,
        least_same=0.9,
        most_apart=1.0,
    ),
    Trick(
        name="passes that stay in the cache",
        used=_in_8(),
        left_out=_in_8(computing=_exchange(encoders, "PIECES_IN_CACHE", _UNBOUNDED)),
        encoders=_TRANSFORMER,
    ),
    Trick(
        name="denormals flushed",
        used=_in_8(),
        left_out=_in_8(computing=_exchange(annotators, "without_denormals", nullcontext)),
        least_same=0.999,
        most_apart=_LAST_DIGITS,
    ),
    Trick(
        name="mention pairs by sentence",
        used=_in_8(),
        left_out=_in_8(computing=_exchange(reader, "_is_worth_joining", lambda block, group: True)),
        least_same=0.999,
        most_apart=_LAST_DIGITS,
    ),
    Trick(
        name="groups of mention pairs joined",
        used=_in_8(),
        left_out=_in_8(computing=_exchange(reader, "_is_worth_joining", lambda block, group: False)),
        least_same=0.999,
        most_apart=_LAST_DIGITS,
    ),
    Trick(
        name="mention pairs that stay in the cache",
        used=_in_8(),
        left_out=_in_8(computing=_exchange(reader, "PAIRS_IN_CACHE", _UNBOUNDED)),
        least_same=0.999,
        most_apart=_LAST_DIGITS,
    ),
    # Costs time; what it is worth in memory is measured apart.
    Trick(
        name="memory handed back",
        used=_in_8(),
        left_out=_in_8(computing=_exchange(annotators, "give_back_memory", lambda: None)),
    ),
)
