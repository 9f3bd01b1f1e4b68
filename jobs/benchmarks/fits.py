"""What repeated measurements say: spreads, ratios, and a line through times that is extended to all of PubMed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from litcoin_batch.schema import ConfigError

# 97.5 % quantiles of Student's t with 1 to 30 degrees of freedom: two-sided intervals of 95 %.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spread:
    """Of repeats: ``median`` between ``low`` and ``high``, the smallest and the largest."""

    median: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Run:
    """A whole job: how many documents, on how many cores, in how many seconds."""

    documents: int
    cores: int
    sec: float

    @property
    def load(self) -> float:
        """Documents for each core."""
        return self.documents / self.cores


@dataclass(frozen=True, slots=True)
class Fit:
    """``sec = fixed_sec + core_sec * documents / cores`` by least squares over ``n`` runs.

    ``residual_sec`` is the standard deviation of a run from the line; ``mean_load`` and ``load_squares`` (the sum
    of squared distances from it) say where on the line the runs lie.
    """

    fixed_sec: float
    core_sec: float
    residual_sec: float
    n: int
    mean_load: float
    load_squares: float


@dataclass(frozen=True, slots=True)
class Projection:
    """Seconds that the line predicts, with the 95 % interval of the line there (never below 0)."""

    sec: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    values = list(values)
    return Spread(statistics.median(values), min(values), max(values), len(values))


def ratio(upper: Mapping[int, float], lower: Mapping[int, float]) -> Spread | None:
    """Turn by turn, as neighbours in time share their disturbances; None where no turn has both."""
    each = [value / lower[turn] for turn, value in upper.items() if turn in lower]
    return spread(each) if each else None


def efficiency(one_sec: Mapping[int, float], many_sec: Mapping[int, float], times: float) -> Spread | None:
    """Share of the ideal speed-up by ``times`` that is reached, turn by turn; 1 is ideal."""
    return ratio(one_sec, {turn: sec * times for turn, sec in many_sec.items()})


def fit_time(runs: Sequence[Run]) -> Fit:
    """Raises ``ConfigError`` where the runs do not decide a line and its error."""
    loads, secs = [run.load for run in runs], [run.sec for run in runs]
    if len(runs) < 3 or len(set(loads)) < 2:
        raise ConfigError(
            f"{len(runs)} runs of {len(set(loads))} different numbers of documents per core: a line and its error need"
            " at least 3 runs of 2 different ones"
        )
    mean_load, mean_sec = statistics.fmean(loads), statistics.fmean(secs)
    squares = sum((load - mean_load) ** 2 for load in loads)
    slope = sum((load - mean_load) * (sec - mean_sec) for load, sec in zip(loads, secs, strict=True)) / squares
    fixed = mean_sec - slope * mean_load
    missed = sum((sec - fixed - slope * load) ** 2 for load, sec in zip(loads, secs, strict=True))
    return Fit(
        fixed_sec=fixed,
        core_sec=slope,
        residual_sec=math.sqrt(missed / (len(runs) - 2)),
        n=len(runs),
        mean_load=mean_load,
        load_squares=squares,
    )


def project(fit: Fit, documents: float, cores: int) -> Projection:
    load = documents / cores
    sec = fit.fixed_sec + fit.core_sec * load
    error = fit.residual_sec * math.sqrt(1 / fit.n + (load - fit.mean_load) ** 2 / fit.load_squares)
    margin = t_quantile(fit.n - 2) * error
    return Projection(sec, max(0.0, sec - margin), sec + margin)


def t_quantile(degrees: int) -> float:
    """97.5 % quantile of Student's t; from 31 degrees of freedom on to within 0.001."""
    return _T[degrees - 1] if degrees <= len(_T) else 1.95996 + 2.3723 / degrees + 2.8225 / degrees**2
