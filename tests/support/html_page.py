"""A page of litcoin_batch/pages read back: its tables, its attributes, its text."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser


class Reader(HTMLParser):
    """Tables as rows of cell texts by caption, every attribute, and the visible text."""

    def __init__(self, markup):
        super().__init__()
        self.tables, self.attributes, self.tags, self.text = {}, [], Counter(), ""
        self._rows, self._caption, self._place = [], "", []
        self.feed(markup)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += [(tag, *pair) for pair in attributes]
        self._place.append(tag)
        if tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._rows[-1].append("")

    def handle_endtag(self, tag):
        while self._place and self._place.pop() != tag:
            pass
        if tag == "table":
            self.tables.setdefault(self._caption, self._rows)

    def handle_data(self, data):
        self.text += data
        if "caption" in self._place:
            self._caption += data
        elif {"td", "th"} & set(self._place):
            self._rows[-1][-1] += data


def read_page(path):
    return Reader(path.read_text(encoding="utf-8"))


def references(reader):
    return [
        value
        for _, name, value in reader.attributes
        if name in ("src", "href", "xlink:href", "action", "data", "srcset")
    ]
