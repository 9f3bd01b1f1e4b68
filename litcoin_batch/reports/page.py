"""One self-contained HTML page: text is escaped, charts stand inline, nothing is fetched.

A page is built from ``Html`` fragments. Plain ``str`` content is always escaped; only what ``element``
and the charts made is taken as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

Cell = object
# Control characters are no text in HTML, escaped or not; half surrogates cannot be written as UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_PARTS = re.compile("(?<=[a-z]{4})(?=[A-Z][a-z]{3})|(?<=[A-Za-z]{4}_)(?=[A-Za-z]{4})")

STYLE = """
:root { --ink: #1a1a1a; --soft: #555; --line: #c8c8c8; --paper: #fff; --shade: #f3f3f3; }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; color: var(--ink); background: var(--paper); font: 15px/1.5 "DejaVu Sans", Verdana, "Segoe UI", sans-serif; }
header { padding: 1.6rem 2rem 1.1rem; border-bottom: 2px solid var(--ink); }
h1 { margin: 0 0 .3rem; font-size: 1.6rem; line-height: 1.25; }
header p { margin: 0; color: var(--soft); max-width: 60rem; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: 15rem minmax(0, 57rem); gap: 2.2rem; padding: 0 2rem 3rem; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1.4rem 0; font-size: .86rem; line-height: 1.35; }
nav ol { margin: .4rem 0 0; padding-left: 1.5rem; }
nav li { margin: .32rem 0; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: .18em; }
a:hover { text-decoration-color: currentColor; }
h2 { margin: 2.2rem 0 .5rem; padding-top: .4rem; font-size: 1.22rem; line-height: 1.3; }
h3 { margin: 1.3rem 0 .3rem; font-size: 1rem; }
p { margin: .4rem 0 .7rem; max-width: 50rem; }
figure { margin: 1.2rem 0 .2rem; }
svg { display: block; max-width: 100%; height: auto; margin: 1.2rem 0 .2rem; }
svg text { font-family: "DejaVu Sans", Verdana, "Segoe UI", sans-serif !important; }
.meaning { border-left: 4px solid var(--ink); background: var(--shade); padding: .5rem .9rem; margin: .3rem 0 1.6rem; max-width: none; }
.scroll { overflow-x: auto; margin: .5rem 0 1.2rem; }
table { border-collapse: collapse; font-size: .84rem; line-height: 1.4; }
caption { text-align: left; white-space: nowrap; font-weight: bold; padding: .2rem 0 .4rem; font-size: .9rem; }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { border-bottom: 1.5px solid var(--ink); vertical-align: bottom; overflow-wrap: normal; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; padding-left: .6rem; }
td .text { min-width: 19rem; display: block; }
mark { background: #dcdcdc; color: inherit; font-weight: bold; padding: 0 .1em; }
u.gold { text-decoration: underline double; text-underline-offset: .2em; }
.none { color: var(--soft); }
@media (max-width: 64rem) { .columns { display: block; } nav { position: static; max-height: none; } }
@media print { nav { display: none; } .columns { display: block; padding: 0; } figure, tr { break-inside: avoid; } }
"""


class Html(str):
    """Markup that is safe to put on a page as it stands."""


def element(tag: str, *content: Cell, **attributes: str) -> Html:
    """``<tag ...>content</tag>``; content that is not ``Html`` is escaped, None is left out. ``class_`` is the attribute class."""
    names = "".join(f' {name.rstrip("_")}="{_text(value)}"' for name, value in attributes.items())
    return Html(f"<{tag}{names}>{''.join(_text(c) for c in content if c is not None)}</{tag}>")


def join(parts: Iterable[Cell], between: str = "") -> Html:
    return Html(_text(between).join(_text(part) for part in parts))


def _text(content: Cell) -> str:
    return content if isinstance(content, Html) else escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(content)))


def paragraph(*content: Cell) -> Html:
    return element("p", *content)


def meaning(sentence: str) -> Html:
    """What the figures above it mean for the model."""
    return element("p", element("strong", "For the model: "), sentence, class_="meaning")


def figure(svg: Html, sentence: str) -> Html:
    return join((element("figure", svg), meaning(sentence)))


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = "") -> Html:
    """Columns of numbers stand right; a float is shown with three decimals, a share as the text that ``percent`` gives."""
    rows = [list(row) for row in rows]
    numeric = [bool(rows) and all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    classes = [{"class_": "number"} if n else {} for n in numeric]
    head = element("tr", *(element("th", name, **css) for name, css in zip(header, classes, strict=True)))
    body = [
        element("tr", *(element("td", _shown(c), **css) for c, css in zip(row, classes, strict=True))) for row in rows
    ]
    if not body:
        body = [element("tr", element("td", "none", colspan=str(len(header)), class_="none"))]
    title = element("caption", caption) if caption else None
    return element("div", element("table", title, element("thead", head), element("tbody", *body)), class_="scroll")


def _is_number(cell: Cell) -> bool:
    return (
        isinstance(cell, int | float)
        or cell is None
        or (isinstance(cell, str) and bool(re.fullmatch(r"-?[\d,.]+ ?%?", cell)))
    )


def _shown(cell: Cell) -> Cell:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.3f}"
    if isinstance(cell, int):
        return f"{cell:,}"
    # Long names may be broken where their parts meet.
    return cell if isinstance(cell, Html) else join(_PARTS.split(str(cell)), Html("<wbr>"))


def percent(part: float, whole: float) -> str:
    """``12.3 %``; of nothing it is ``0.0 %``. A share that is not quite all or nothing never looks like it."""
    share = 100 * part / whole if whole else 0.0
    if share and share < 0.05:
        return "< 0.1 %"
    return "> 99.9 %" if 99.95 <= share < 100 else f"{share:.1f} %"


def in_context(
    text: str, spans: Iterable[tuple[int, int]], gold: Iterable[tuple[int, int]] = (), margin: int = 90
) -> Html:
    """The surroundings of ``spans`` and ``gold`` in ``text``; see ``marked``."""
    spans, gold = list(spans), list(gold)
    first, last = min(start for start, _ in (*spans, *gold)), max(end for _, end in (*spans, *gold))
    begin, stop = max(0, first - margin), min(len(text), last + margin)
    # No word is cut in two, but a stretch without spaces is.
    space_after, space_before = text.find(" ", begin, first), text.rfind(" ", last, stop)
    begin = space_after + 1 if begin and space_after >= 0 else begin
    return marked(text, (begin, space_before if stop < len(text) and space_before >= 0 else stop), spans, gold)


def marked(
    text: str, window: tuple[int, int], spans: Iterable[tuple[int, int]], gold: Iterable[tuple[int, int]] = ()
) -> Html:
    """``text`` within ``window``: ``spans`` highlighted, ``gold`` underlined twice, what is cut off shown as dots."""
    begin, stop = window[0], min(window[1], len(text))
    spans, gold = (
        sorted({(max(s, begin), min(e, stop)) for s, e in some if s < stop and e > begin}) for some in (spans, gold)
    )
    borders = sorted({begin, stop, *(border for span in (*spans, *gold) for border in span)})
    parts: list[Cell] = ["… "] if begin else []
    for start, end in pairwise(borders):
        part: Cell = text[start:end]
        if any(s <= start and end <= e for s, e in gold):
            part = element("u", part, class_="gold")
        if any(s <= start and end <= e for s, e in spans):
            part = element("mark", part)
        parts.append(part)
    return element("span", *parts, " …" if stop < len(text) else "", class_="text")


@dataclass(slots=True)
class Page:
    """Sections in order, with a table of contents beside them."""

    title: str
    lead: str
    _sections: list[tuple[str, Html]] = field(default_factory=list)

    def add(self, title: str, *content: Html) -> None:
        self._sections.append((title, join(content)))

    def render(self) -> str:
        """The whole page; the same content gives the same bytes."""
        entries = [element("li", element("a", title, href=f"#s{i}")) for i, (title, _) in enumerate(self._sections, 1)]
        sections = [
            element("section", element("h2", f"{i}. {title}"), content, id=f"s{i}")
            for i, (title, content) in enumerate(self._sections, 1)
        ]
        body = element(
            "body",
            element("header", element("h1", self.title), element("p", self.lead)),
            element(
                "div",
                element("nav", element("strong", "Contents"), element("ol", *entries)),
                element("main", *sections),
                class_="columns",
            ),
        )
        head = element(
            "head",
            Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
            element("title", self.title),
            Html(f"<style>{STYLE}</style>"),
        )
        return f'<!DOCTYPE html>\n<html lang="en">{head}\n{body}</html>\n'
