"""Mentions as annotators would draw them: brackets closed, no single letter but the symbol of an element, one name of one type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from litcoin_batch.schema import Mention

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPENING = {closing: opening for opening, closing in _CLOSING.items()}
# What one letter may name in BioRED: elements, "K" or "N"; of genes and others a letter says too little.
ELEMENTS = frozenset("BCFHIKNOPSUVWY")
_EDGES = " -,;:/.([{"


def tidy_span(text: str, start: int, end: int, kind: str) -> tuple[int, int] | None:
    """The span of a mention of the entity type ``kind`` that ``text[start:end]`` stands for; None where it is none.

    A bracket that opens inside is closed by the next character, or else the mention ends before it; one that only
    closes inside ends the mention, or begins it where nothing stands before.

    >>> text = "IL-2 (human) and MUC(1"
    >>> [text[slice(*tidy_span(text, *span, "GeneOrGeneProduct"))] for span in ((0, 11), (5, 11), (17, 22))]
    ['IL-2 (human)', 'human', 'MUC']
    """
    while start < end:
        place = _unpaired(text[start:end])
        if place is None:
            break
        place += start
        closed = text[end : end + 1] == _CLOSING.get(text[place], "none")
        if closed and place > start and _unpaired(text[start : end + 1]) is None:
            end += 1
            break
        if place == start:
            start += 1
        else:
            end = start + len(text[start:place].rstrip(_EDGES))
    start += len(text[start:end]) - len(text[start:end].lstrip())
    if end <= start:
        return None
    if end - start == 1 and not (kind == "ChemicalEntity" and text[start] in ELEMENTS):
        return None
    return start, end


def agree_on_types(mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions of one document, those of one text all of the type that most speaks for: the sum of their scores decides, then the text's order.

    >>> ions = [Mention(i, i + 3, kind, "Cd+", (), 0.6) for i, kind in enumerate(["GeneOrGeneProduct", "ChemicalEntity", "ChemicalEntity"])]
    >>> {mention.type for mention in agree_on_types(ions)}
    {'ChemicalEntity'}
    """
    weights: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for mention in mentions:
        weights[mention.text][mention.type] += mention.score
    types = {text: max(kinds, key=kinds.__getitem__) for text, kinds in weights.items()}
    return [m if m.type == types[m.text] else replace(m, type=types[m.text]) for m in mentions]


def _unpaired(text: str) -> int | None:
    """Where the first bracket without a partner stands."""
    open_places: list[int] = []
    for place, char in enumerate(text):
        if char in _CLOSING:
            open_places.append(place)
        elif char in _OPENING and (not open_places or text[open_places.pop()] != _OPENING[char]):
            return place
    return open_places[0] if open_places else None
