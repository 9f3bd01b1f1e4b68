"""Charts as SVG for ``page``: readable in greyscale, with numbers beside what they count, the same bytes every time.

Bars differ by hatch, lines by dash and marker, shades by the number printed on them; never by colour alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from litcoin_batch.reports.page import Html

matplotlib.use("Agg")

WIDTH_INCHES = 9.4
# Told apart without colour: fill, hatch.
FILLS = (("#bdbdbd", ""), ("#ffffff", "////"), ("#6e6e6e", ""), ("#ffffff", "xx"))
LINES = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (6, 1, 1, 1, 1, 1)), "v"), ((0, (1, 1)), "x"))
INK = "#1a1a1a"
_RC = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: it can be searched, and every browser has a font for it
    "svg.hashsalt": "litcoin-batch",
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
}
N_BINS = 30
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Labels:
    """What a chart and its axes are called, units included."""

    title: str
    x: str
    y: str = ""


def draw(paint: Callable[[Axes], None], labels: Labels, height: float = 3.3) -> Html:
    """The SVG of one set of axes that ``paint`` fills; ``height`` in inches."""
    with matplotlib.rc_context(_RC):
        figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(labels.title)
        axes.set_xlabel(labels.x)
        axes.set_ylabel(labels.y)
        paint(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(out.getvalue(), labels.title)


def _inline(svg: str, title: str) -> Html:
    """Without what only a separate file needs, name spaces with their addresses among it."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    # A page holds many charts: what refers to a part of one must not find that of another.
    salt = re.sub(r"\W+", "-", title.lower()).strip("-")
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{salt}-", svg)
    return Html(svg.replace("<svg", '<svg role="img"', 1).strip())


def as_file(chart: Html) -> str:
    """A chart by itself, for a file."""
    return chart.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1) + "\n"


def histogram(groups: Mapping[str, Sequence[float]], labels: Labels, marks: Mapping[str, float] | None = None) -> Html:
    """Counts per bin of one group, or shares per bin of several; ``marks``: named vertical lines.

    A far tail, beyond one and a half times the 95th percentile, is left out and its size printed.
    """
    values = np.concatenate([np.asarray(v, float) for v in groups.values()])
    edges = bin_edges(values)
    several = len(groups) > 1
    labels = Labels(labels.title, labels.x, f"share of {labels.y} [%]" if several else f"number of {labels.y}")

    def paint(axes: Axes) -> None:
        written = []
        for index, (name, group) in enumerate(groups.items()):
            counts = np.histogram(group, edges)[0] * (100 / max(1, len(group)) if several else 1)
            label = f"{name} (n = {len(group):,})"
            written.append(label)
            if index == 0:
                axes.bar(
                    edges[:-1],
                    counts,
                    np.diff(edges),
                    align="edge",
                    color="#bdbdbd",
                    edgecolor=INK,
                    linewidth=0.6,
                    label=label,
                )
            else:
                axes.stairs(
                    counts, edges, color=INK, linewidth=1.8, linestyle=LINES[(index - 1) % len(LINES)][0], label=label
                )
        for index, (name, place) in enumerate((marks or {}).items()):
            if edges[0] <= place <= edges[-1]:
                written.append(f"{name}: {place:,.10g}")
                axes.axvline(
                    place, color=INK, linewidth=1.4, linestyle=LINES[(index + 2) % len(LINES)][0], label=written[-1]
                )
        if beyond := int((values > edges[-1]).sum()):
            written.append(f"{beyond:,} beyond {edges[-1]:,.10g} not drawn, up to {values.max():,.10g}")
            axes.plot([], [], " ", label=written[-1])
        axes.set_xlim(edges[0], edges[-1])
        axes.grid(axis="y", alpha=0.35)
        handles, names = axes.get_legend_handles_labels()
        order = sorted(range(len(names)), key=lambda i: written.index(names[i]))
        axes.legend([handles[i] for i in order], [names[i] for i in order], loc="upper right")

    return draw(paint, labels)


