"""What a corpus is about: its themes, the topics in them, how they change, and which pairs are studied under each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from litcoin_batch.reports.charts import INK, LINES, Labels, bars, draw
from litcoin_batch.reports.page import Html, Page, join, paragraph, table

_SHOWN_TERMS = 10
_DRAWN_THEMES = len(LINES)


def topics_page(facts: dict[str, Any]) -> str:
    """``facts``: as ``warehouse.topics.modelling.model_topics`` gives them."""
    page = Page("Topics", _lead(facts))
    page.add("Themes", _themes(facts))
    page.add("How the topics lie together", _tree(facts))
    page.add("Topics", _topics(facts))
    page.add("Themes by year", _by_year(facts))
    page.add("Pairs by theme", _pairs(facts))
    page.add("How many topics", _candidates(facts))
    page.add("Settings", table(("setting", "value"), sorted(facts["settings"].items()), "Settings"))
    return page.render()


def _lead(facts: dict[str, Any]) -> str:
    return (
        f"{facts['n_documents']:,} documents with {facts['n_words']:,} words in common, {len(facts['topics'])} topics in"
        f" {len(facts['themes'])} themes; made {facts['made']} after run {facts['last_run']}, in {facts['seconds']:.0f} s."
    )


def _themes(facts: dict[str, Any]) -> Html:
    themes = sorted(facts["themes"], key=lambda theme: -theme["n_documents"])
    counts = {_label(theme): theme["n_documents"] for theme in themes}
    return join(
        (
            paragraph("A document counts for the theme of its first topic."),
            bars(counts, Labels("Documents by theme", "number of documents"), lambda n: f"{n:,.0f}"),
            table(
                ("theme", "words", "topics", "documents", "share"),
                [
                    (t["theme"], t["name"], len(t["topics"]), t["n_documents"], f"{100 * t['share']:.1f} %")
                    for t in themes
                ],
                "Themes",
            ),
        )
    )


def _label(theme: dict[str, Any]) -> str:
    return f"{theme['theme']}: {theme['name']}"


def _tree(facts: dict[str, Any]) -> Html:
    """A dendrogram: two clusters meet at their distance."""
    merges, topics = facts["merges"], facts["topics"]
    order = _leaves(merges, len(topics))
    places = {topic: float(place) for place, topic in enumerate(order)}
    heights = dict.fromkeys(places, 0.0)
    border = _border([distance for *_, distance in merges], len(facts["themes"]))

    def paint(axes: Axes) -> None:
        for made, (one, other, distance) in enumerate(merges, start=len(topics)):
            low, high = places[one], places[other]
            xs = (heights[one], distance, distance, heights[other])
            axes.plot(xs, (low, low, high, high), color=INK, linewidth=1.2)
            places[made], heights[made] = (low + high) / 2, distance
        axes.axvline(border, color=INK, linewidth=1.0, linestyle=":", label="themes are cut here")
        axes.set_yticks(
            range(len(order)), [f"{topics[t]['name']} [theme {topics[t]['theme']}]" for t in order], fontsize=8
        )
        axes.set_xlim(left=0)
        axes.invert_yaxis()
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.06), fontsize=8)

    said = (
        f"Hellinger distance between the words of topics (0: the same, 1: none in common), mean over members; the themes stand"
        f" apart with a mean silhouette of {facts['silhouette']:.3f}."
    )
    drawn = draw(paint, Labels("Topics by likeness", "Hellinger distance"), 1.4 + 0.2 * len(order))
    return join((paragraph(said), drawn))


def _leaves(merges: Sequence[Sequence], n_topics: int) -> list[int]:
    """Topics from top to bottom, so that no two branches cross."""
    members = {topic: [topic] for topic in range(n_topics)}
    for made, (one, other, _) in enumerate(merges, start=n_topics):
        members[made] = members.pop(one) + members.pop(other)
    return [topic for branch in members.values() for topic in branch]


def _border(distances: Sequence[float], n_themes: int) -> float:
    """Between the last merge that is done and the first that is not."""
    done = len(distances) - (n_themes - 1)
    below = distances[done - 1] if done > 0 else 0.0
    above = distances[done] if done < len(distances) else below
    return (below + above) / 2


def _topics(facts: dict[str, Any]) -> Html:
    rows = [
        (t["topic"], t["theme"], ", ".join(t["terms"][:_SHOWN_TERMS]), t["n_documents"], t["coherence"])
        for t in sorted(facts["topics"], key=lambda t: (t["theme"], -t["n_documents"]))
    ]
    return table(("topic", "theme", "most probable words", "documents", "coherence"), rows, "Topics by theme")


def _by_year(facts: dict[str, Any]) -> Html:
    if not facts["by_year"]:
        return paragraph("No document has a year.")
    years = sorted({year for year, _, _ in facts["by_year"]})
    counts = {(year, theme): n for year, theme, n in facts["by_year"]}
    totals = {year: sum(n for y, _, n in facts["by_year"] if y == year) for year in years}
    themes = sorted(facts["themes"], key=lambda theme: -theme["n_documents"])

    def paint(axes: Axes) -> None:
        for theme, (dash, marker) in zip(themes, LINES, strict=False):
            shares = [100 * counts.get((year, theme["theme"]), 0) / totals[year] for year in years]
            axes.plot(
                years,
                shares,
                color=INK,
                linestyle=dash,
                marker=marker,
                markersize=4,
                linewidth=1.3,
                label=_label(theme),
            )
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.18), fontsize=8.5)

    rows = [(year, totals[year], *(counts.get((year, t["theme"]), 0) for t in themes)) for year in years]
    header = ("year", "documents", *(f"theme {t['theme']}" for t in themes))
    left = f"The {_DRAWN_THEMES} largest of {len(themes)} themes are drawn." if len(themes) > _DRAWN_THEMES else ""
    drawn = draw(paint, Labels("Share of each theme by year", "year", "share of documents [%]"), 4.6)
    said = [paragraph(left)] if left else []
    return join((*said, drawn, table(header, rows, "Documents by year and theme")))


def _pairs(facts: dict[str, Any]) -> Html:
    if not facts["pairs"]:
        return paragraph("No relations.")
    names = {theme["theme"]: theme["name"] for theme in facts["themes"]}
    rows = [
        (
            names[p["theme"]],
            p["one"] or p["entity_1_id"],
            p["other"] or p["entity_2_id"],
            p["n"],
            p["first_year"],
            p["last_year"],
        )
        for p in facts["pairs"]
    ]
    header = ("theme", "one", "other", "documents", "first year", "last year")
    said = (
        "The pairs related by most documents of each theme; all of them, by type and year, are in the view theme_pairs."
    )
    return join((paragraph(said), table(header, rows, "Pairs by theme")))


def _candidates(facts: dict[str, Any]) -> Html:
    candidates = facts["candidates"]
    numbers = [candidate["n_topics"] for candidate in candidates]

    def line(name: str, title: str) -> Html:
        def paint(axes: Axes) -> None:
            values = [candidate[name] for candidate in candidates]
            axes.plot(numbers, values, color=INK, marker="o", linewidth=1.4)
            axes.set_xticks(numbers)
            axes.grid(axis="y", alpha=0.35)

        return draw(paint, Labels(title, "number of topics", name), 2.6)

    rows = [(c["n_topics"], c["perplexity"], c["coherence"], c["seconds"]) for c in candidates]
    return join(
        (
            paragraph(f"{len(facts['topics'])} topics are chosen by {facts['settings']['choose_by']}."),
            line("perplexity", "Perplexity on documents held out: the lower the better"),
            line("coherence", "Coherence of the words of a topic: the higher the better"),
            table(("topics", "perplexity", "coherence", "seconds"), rows, "Candidates"),
        )
    )
