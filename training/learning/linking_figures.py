"""What linking is worth: share exactly right, precision of what is resolved, and how far ``id_score`` is from the share right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from litcoin_batch.schema import ENTITY_TYPES
from training.learning.reliability import N_BINS, calibration_error


class Outcome(NamedTuple):
    """One gold mention: resolved to concepts, exactly the gold ones, how surely; whether they were among the candidates."""

    type: str
    resolved: bool
    right: bool
    score: float
    reachable: bool = False


def figures_of(outcomes: Sequence[Outcome]) -> dict:
    figures = {"all": _figures(outcomes)}
    return figures | {type_: _figures([o for o in outcomes if o.type == type_]) for type_ in ENTITY_TYPES}


def _figures(outcomes: Sequence[Outcome]) -> dict:
    resolved = [o for o in outcomes if o.resolved]
    n_right = sum(o.right for o in outcomes)
    return {
        "n": len(outcomes),
        "right": _ratio(n_right, len(outcomes)),
        "resolved": _ratio(len(resolved), len(outcomes)),
        "precision": _ratio(n_right, len(resolved)),
        "reachable": _ratio(sum(o.reachable for o in outcomes), len(outcomes)),
        "calibration_error": calibration_error([o.score for o in resolved], [o.right for o in resolved], N_BINS),
    }


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def table(figures: dict) -> str:
    """For the terminal."""
    names = ("n", "right", "resolved", "precision", "calibration_error")
    lines = [f"{'':<28}" + "".join(f"{name.replace('_', ' '):>19}" for name in names)]
    for type_ in ("all", *ENTITY_TYPES):
        one = figures[type_]
        lines.append(f"{type_:<28}{one['n']:>19}" + "".join(f"{one[name]:>19.4f}" for name in names[1:]))
    return "\n".join(lines)
