"""Composite mentions taken apart: "BRCA1/2", "TNF-alpha and -beta", "breast and ovarian cancer".

A part borrows what it lacks from its neighbours: the beginning from the first ("BRCA" for "2"), the end from the
last ("cancer" for "breast"). Only what ``known`` says is a name counts, so that "and/or" in a name does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_BETWEEN = re.compile(r"\s*(?:/|,\s*(?:and|or)?(?=[\s-])|,(?=[A-Z-])|\band/or\b|\band\b|\bor\b|&|\+(?=\s*\w))\s*")
_RANGE = re.compile(r"(?P<stem>.*[A-Za-z]-?)(?P<first>\d{1,2})\s?(?:-|\u2013|to)\s?(?P<last>\d{1,2})")
_MOST_PARTS = 8
# Where the end of a name may be cut: before a number, a Greek letter, a capital letter after something else.
_UNIT = re.compile(
    r"\d+|(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|sigma)|[\u03b1-\u03c9]|[A-Z](?![a-z])|(?<=[- ])\w+"
)
_STANDS_ALONE = re.compile(r"(?=(?:.*[A-Za-z]){3})|(?=.*[A-Za-z])(?=.*\d)(?=.{4})")


def parts_of(name: str, known: Callable[[str], bool]) -> tuple[str, ...]:
    """The names that a composite stands for, all of them ``known``, at least two; () where it is none."""
    ranged = _RANGE.fullmatch(name)
    if ranged is not None:
        numbers = range(int(ranged["first"]), int(ranged["last"]) + 1)
        names = tuple(f"{ranged['stem']}{number}" for number in numbers)
        if 2 <= len(names) <= _MOST_PARTS and all(known(n) for n in names):
            return names
    pieces = [piece for piece in _BETWEEN.split(name) if piece and piece.strip(" -()")]
    if not 2 <= len(pieces) <= _MOST_PARTS:
        return ()
    found: list[str] = []
    for i, piece in enumerate(pieces):
        whole = next((form for form in _forms(i, piece, pieces, found) if known(form)), None)
        if whole is None:
            return ()
        found.append(whole)
    return tuple(found) if len(set(found)) > 1 else ()


def _forms(i: int, piece: str, pieces: list[str], found: list[str]) -> Iterator[str]:
    """The whole names that the i-th piece may be short for, the likeliest first."""
    bare = piece.strip(" -")
    alone = _STANDS_ALONE.match(bare) is not None and not piece.startswith("-")
    if i + 1 < len(pieces):
        yield from _with_ends(piece, pieces[-1])
    if alone:
        yield bare
    if i:
        yield from _with_beginnings(found[0], bare)
        first = pieces[0]
        if first != found[0]:
            yield from _with_beginnings(first, bare)
    if not alone and not piece.startswith("-"):
        yield bare


def _with_ends(piece: str, last: str) -> Iterator[str]:
    """ "breast" and "ovarian cancer": what follows the first word of the last piece, the most first."""
    joint = "" if piece.endswith("-") else " "
    for match in re.finditer(r"[ -]", last):
        end = last[match.end() :] if joint or match.group() == " " else last[match.end() :]
        yield f"{piece}{joint}{end}".strip()
        if match.group() == "-":
            yield f"{piece}-{end}"


def _with_beginnings(first: str, bare: str) -> Iterator[str]:
    """ "TGF-beta1" and "beta2": the first name up to one of its units, the most first; its end is kept where it is a word."""
    units = list(_UNIT.finditer(first))
    for unit in reversed(units):
        if unit.start() < 2:
            continue
        yield first[: unit.start()] + bare
        end = first[unit.end() :]
        if end.startswith(" "):
            yield first[: unit.start()] + bare + end
    if " " in first:
        yield f"{first[: first.rfind(' ')]} {bare}"
    if bare.isdigit() or len(bare) == 1:
        yield first + bare
