"""Which names of one document mean the same: spelling, abbreviations, apposition.

Only the document's own text is used, no vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.schema import Mention
from litcoin_batch.text.abbreviations import Definition, find_definitions

Key = tuple[str, str]  # entity type, normalised name

# What may stand between two names of one variant: "rs6025 (R506Q)", "R506Q mutation [c.1691G>A".
_VARIANT_GAP = re.compile(r"\s*(?:(?:polymorphism|mutation|variant|allele|genotype|residue|SNP)s?\s*)?[(\[:]\s*")
_GAP = re.compile(r"\s?[(\[]\s?")
_LONGEST_GAP_CHARS = 20
_LONGEST_SYMBOL_CHARS = 10


@dataclass(slots=True, eq=False)
class Names:
    """Names that mean one entity (or one group of entities), in the order they appear."""

    keys: list[Key]
    surfaces: list[str] = field(default_factory=list)
    long_forms: list[str] = field(default_factory=list)
    short_forms: set[str] = field(default_factory=set)
    given: tuple[str, ...] = ()

    def absorb(self, other: Names) -> None:
        self.keys.extend(other.keys)
        self.surfaces.extend(s for s in other.surfaces if s not in self.surfaces)
        self.long_forms.extend(s for s in other.long_forms if s not in self.long_forms)
        self.short_forms |= other.short_forms
        self.given = self.given or other.given


class Synonyms:
    """Groups the mentions of one document by what they name.

    ``mentions`` must be sorted by (start, end, type). Mentions of different types never share a
    group. ``given`` of a group holds the first ids that one of its mentions already had.
    """

    def __init__(self, text: str, mentions: Sequence[Mention]) -> None:
        self._text = text
        self._mentions = mentions
        self._names: dict[Key, Names] = {}
        of_surface: dict[tuple[str, str], Names] = {}
        for mention in mentions:
            surface = mention.type, mention.text
            names = of_surface.get(surface)
            if names is None:
                key = mention.type, fold(mention.text, mention.type)
                names = of_surface[surface] = self._names.setdefault(key, Names([key]))
                names.surfaces.append(mention.text)
            names.given = names.given or mention.entity_ids
        definitions = find_definitions(text)
        if definitions:
            self._join_definitions(definitions)
            self._join_expansions(definitions)
        self._join_appositions()

    def of(self, mention: Mention) -> Names:
        return self._names[mention.type, fold(mention.text, mention.type)]

    def _join(self, first: Names, second: Names) -> None:
        if first is not second:
            first.absorb(second)
            for key in second.keys:
                self._names[key] = first

    def _join_definitions(self, definitions: Sequence[Definition]) -> None:
        """A short form means what the mention means that ends its long form."""
        at_end: dict[tuple[str, int], Mention] = {}
        for mention in self._mentions:
            at_end.setdefault((mention.type, mention.end), mention)
        types = sorted({mention.type for mention in self._mentions})
        for short, long in definitions:
            for type_ in types:
                names = self._names.get((type_, fold(self._text[slice(*short)], type_)))
                if names is None:
                    continue
                names.short_forms.add(self._text[slice(*short)])
                defining = at_end.get((type_, long[1]))
                if defining is not None:
                    names.long_forms.append(defining.text)
                    self._join(self.of(defining), names)

    def _join_expansions(self, definitions: Sequence[Definition]) -> None:
        """ "KID syndrome" means "keratitis-ichthyosis-deafness (KID) syndrome" where KID is defined.

        A name with its short forms written out counts as a long form, mentioned elsewhere or not.
        """
        long_of = {self._text[slice(*d.short)]: self._text[slice(*d.long)] for d in definitions}
        lengths = sorted({len(short) for short in long_of}, reverse=True)
        seen: set[tuple[str, str]] = set()
        for mention in self._mentions:
            if (mention.type, mention.text) in seen:
                continue
            seen.add((mention.type, mention.text))
            expanded = _expand(mention.text, long_of, lengths)
            if expanded == mention.text:
                continue
            key = mention.type, fold(expanded, mention.type)
            names = self.of(mention)
            names.long_forms.append(expanded.strip())
            other = self._names.get(key)
            if other is None:
                names.keys.append(key)
                self._names[key] = names
            else:
                self._join(other, names)

    def _join_appositions(self) -> None:
        """ "glutathione (GSH)", and "rs6025 (R506Q)": a bracket that opens between two names."""
        previous: dict[str, Mention] = {}
        for mention in self._mentions:
            first = previous.get(mention.type)
            if first is not None and self._in_apposition(first, mention):
                self._join(self.of(first), self.of(mention))
            previous[mention.type] = mention

    def _in_apposition(self, first: Mention, second: Mention) -> bool:
        if not 0 < second.start - first.end <= _LONGEST_GAP_CHARS:
            return False
        between = self._text[first.end : second.start]
        if second.type == "SequenceVariant":
            return _VARIANT_GAP.fullmatch(between) is not None
        if _GAP.fullmatch(between) is None or self._text[second.end : second.end + 1] not in (")", "]"):
            return False
        symbol = len(second.text) <= _LONGEST_SYMBOL_CHARS and " " not in second.text
        return symbol or first.text[:1].casefold() == second.text[:1].casefold()


def _expand(name: str, long_of: Mapping[str, str], lengths: Sequence[int]) -> str:
    """``name`` with its short forms written out, without those it has in brackets.

    ``lengths``: those of the short forms, the longest first, which is tried first.
    """
    # Few names have brackets: most documents need no pattern for them.
    if "(" in name:
        name = _IN_BRACKETS.sub(lambda match: "" if match[1] in long_of else match[0], name)
    parts, done, position = [], 0, 0
    while position < len(name):
        short = _short_at(name, position, long_of, lengths)
        if short:
            parts += [name[done:position], long_of[short], " "]
            done = position + len(short)
        position = max(position + 1, done)
    return "".join((*parts, name[done:])) if parts else name


_IN_BRACKETS = re.compile(r"\s?\(([^()]+)\)")


def _short_at(name: str, position: int, shorts: Mapping[str, str], lengths: Sequence[int]) -> str | None:
    """The longest of ``shorts`` that stands there as a word, or before a number ("IL2" has the short form "IL")."""
    if position and name[position - 1].isalnum():
        return None
    for length in lengths:
        short = name[position : position + length]
        if short in shorts and len(short) == length:
            following = name[position + length : position + length + 1]
            if not following.isalnum() or following.isdecimal():
                return short
    return None
