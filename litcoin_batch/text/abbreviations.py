"""Abbreviations that a text defines: "long form (SF)" and "SF (long form)".

The algorithm of Schwartz and Hearst 2003 (A simple algorithm for identifying abbreviation
definitions in biomedical text, PSB 8:451-462), with spans instead of strings.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from litcoin_batch.text.reading import read_text

Span = tuple[int, int]

# Bounded, so that unclosed brackets cannot make the search quadratic.
_BRACKETED = re.compile(r"\(([^()]{1,200})\)")
_INNER_END = re.compile(r"[;,]\s")
_SHORT_FORM = re.compile(r"(?=[^\W_])(?=.*[^\W\d_])\S+(?: \S+)?")
_MIN_SHORT_CHARS, _MAX_SHORT_CHARS = 2, 10
# A long form never reaches back over the end of a sentence or another bracket's content.
_MAX_LONG_CHARS = 240
_SENTENCE_END = re.compile(r"[.;:!?]\s")
_VISIBLE = re.compile(r"\S+")


class Definition(NamedTuple):
    """``text[slice(*short)]`` abbreviates ``text[slice(*long)]``."""

    short: Span
    long: Span


def find_definitions(text: str) -> list[Definition]:
    """All definitions, in the order of their opening bracket."""
    reading = read_text(text)
    return [Definition(*map(reading.stored, found)) for found in _definitions(reading.text)]


def _definitions(text: str) -> list[Definition]:
    definitions = []
    for match in _BRACKETED.finditer(text):
        definition = _long_then_short(text, match) or _short_then_long(text, match)
        if definition is not None:
            definitions.append(definition)
    return definitions


def _long_then_short(text: str, match: re.Match[str]) -> Definition | None:
    """ "heat shock transcription factor (HSF)"; only what stands before a comma is the short form."""
    inner = match.group(1)
    if "," in inner or ";" in inner:
        inner = _INNER_END.split(inner, maxsplit=1)[0]
    # Most brackets hold no short form: that is seen at once, a long form is searched for.
    if not _is_short(inner.strip()):
        return None
    start = match.start(1) + len(inner) - len(inner.lstrip())
    short = (start, start + len(inner.strip()))
    return _define(text, short, _candidate_before(text, match.start(), short))


def _short_then_long(text: str, match: re.Match[str]) -> Definition | None:
    """ "HSF (heat shock transcription factor)": the last word before the bracket is the short form."""
    if " " not in match.group(1).strip():
        return None
    before = text[max(0, match.start() - _MAX_SHORT_CHARS - 2) : match.start()]
    words = before.split()
    if not words:
        return None
    word, end = words[-1], match.start() - (len(before) - len(before.rstrip()))
    return _define(text, (end - len(word), end), match.span(1)) if _is_short(word) else None


def _candidate_before(text: str, bracket: int, short: Span) -> Span:
    """At most min(n + 5, 2 n) words before the bracket, n being the short form's length."""
    n_chars = short[1] - short[0]
    n_words = min(n_chars + 5, 2 * n_chars)
    window_start = max(0, bracket - _MAX_LONG_CHARS)
    stops = list(_SENTENCE_END.finditer(text, window_start, bracket))
    if stops:
        window_start = stops[-1].end()
    words = list(_VISIBLE.finditer(text, window_start, bracket))[-n_words:]
    if not words:
        return bracket, bracket
    return words[0].start(), words[-1].end()


def _is_short(text: str) -> bool:
    return _MIN_SHORT_CHARS <= len(text) <= _MAX_SHORT_CHARS and _SHORT_FORM.fullmatch(text) is not None


def _define(text: str, short: Span, candidate: Span) -> Definition | None:
    short_text = text[slice(*short)]
    start = _match_backwards(short_text, text, candidate)
    if start is None:
        return None
    long_text = text[start : candidate[1]]
    if len(long_text) <= len(short_text) or short_text in long_text.split():
        return None
    return Definition(short, (start, candidate[1]))


def _match_backwards(short: str, text: str, candidate: Span) -> int | None:
    """Where the long form starts: the paper's findBestLongForm.

    Right to left, every letter or digit of the short form is found in the long form in order, the
    first one at the beginning of a word.
    """
    low, position = candidate
    for i in range(len(short) - 1, -1, -1):
        wanted = short[i].lower()
        if not wanted.isalnum():
            continue
        position -= 1
        while position >= low and (
            text[position].lower() != wanted or (i == 0 and position > low and text[position - 1].isalnum())
        ):
            position -= 1
        if position < low:
            return None
    return max(text.rfind(" ", low, position + 1) + 1, low)
