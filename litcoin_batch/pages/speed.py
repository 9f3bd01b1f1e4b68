"""The pages of ``jobs/benchmark.py``: one table of figures in Markdown, and everything with plots in HTML."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from litcoin_batch.pages.charts import INK, LINES, Labels, draw, grouped_bars
from litcoin_batch.pages.page import Html, Page, join, paragraph, table

HEADER = ("figure", "checkpoint", "median", "range")
Figure = tuple[str, str, float, float, float]


def markdown(figures: Sequence[Figure], facts: str) -> str:
    """``figures``: what, checkpoint, median, smallest, largest."""
    lines = [f"| {' | '.join(HEADER)} |", "|---" * len(HEADER) + "|"]
    lines += [f"| {what} | {name} | {_number(m)} | {_number(low)} to {_number(high)} |" for what, name, m, low, high in figures]
    return "\n".join([facts, "", *lines, ""])


def speed_page(figures: Sequence[Figure], rates: Mapping[str, Mapping[int, float]], rows: Sequence[Mapping], facts: str) -> str:
    """``rates``: checkpoint -> cores -> documents per second; ``rows``: the measurements that count."""
    page = Page("Benchmark", facts)
    page.add("Figures", table(HEADER, [(what, name, _number(m), f"{_number(low)} to {_number(high)}") for what, name, m, low, high in figures], "Medians over turns"))
    page.add("Documents per second", *(_against_cores(name, found) for name, found in rates.items() if found))
    page.add("Time of a worker by stage", _stages(rows))
    page.add("Padding", _padding(rows))
    page.add("Steps of a job", _steps(rows))
    page.add("Memory", _memory(rows), *_memory_of_longest(rows))
    return page.render()


def _against_cores(name: str, rates: Mapping[int, float]) -> Html:
    cores = sorted(rates)

    def paint(axes: Axes) -> None:
        ideal = [rates[cores[0]] * n / cores[0] for n in cores]
        axes.plot(cores, ideal, color=INK, linestyle="--", linewidth=1.0, label="ideal")
        axes.plot(cores, [rates[n] for n in cores], color=INK, marker="o", linewidth=1.6, label="measured")
        axes.set_xticks(cores)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    return draw(paint, Labels(f"{name}: whole Spark job", "cores", "documents per second"))


def _stages(rows: Sequence[Mapping]) -> Html:
    measured = [row for row in rows if row["what"] == "stages"]
    series: dict[str, list[float]] = {}
    names = list(measured[0]["sec"]) if measured else []
    for checkpoint, precision in dict.fromkeys((row["checkpoint"], row["precision"]) for row in measured):
        chosen = [row for row in measured if (row["checkpoint"], row["precision"]) == (checkpoint, precision)]
        label = f"{checkpoint}, {precision}"
        series[label] = [1000 * statistics.median(row["sec"][name] / row["documents"] for row in chosen) for name in names]
    if not series:
        return paragraph("Not measured.")
    return grouped_bars(names, series, Labels("Milliseconds per document in one thread", "ms"), lambda ms: f"{ms:.2f}")


def _padding(rows: Sequence[Mapping]) -> Html:
    measured = {row["checkpoint"]: row for row in rows if row["what"] == "stages"}
    if not measured:
        return paragraph("Not measured.")
    series = {
        "by length, bounded by padded pieces (ours)": [row["padded_pieces"] / row["pieces"] for row in measured.values()],
        "batches of 32 in order of arrival": [row["padding_in_order"] for row in measured.values()],
    }
    return grouped_bars(list(measured), series, Labels("Padded by real pieces: 1 is no waste", "ratio"), lambda ratio: f"{ratio:.3f}")


def _steps(rows: Sequence[Mapping]) -> Html:
    jobs = [row for row in rows if row["what"] == "job"]
    cells = [
        (row["checkpoint"], row["cores"], row["size"], row["turn"], row["sec"], *(row["steps"].get(step) for step in ("read", "fold", "annotate", "write", "plan")), row["balance"])
        for row in jobs
    ]
    return table(("checkpoint", "cores", "documents", "turn", "seconds", "read", "fold", "annotate", "write", "plan", "longest / median task"), cells, "Jobs")


def _memory(rows: Sequence[Mapping]) -> Html:
    jobs = [row for row in rows if row["what"] == "job"]
    cells = [(row["checkpoint"], row["cores"], row["size"], *(_megabytes(row["memory"].get(key)) for key in ("driver_bytes", "jvm_bytes", "worker_bytes"))) for row in jobs]
    return join((paragraph("Peaks in MB; of Python workers the largest."), table(("checkpoint", "cores", "documents", "driver", "JVM", "worker"), cells, "Peak memory")))


def _memory_of_longest(rows: Sequence[Mapping]) -> list[Html]:
    jobs = sorted((row for row in rows if row["what"] == "job"), key=lambda row: row["sec"])
    return [memory_over_time(row["memory_over_time"], f"{row['checkpoint']}, {row['documents']:,} documents, {row['cores']} cores") for row in jobs[-1:]]


def memory_over_time(samples: Mapping[str, Sequence[float]], name: str) -> Html:
    """``samples``: columns sec, jvm_bytes, worker_bytes and workers_bytes."""
    series = {"JVM": "jvm_bytes", "all Python workers": "workers_bytes", "largest Python worker": "worker_bytes"}

    def paint(axes: Axes) -> None:
        for (label, key), (dash, _) in zip(series.items(), LINES, strict=False):
            axes.plot(samples["sec"], [n / 1e6 for n in samples[key]], color=INK, linestyle=dash, linewidth=1.4, label=label)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    return draw(paint, Labels(f"Resident memory: {name}", "seconds since the job began", "MB"))


def _megabytes(n_bytes: int | None) -> int | None:
    return None if n_bytes is None else round(n_bytes / 1e6)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
