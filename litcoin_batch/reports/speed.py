"""The pages of ``jobs/benchmark.py``: one table of figures in Markdown, and everything with plots in HTML."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from litcoin_batch.reports.charts import INK, LINES, Labels, draw, grouped_bars
from litcoin_batch.reports.page import Html, Page, join, paragraph, table

HEADER = ("figure", "checkpoint", "median", "range")
Figure = tuple[str, str, float, float, float]


def markdown(figures: Sequence[Figure], facts: str) -> str:
    """``figures``: what, checkpoint, median, smallest, largest."""
    lines = [f"| {' | '.join(HEADER)} |", "|---" * len(HEADER) + "|"]
    lines += [
        f"| {what} | {name} | {_number(m)} | {_number(low)} to {_number(high)} |"
        for what, name, m, low, high in figures
    ]
    return "\n".join([facts, "", *lines, ""])


def speed_page(
    figures: Sequence[Figure], rates: Mapping[str, Mapping[int, float]], rows: Sequence[Mapping], facts: str
) -> str:
    """``rates``: checkpoint -> cores -> documents per second; ``rows``: the measurements that count."""
    page = Page("Benchmark", facts)
    page.add(
        "Figures",
        table(
            HEADER,
            [(what, name, _number(m), f"{_number(low)} to {_number(high)}") for what, name, m, low, high in figures],
            "Medians over turns",
        ),
    )
    charts = plots(rates, rows)
    for title, name in (
        ("Documents per second", "throughput"),
        ("Time of a worker by stage", "stages"),
        ("Padding", "padding"),
    ):
        page.add(title, charts.get(name, paragraph("Not measured.")))
    page.add("Steps of a job", _steps(rows))
    page.add("Memory", _memory(rows), *_memory_of_longest(rows))
    return page.render()


def plots(rates: Mapping[str, Mapping[int, float]], rows: Sequence[Mapping]) -> dict[str, Html]:
    """The charts of what was measured, by the names of their files; arguments as of ``speed_page``."""
    stages = [row for row in rows if row["what"] == "stages"]
    found = {"throughput": _against_cores(rates)} if any(rates.values()) else {}
    return found | ({"stages": _stages(stages), "padding": _padding(stages)} if stages else {})


def _against_cores(rates: Mapping[str, Mapping[int, float]]) -> Html:
    def paint(axes: Axes) -> None:
        for (checkpoint, found), (dash, marker) in zip(rates.items(), LINES, strict=False):
            cores = sorted(found)
            if cores:
                axes.plot(
                    cores,
                    [found[n] for n in cores],
                    color=INK,
                    linestyle=dash,
                    marker=marker,
                    linewidth=1.6,
                    label=checkpoint,
                )
                axes.plot(
                    cores,
                    [found[cores[0]] * n / cores[0] for n in cores],
                    color="#9a9a9a",
                    linewidth=0.9,
                    label=f"{checkpoint}, ideal",
                )
        axes.set_xticks(sorted({n for found in rates.values() for n in found}))
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return draw(paint, Labels("Whole Spark job in steady state", "cores", "documents per second"))


def _stages(measured: Sequence[Mapping]) -> Html:
    series: dict[str, list[float]] = {}
    names = list(measured[0]["sec"])
    for checkpoint, precision in dict.fromkeys((row["checkpoint"], row["precision"]) for row in measured):
        chosen = [row for row in measured if (row["checkpoint"], row["precision"]) == (checkpoint, precision)]
        label = f"{checkpoint}, {precision}"
        series[label] = [
            1000 * statistics.median(row["sec"][name] / row["documents"] for row in chosen) for name in names
        ]
    return grouped_bars(names, series, Labels("Milliseconds per document in one thread", "ms"), lambda ms: f"{ms:.2f}")


def _padding(measured: Sequence[Mapping]) -> Html:
    of = {row["checkpoint"]: row for row in measured}
    series = {
        "by length, bounded by padded pieces (ours)": [row["padded_pieces"] / row["pieces"] for row in of.values()],
        "batches of 32 in order of arrival": [row["padding_in_order"] for row in of.values()],
    }
    return grouped_bars(
        list(of), series, Labels("Padded by real pieces: 1 is no waste", "ratio"), lambda ratio: f"{ratio:.3f}"
    )


def _steps(rows: Sequence[Mapping]) -> Html:
    jobs = [row for row in rows if row["what"] == "job"]
    cells = [
        (
            row["checkpoint"],
            row["cores"],
            row["size"],
            row["turn"],
            row["sec"],
            *(row["steps"].get(step) for step in ("read", "keys", "annotate", "write", "plan")),
            row["balance"],
        )
        for row in jobs
    ]
    return table(
        (
            "checkpoint",
            "cores",
            "documents",
            "turn",
            "seconds",
            "read",
            "keys",
            "annotate",
            "write",
            "plan",
            "longest / median task",
        ),
        cells,
        "Jobs",
    )


def _memory(rows: Sequence[Mapping]) -> Html:
    jobs = [row for row in rows if row["what"] == "job"]
    cells = [
        (
            row["checkpoint"],
            row["cores"],
            row["size"],
            *(_megabytes(row["memory"].get(key)) for key in ("driver_bytes", "jvm_bytes", "worker_bytes")),
        )
        for row in jobs
    ]
    return join(
        (
            paragraph("Peaks in MB; of Python workers the largest."),
            table(("checkpoint", "cores", "documents", "driver", "JVM", "worker"), cells, "Peak memory"),
        )
    )


def _memory_of_longest(rows: Sequence[Mapping]) -> list[Html]:
    jobs = sorted((row for row in rows if row["what"] == "job"), key=lambda row: row["sec"])
    return [
        memory_over_time(
            row["memory_over_time"], f"{row['checkpoint']}, {row['documents']:,} documents, {row['cores']} cores"
        )
        for row in jobs[-1:]
    ]


def memory_over_time(samples: Mapping[str, Sequence[float]], name: str) -> Html:
    """``samples``: columns sec, jvm_bytes, worker_bytes and workers_bytes."""
    series = {"JVM": "jvm_bytes", "all Python workers": "workers_bytes", "largest Python worker": "worker_bytes"}

    def paint(axes: Axes) -> None:
        for (label, key), (dash, _) in zip(series.items(), LINES, strict=False):
            axes.plot(
                samples["sec"], [n / 1e6 for n in samples[key]], color=INK, linestyle=dash, linewidth=1.4, label=label
            )
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    return draw(paint, Labels(f"Resident memory: {name}", "seconds since the job began", "MB"))


def _megabytes(n_bytes: int | None) -> int | None:
    return None if n_bytes is None else round(n_bytes / 1e6)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
