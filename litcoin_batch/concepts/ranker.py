"""The ranker: which candidate a mention means, and how sure that is. Two linear models over named features."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from litcoin_batch.schema import ENTITY_TYPES, ContractError

SHIPPED = Path(__file__).resolve().parent / "ranker.json"
FORMAT = 1
SCORE_DECIMALS = 4
_PARTS = ("choice", "sureness", "least")


@dataclass(frozen=True, slots=True)
class Choice:
    """Concept ids that a mention may mean; ``score``: the share right of such choices; ``how`` they were found."""

    entity_ids: tuple[str, ...]
    score: float
    how: str = ""


@dataclass(frozen=True, slots=True)
class Ranker:
    """``choice``: weight of each feature of a candidate; the candidates of a mention share a softmax of their sums.

    ``sureness``: weights of a logistic model of whether the first candidate is right. ``least``: type -> the
    sureness below which a mention stays unresolved.
    """

    choice: Mapping[str, float] = field(default_factory=dict)
    sureness: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, path: str | os.PathLike[str] | None = None) -> Ranker:
        """``path``: None for the shipped one. Raises ``ContractError`` where it is missing or of another layout."""
        path = SHIPPED if path is None else Path(path)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            parts = [{str(name): float(value) for name, value in stored[part].items()} for part in _PARTS]
            found = stored["format"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ContractError(
                f"{path}: not a ranker written by training/concepts/train_linker.py ({error!r})"
            ) from error
        if found != FORMAT:
            raise ContractError(f"{path}: ranker of format {found}, this version of litcoin-batch reads {FORMAT}")
        strangers = sorted(parts[2].keys() - set(ENTITY_TYPES))
        if strangers:
            raise ContractError(f"{path}: least names {strangers}, known types are {', '.join(ENTITY_TYPES)}")
        return cls(*parts)

    def write(self, path: str | os.PathLike[str]) -> None:
        parts = {
            part: {name: round(value, 4) for name, value in sorted(getattr(self, part).items())} for part in _PARTS
        }
        Path(path).write_text(json.dumps({"format": FORMAT} | parts, indent=0) + "\n", encoding="utf-8")

    def score(self, features: Iterable[str]) -> float:
        weights = self.choice
        return sum(weights.get(feature, 0.0) for feature in features)

    def sure(self, features: Iterable[str], margin: float) -> float:
        """``margin``: log odds of the first candidate against all others together."""
        kind, *rest = features
        return self.sure_of(kind, self.weight(rest), margin)

    def weight(self, features: Iterable[str]) -> float:
        """What ``features`` add to the sureness: parts of it may be added up."""
        weights = self.sureness
        return sum(weights.get(feature, 0.0) for feature in features)

    def sure_of(self, kind: str, weight: float, margin: float) -> float:
        """``sure`` where the features but for the first have the ``weight``."""
        total = self.sureness.get(kind, 0.0) + self.sureness.get(f"{kind}:margin", 0.0) * margin + weight
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def log_odds(scores: Sequence[float]) -> float:
    """Of the first of some softmax scores against the others, within [-6, 6]."""
    if len(scores) == 1:
        return 6.0
    top = max(scores[1:])
    others = top + math.log(sum(math.exp(s - top) for s in scores[1:]))
    return max(-6.0, min(6.0, scores[0] - others))
