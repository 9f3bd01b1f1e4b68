"""What of a stored text is read: markup told from text, entities decoded, invisible characters passed over.

Titles and abstracts come with HTML, JATS or MathML left in them, escaped once or twice, with soft hyphens and zero-width
characters inside words. Offsets count the stored text all the same: a reading keeps where each of its characters stands.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from html import unescape
from typing import NamedTuple

from litcoin_batch.schema import Document

# Around words of a sentence, without a trace; and around sentences of their own.
_INLINE = (
    "a abbr acronym b big bold cite code del dfn em ext-link font i inline-formula ins italic kbd mark monospace "
    "named-content overline roman s sans-serif sc small span strike strong styled-content sub sup tex-math tt u "
    "underline uri var xref math mi mn mo mrow msub msup msubsup mfrac mtext mspace mover munder munderover mstyle "
    "msqrt mroot mfenced mpadded mtable mtr mtd semantics annotation"
)
_SPACE = "br wbr hr td th"
_BLOCK = (
    "h1 h2 h3 h4 h5 h6 p div li ul ol dl dt dd table tr tbody thead caption title sec section abstract abstracttext "
    "list list-item disp-formula blockquote pre article"
)
_NAMES = "|".join(sorted(f"{_INLINE} {_SPACE} {_BLOCK}".split(), key=len, reverse=True))
_SPACES, _BLOCKS = frozenset(_SPACE.split()), frozenset(_BLOCK.split())
# Soft hyphen, joiners, directions, zero-width space and no-break space, variation selectors.
_UNSEEN = "\u00ad\u034f\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
_SUSPECT = re.compile(f"[<&{_UNSEEN}]")
# Repetitions are bounded, so that a page of openings takes linear time.
_MARKUP = re.compile(
    rf"""(?:<|&lt;|&amp;lt;)(?P<close>/?)(?:[a-z]{{1,8}}:)?(?P<name>{_NAMES})
    (?:\s{{1,9}}[\w:.-]{{1,40}}\s?=\s?(?:"[^"<>]{{0,400}}"|'[^'<>]{{0,400}}'|&quot;[^<>&]{{0,400}}&quot;|[^\s"'<>=&]{{1,200}})){{0,12}}
    \s{{0,9}}(?P<alone>/?)(?:>|&gt;|&amp;gt;)
    |(?P<comment><!--.{{0,2000}}?-->|<!\[CDATA\[|\]\]>)
    |(?P<entity>&(?:amp;)?(?:\#[0-9]{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z][a-z0-9]{{1,31}});)
    |(?P<unseen>[{_UNSEEN}]+)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_UNSEEN_ONLY = re.compile(f"[{_UNSEEN}]+")
_BREAK = "\n\n"  # ends a sentence

Span = tuple[int, int]


class Reading(NamedTuple):
    """``text[i]`` is ``stored[starts[i]:ends[i]]`` as it is read; no ``starts`` where that is the stored text itself."""

    text: str
    n_title_chars: int
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()

    @property
    def is_plain(self) -> bool:
        return not self.starts

    def stored(self, span: Span) -> Span:
        """Where the characters of ``span``, at least one, stand in the stored text."""
        return span if self.is_plain else (self.starts[span[0]], self.ends[span[1] - 1])


def read_document(document: Document) -> Reading:
    """Of ``Document.text``; title and abstract are told from their markup each by itself."""
    title, abstract = document.title or "", document.abstract or ""
    if not (_SUSPECT.search(title) or _SUSPECT.search(abstract)):
        return Reading(f"{title} {abstract}", len(title))
    first, second = _read(title, 0), _read(abstract, len(title) + 1)
    if first is None and second is None:
        return Reading(f"{title} {abstract}", len(title))
    first, second = first or _as_it_is(title, 0), second or _as_it_is(abstract, len(title) + 1)
    starts, ends = [*first.starts, len(title), *second.starts], [*first.ends, len(title) + 1, *second.ends]
    return Reading(f"{first.text} {second.text}", len(first.text), starts, ends)


def read_text(text: str) -> Reading:
    """Of a text by itself."""
    return (_read(text, 0) if _SUSPECT.search(text) else None) or Reading(text, len(text))


def visible(name: str) -> str:
    """A name as it is read. Cut out of its text it may have lost one tag of two, hence lone ones are markup here."""
    reading = _read(name, 0, lone=True) if _SUSPECT.search(name) else None
    return reading.text if reading else name


def _as_it_is(text: str, shift: int) -> Reading:
    return Reading(text, len(text), range(shift, shift + len(text)), range(shift + 1, shift + len(text) + 1))


def _read(text: str, shift: int, lone: bool = False) -> Reading | None:
    """None where nothing in the text is markup; ``lone``: tags count as such that are not opened and closed."""
    found = list(_MARKUP.finditer(text))
    paired = {match["name"].lower() for match in found if match["name"]} if lone else _paired(found)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in found:
        read = _as_read(match, paired)
        if read is None:
            continue
        begin, end = match.span()
        parts += text[at:begin], read
        starts += range(shift + at, shift + begin)
        ends += range(shift + at + 1, shift + begin + 1)
        starts += [shift + begin] * len(read)
        ends += [shift + end] * len(read)
        at = end
    if not parts:
        return None
    parts.append(text[at:])
    starts += range(shift + at, shift + len(text))
    ends += range(shift + at + 1, shift + len(text) + 1)
    joined = "".join(parts)
    return Reading(joined, len(joined), starts, ends)


def _paired(found: Sequence[re.Match[str]]) -> set[str]:
    """Names of tags that are opened and closed later: "a<b and c>d" is no markup, nor is a lone "<i>"."""
    opened: set[str] = set()
    paired: set[str] = set()
    for match in found:
        if match["name"]:
            name = match["name"].lower()
            if not match["close"]:
                opened.add(name)
            elif name in opened:
                paired.add(name)
    return paired


def _as_read(match: re.Match[str], paired: set[str]) -> str | None:
    """What is read in the place of what was matched; None where it is text."""
    if match["unseen"] or match["comment"]:
        return ""
    if match["entity"]:
        decoded = unescape(unescape(match["entity"]))
        return None if decoded == match["entity"] or len(decoded) > 2 else _UNSEEN_ONLY.sub("", decoded)
    name = match["name"].lower()
    if name in _SPACES:
        return " "
    if name in _BLOCKS:
        return _BREAK
    return "" if name in paired or match["alone"] else None


def in_reading(reading: Reading, position: int) -> int:
    """The first character of the reading that stands at a position of the stored text or behind it."""
    return position if reading.is_plain else bisect_left(reading.starts, position)
