"""Building blocks of the pages: escaping, context, bins, shares."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pytest

from litcoin_batch.reports.charts import Labels, bars, bin_edges, histogram
from litcoin_batch.reports.page import Html, Page, element, in_context, percent, table
from training.pages.corpus_sections import explained, padding


def test_only_markup_made_as_such_is_markup():
    assert element("p", "<b>", Html("<i>x</i>"), title='"') == '<p title="&quot;">&lt;b&gt;<i>x</i></p>'
    page = Page("<t>", "a & b")
    page.add("<h>", table(["<c>"], [["<d>"], [3]]))
    assert not re.search(r"<[tchd]>", page.render()) and page.render().count("&lt;t&gt;") == 2
    assert "\x00" not in str(element("p", "a\x00b\ud800")) and element("p", "a\x00b\ud800").encode("utf-8")


def test_context_shows_its_text_unchanged_but_for_marks():
    text = "Aspirin & COX-2 <inhibit> each other in long trials of many mice"
    start = text.index("COX-2")
    shown = in_context(text, [(start, start + 5)], [(start, start + 15)], 1_000)
    assert unescape(re.sub("<[^>]*>", "", shown)) == text
    assert '<u class="gold"><mark>' in shown or "<mark><u" in shown
    assert "<inhibit>" not in shown
    cut = unescape(re.sub("<[^>]*>", "", in_context(text, [(start, start + 5)], (), 9)))
    assert cut.startswith("… ") and cut.endswith(" …") and cut.strip("… ") in text and "COX-2" in cut


@pytest.mark.parametrize(
    "values", [[0], [3, 3, 3], [0, 1, 1, 2], [0.1, 0.25, 0.9], [0, 50, 10_000_000], list(range(1000))]
)
def test_bins_are_even_and_lose_nothing_but_a_tail_that_is_told(values):
    edges = bin_edges(np.asarray(values, float))
    assert np.allclose(np.diff(edges), edges[1] - edges[0]) and edges[0] <= min(values) and 2 <= len(edges) <= 62
    n_beyond = sum(v > edges[-1] for v in values)
    assert np.histogram(values, edges)[0].sum() + n_beyond == len(values)
    chart = histogram({"a": values}, Labels("t", "x", "documents"))
    assert f"(n = {len(values):,})" in chart and ("not drawn" in chart) == bool(n_beyond)


def test_labels_of_charts_are_text_as_given():
    chart = bars({"<b> $x_1$ & y": 3}, Labels("$T$ <i>", "x"), str)
    assert "&lt;b&gt; $x_1$ &amp; y" in chart and "$T$ &lt;i&gt;" in chart and "<b>" not in chart


def test_padding_and_explained_variance_against_their_definition():
    assert padding(np.asarray([4, 4, 4])) == 0 and padding(np.asarray([1, 3])) == pytest.approx(1 - 4 / 6)
    assert (
        explained([[1, 1], [5, 5, 5]]) == pytest.approx(1)
        and explained([[1, 3], [3, 1]]) == pytest.approx(0)
        and explained([[2], [2]]) == 0
    )


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0.0 %"), (1, "< 0.1 %"), (500, "5.0 %"), (9_999, "> 99.9 %"), (10_000, "100.0 %")]
)
def test_a_share_never_looks_like_all_or_nothing_unless_it_is(part, text):
    assert percent(part, 10_000) == text