def bin_edges(values: np.ndarray) -> np.ndarray:
    """About ``N_BINS`` bins with round borders; whole numbers get bins of whole numbers, centred on them where each has its own."""
    low, high = float(values.min()), float(values.max())
    bound = 1.5 * float(np.percentile(values, 95))
    high = bound if low < bound < 0.8 * high else high
    rough = max(high - low, 1e-9) / N_BINS
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(s * power for s in _STEPS if s * power >= rough * 0.999)
    if np.all(values == np.round(values)):
        step = max(1.0, np.ceil(step))
    first = np.floor(low / step) * step
    edges = first + step * np.arange(int((high - first) // step) + 2)
    return edges - 0.5 if step == 1 else edges


def bars(counts: Mapping[str, float], labels: Labels, text: Callable[[float], str]) -> Html:
    """Horizontal bars from the top in the given order, with ``text`` of each value at its end."""
    names, values = list(counts), list(counts.values())

    def paint(axes: Axes) -> None:
        places = np.arange(len(names))
        axes.barh(places, values, color="#bdbdbd", edgecolor=INK, linewidth=0.6, height=0.72)
        for place, value in zip(places, values, strict=True):
            axes.annotate(text(value), (value, place), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.margins(x=0.16)
        axes.set_xlim(left=0)
        axes.grid(axis="x", alpha=0.35)

    return draw(paint, labels, 1.1 + 0.3 * len(names))


def grouped_bars(
    names: Sequence[str], series: Mapping[str, Sequence[float]], labels: Labels, text: Callable[[float], str]
) -> Html:
    """Several horizontal bars per name, one for each of ``series``."""
    height = 0.8 / len(series)

    def paint(axes: Axes) -> None:
        places = np.arange(len(names))
        for index, (label, values) in enumerate(series.items()):
            fill, hatch = FILLS[index % len(FILLS)]
            at = places - 0.4 + height * (index + 0.5)
            axes.barh(at, values, height, color=fill, hatch=hatch, edgecolor=INK, linewidth=0.6, label=label)
            for place, value in zip(at, values, strict=True):
                axes.annotate(text(value), (value, place), (3, 0), textcoords="offset points", va="center", fontsize=8)
        axes.set_yticks(places, names)
        axes.invert_yaxis()
        axes.margins(x=0.08)
        axes.set_xlim(left=0)
        axes.grid(axis="x", alpha=0.35)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return draw(paint, labels, 1.1 + 0.22 * len(series) * len(names) + 0.1 * len(names))


def stacked_shares(parts: Mapping[str, Mapping[str, int]], labels: Labels) -> Html:
    """For each name one bar of 100 %, cut into the same parts, each with its count."""
    kinds = list(next(iter(parts.values())))

    def paint(axes: Axes) -> None:
        totals = [max(1, sum(counts.values())) for counts in parts.values()]
        left = np.zeros(len(parts))
        for kind, (fill, hatch) in zip(kinds, FILLS, strict=False):
            share = np.asarray(
                [100 * counts[kind] / total for counts, total in zip(parts.values(), totals, strict=True)]
            )
            axes.barh(
                range(len(parts)), share, 0.72, left, color=fill, hatch=hatch, edgecolor=INK, linewidth=0.6, label=kind
            )
            for place, (counts, begin, width) in enumerate(zip(parts.values(), left, share, strict=True)):
                if width > 4:
                    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                    axes.text(begin + width / 2, place, f"{counts[kind]:,}", ha="center", va="center", bbox=box)
            left += share
        axes.set_yticks(range(len(parts)), list(parts))
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return draw(paint, labels, 1.2 + 0.32 * len(parts))


def boxes(groups: Mapping[str, Sequence[float]], labels: Labels, mark: tuple[str, float] | None = None) -> Html:
    """Per group: whiskers from the 5th to the 95th percentile, box from the 25th to the 75th, line at the median."""
    stats = []
    for name, values in groups.items():
        low, q1, median, q3, high = np.percentile(values, (5, 25, 50, 75, 95)).tolist()
        stats.append(
            {
                "label": f"{name}\n(n = {len(values):,})",
                "whislo": low,
                "q1": q1,
                "med": median,
                "q3": q3,
                "whishi": high,
            }
        )

    def paint(axes: Axes) -> None:
        styles: dict[str, Any] = {
            "boxprops": {"facecolor": "#d9d9d9", "edgecolor": INK},
            "medianprops": {"color": INK, "linewidth": 2.2},
        }
        axes.bxp(stats, orientation="horizontal", showfliers=False, patch_artist=True, widths=0.55, **styles)
        for place, one in enumerate(stats, 1):
            axes.annotate(
                f"{one['med']:,.0f}",
                (one["med"], place + 0.3),
                (0, -1),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=8.5,
            )
        if mark:
            axes.axvline(mark[1], color=INK, linewidth=1.4, linestyle=":")
            axes.text(
                mark[1],
                1.01,
                f"{mark[0]}: {mark[1]:,.0f}",
                transform=axes.get_xaxis_transform(),
                ha="left",
                va="bottom",
                fontsize=8.5,
            )
            axes.set_title(labels.title, pad=20)
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.grid(axis="x", alpha=0.35)

    return draw(paint, labels, 1.1 + 0.55 * len(groups))
