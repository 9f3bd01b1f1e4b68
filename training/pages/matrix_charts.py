"""Charts of a trained model and of tables: heat maps with numbers, curves, reliability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from litcoin_batch.reports.charts import INK, LINES, Labels, draw
from litcoin_batch.reports.page import Html
from training.learning.reliability import Bin


def heat_map(
    rows: Sequence[str], columns: Sequence[str], counts: np.ndarray, labels: Labels, by_row: bool = False
) -> Html:
    """``counts`` (rows, columns), printed in every cell that is not 0; darker is more, of the row's total with ``by_row``."""
    below = counts.sum(axis=1, keepdims=True) if by_row else np.full((len(rows), 1), counts.max(initial=1))
    # The square root keeps small counts apart: a few cells hold most of a corpus.
    shade = np.sqrt(counts / np.maximum(below, 1))

    def paint(axes: Axes) -> None:
        axes.pcolormesh(
            np.arange(len(columns) + 1) - 0.5,
            np.arange(len(rows) + 1) - 0.5,
            shade,
            cmap="Greys",
            vmin=0,
            vmax=1.15,
            edgecolor="#c8c8c8",
            linewidth=0.7,
        )
        axes.invert_yaxis()
        for (row, column), count in np.ndenumerate(counts):
            if count:
                ink = "white" if shade[row, column] > 0.62 else INK
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=ink)
        axes.set_xticks(range(len(columns)), columns, rotation=32, ha="left", rotation_mode="anchor", fontsize=9)
        axes.set_yticks(range(len(rows)), rows, fontsize=9)
        axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
        axes.spines[:].set_visible(False)

    lines_per_row = 1 + max((name.count("\n") for name in rows), default=0)
    return draw(paint, labels, 2.0 + (0.14 + 0.2 * lines_per_row) * len(rows))


def curves(x: Sequence[float], series: Mapping[str, Sequence[float]], labels: Labels, log: bool = False) -> Html:
    """One line per entry of ``series``, its last value printed; NaN leaves a gap."""

    def paint(axes: Axes) -> None:
        for (name, values), (dash, marker) in zip(series.items(), LINES, strict=False):
            axes.plot(
                x,
                values,
                linestyle=dash,
                marker=marker,
                markersize=4,
                color=INK,
                linewidth=1.3,
                label=f"{name} (last {values[-1]:.3f})",
            )
        if log:
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
        else:
            axes.set_ylim(0, 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.35)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return draw(paint, labels, 3.4)


def reliability_chart(bins: Sequence[Bin], labels: Labels) -> Html:
    """The share that is right over the score, one bar per filled bin with its count, and the mean score as a mark."""

    def paint(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], linestyle="--", color=INK, linewidth=1.2, label="perfectly calibrated")
        for index, one in enumerate(bins):
            axes.bar(
                one.low, one.right, one.high - one.low, align="edge", color="#d0d0d0", edgecolor=INK, linewidth=0.6,
                label="share that is right" if index == 0 else None,
            )  # fmt: skip
            at, box = (one.low + one.high) / 2, {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            axes.annotate(
                f"n = {one.n:,}",
                (at, one.right),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                bbox=box,
            )
        axes.plot(
            [b.score for b in bins],
            [b.right for b in bins],
            "D",
            color=INK,
            markersize=5,
            label="at the mean score of the bin",
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.12), xticks=np.linspace(0, 1, 11), yticks=np.linspace(0, 1, 6))
        axes.grid(axis="y", alpha=0.35)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return draw(paint, labels, 3.6)
