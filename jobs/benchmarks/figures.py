"""From rows of measurements to the figures that are claimed: ratios turn by turn, with their spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.fits import Fit, Projection, Run, Spread, efficiency, fit_time, project, ratio, spread

_DAY_SEC = 86_400


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of turns that count."""

    all: Sequence[dict]

    @classmethod
    def of(cls, rows: Iterable[dict]) -> Rows:
        return cls([row for row in rows if row.get("turn")])

    def by_turn(self, what: str, value: Callable[[dict], float], **settings: object) -> dict[int, float]:
        """Turn -> value of the row with these settings."""
        chosen = [row for row in self.all if row["what"] == what and all(row.get(k) == v for k, v in settings.items())]
        return {row["turn"]: value(row) for row in chosen}

    def values(self, key: str, what: str) -> list:
        return list(dict.fromkeys(row[key] for row in self.all if row["what"] == what and key in row))


def per_document(row: dict) -> float:
    return row["sec"] / row["documents"]


def outside(row: dict) -> float:
    return row["outside_share"]


def padding(row: dict) -> float:
    return row["padded_pieces"] / row["pieces"]


def computed(row: dict) -> float:
    return row["computed_pieces"] / row["pieces"]


def model_sec(row: dict) -> float:
    return (row["sec"]["encode"] + row["sec"]["heads"]) / row["documents"]


def worker_rate(row: dict) -> float:
    return row["documents"] / row["worker_sec"]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one checkpoint, by cores: ``rate``, documents per second of the whole job in steady state; ``cold_start``, seconds of
    a first job with a few documents, the session's start not included. None: not measured.
    """

    checkpoint: str
    rate: dict[int, Spread]
    cold_start: dict[int, Spread]
    of_bare_encoder: Spread | None
    of_bare_model: Spread | None
    of_pair_marker: Spread | None
    of_documented: dict[str, Spread]
    of_float32: Spread | None
    scaling: dict[int, Spread]
    padding: Spread | None
    computed: Spread | None
    outside: Spread | None
    fit: Fit | None
    projections: dict[int, Projection]


def figures_of(
    rows: Rows, checkpoint: str, precisions: Sequence[str], million_abstracts: float, projected_cores: Sequence[int]
) -> Figures:
    """Steady state: what each further document costs, so that what a job costs once is left out of it."""
    mine = {"checkpoint": checkpoint}
    cores, sizes = sorted(rows.values("cores", "job")), sorted(rows.values("size", "job"))
    further = {n: _further_sec(rows, checkpoint, n, sizes) for n in cores}
    bare = rows.by_turn("bare encoder", per_document, **mine, precision=precisions[0])
    marker = rows.by_turn("pair marker", per_document, **mine)
    one = further[cores[0]]
    times = {turn: sec * cores[0] for turn, sec in one.items()}
    stages = {p: rows.by_turn("stages", worker_rate, **mine, precision=p) for p in precisions}
    runs = [
        Run(row["documents"], row["cores"], row["sec"])
        for row in rows.all
        if row["what"] == "job" and row["checkpoint"] == checkpoint
    ]
    fit = fit_time(runs) if len(sizes) > 1 and len(runs) > 2 else None
    largest = {n: rows.by_turn("job", lambda row: row["sec"], **mine, cores=n, size=sizes[-1]) for n in cores}
    scaling = {n: efficiency(largest[cores[0]], largest[n], n / cores[0]) for n in cores[1:]}
    return Figures(
        checkpoint=checkpoint,
        rate={n: spread(1 / sec for sec in secs.values()) for n, secs in further.items() if secs},
        cold_start={
            n: found
            for n in cores
            if (found := _spread(rows.by_turn("cold start", lambda row: row["sec"], **mine, cores=n)))
        },
        of_bare_encoder=ratio(bare, times),
        of_bare_model=ratio(rows.by_turn("stages", model_sec, **mine, precision=precisions[0]), times),
        of_pair_marker=ratio(marker, times),
        of_documented=_documented(rows, checkpoint),
        of_float32=ratio(stages[precisions[0]], stages["float32"]) if "float32" in stages else None,
        scaling={n: found for n, found in scaling.items() if found},
        padding=_spread(rows.by_turn("stages", padding, **mine, precision=precisions[0])),
        computed=_spread(rows.by_turn("stages", computed, **mine, precision=precisions[0])),
        outside=_spread(rows.by_turn("stages", outside, **mine, precision=precisions[0])),
        fit=fit,
        projections={n: project(fit, million_abstracts * 1e6, n) for n in projected_cores} if fit else {},
    )


def _further_sec(rows: Rows, checkpoint: str, cores: int, sizes: Sequence[int]) -> dict[int, float]:
    """Turn -> seconds of each document by which the largest corpus exceeds the smallest; of the whole where there is one size."""
    sec = {
        size: rows.by_turn("job", lambda row: row["sec"], checkpoint=checkpoint, cores=cores, size=size)
        for size in sizes
    }
    small, large = sizes[0], sizes[-1]
    if small == large:
        return {turn: value / large for turn, value in sec[large].items()}
    found = {
        turn: (value - sec[small][turn]) / (large - small) for turn, value in sec[large].items() if turn in sec[small]
    }
    return {turn: value for turn, value in found.items() if value > 0}


def _documented(rows: Rows, checkpoint: str) -> dict[str, Spread]:
    chosen = [row for row in rows.all if row["what"] == "recognition" and row["checkpoint"] == checkpoint]
    ways = [name for name in (chosen[0]["sec_by_way"] if chosen else ()) if name != "ours"]
    return {name: spread(row["sec_by_way"][name] / row["sec_by_way"]["ours"] for row in chosen) for name in ways}


def _spread(values: dict[int, float]) -> Spread | None:
    return spread(values.values()) if values else None


def days(projection: Projection) -> tuple[float, float, float]:
    return projection.sec / _DAY_SEC, projection.low / _DAY_SEC, projection.high / _DAY_SEC
