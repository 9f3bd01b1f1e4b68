"""Are scores probabilities? Bins of predictions by score, and how far they are from the share that is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

N_BINS = 10


@dataclass(frozen=True, slots=True)
class Scored:
    """A prediction's score, and whether the gold annotation has it."""

    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Items whose score lies in [low, high): how many, their mean score, and the share that is right."""

    low: float
    high: float
    n: int
    score: float
    right: float


def bin_scores(scored: Sequence[Scored]) -> list[Bin]:
    """The filled ones of ``N_BINS`` bins of equal width."""
    bins: dict[int, list[Scored]] = {}
    for one in scored:
        bins.setdefault(min(int(one.score * N_BINS), N_BINS - 1), []).append(one)
    return [
        Bin(
            i / N_BINS,
            (i + 1) / N_BINS,
            len(some),
            sum(s.score for s in some) / len(some),
            sum(s.right for s in some) / len(some),
        )
        for i, some in sorted(bins.items())
    ]


def calibration_error(scores: ArrayLike, right: ArrayLike, n_bins: int = 15) -> float:
    """Expected calibration error, Guo et al. 2017 (arXiv:1706.04599), equation 3, over bins of equal width; 0 where nothing is scored."""
    scores, right = np.asarray(scores, float), np.asarray(right, float)
    bins = np.minimum((scores * n_bins).astype(int), n_bins - 1)
    inside = [bins == b for b in np.unique(bins)]
    return float(sum(i.mean() * abs(right[i].mean() - scores[i].mean()) for i in inside))
