"""Whose gene: what a document says about the organism of each gene mention.

Evidence, from strong to weak: the name itself ("mouse Brca1", "hTERT"), the word before it, an organism in the
same sentence, the organism most named in the document, its cell lines, how the symbol is written, and human
where nothing is named.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from litcoin_batch.concepts.names.name_forms import SPECIES_WORDS, species_in_name

HUMAN = 9606
# An organism that the text names and no vocabulary knows.
STRANGER = -1
# Genes of baker's yeast are those of a strain, texts name the species; HIV without a number is HIV-1.
_SPECIES_OF = {559292: 4932, 284812: 4896, 83333: 562, 511145: 562, 36329: 5833, 237561: 5476, 12721: 11676}
_RODENTS = frozenset((10090, 10116))
_SENTENCE_END = re.compile(r"[.!?;]\s+(?=[A-Z(\[])")
_WORD_BEFORE = re.compile(r"(\w+)[ -]$")
# Between an organism and its gene: "HIV-1 Nef", "S. aureus's Spa"; between a gene and its organism: "Spa of S. aureus".
_JOINT = re.compile(r"(?:'s|\u2019s)?[ -]")
_JOINT_AFTER = re.compile(r" (?:(?:gene|protein|enzyme|homolog(?:ue)?|ortholog(?:ue)?)s? )?(?:of|from) (?:the |an? )?")
_VIRUS = re.compile(r"(?i:vir(?:us|al)|phage)|\b[A-Z]{1,4}V\b|HIV|CoV")
_BACTERIAL = re.compile(r"[A-Za-z][a-z]{2}[A-Z]\d?")
_TITLE_CASE = re.compile(r"[A-Z][a-z]+[a-z]*\d*[a-z]?\d*")


@dataclass(frozen=True, slots=True)
class Place:
    """Of one mention: ``named`` the organism in, right before or right after its name; ``before``, ``after`` the nearest ones of its sentence; ``earlier`` the last one before its sentence."""

    named: int | None
    before: int | None
    after: int | None
    earlier: int | None
    case: str

    @property
    def nearest(self) -> int | None:
        return self.before or self.after or self.earlier


@dataclass(slots=True)
class Organisms:
    """``spans``: (start, end, taxon) of the organisms that a document names, sorted; ``lines``: organisms of its cell lines; ``viruses``: those of its organisms."""

    text: str
    spans: Sequence[tuple[int, int, int]]
    lines: Counter[int] = field(default_factory=Counter)
    viruses: frozenset[int] = frozenset()
    counts: Counter[int] = field(init=False)
    order: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = Counter(taxon for _, _, taxon in self.spans)
        self.order = [taxon for taxon, _ in self.counts.most_common()]
        self._starts = [start for start, _, _ in self.spans]
        self._ends = [match.end() for match in _SENTENCE_END.finditer(self.text)] if self.spans else []

    _known: dict[tuple[int | None, Place], list[str]] = field(default_factory=dict)
    _starts: list[int] = field(init=False)
    _ends: list[int] = field(init=False)

    def at(self, start: int, name: str, known: bool) -> Place:
        """Of a gene mention of that name that starts there; ``known``: the whole name is one, so that "mTOR" is not mouse TOR."""
        named, rest = species_in_name(name)
        if known and len(name) - len(rest) <= len("h-"):
            named = None
        if named is None:
            match = _WORD_BEFORE.search(self.text, max(0, start - 16), start)
            named = SPECIES_WORDS.get(match[1].lower()) if match else None
        before = after = earlier = None
        if self.spans:
            sentence = bisect_right(self._ends, start)
            first = self._ends[sentence - 1] if sentence else 0
            last = self._ends[sentence] if sentence < len(self._ends) else len(self.text)
            i = bisect_right(self._starts, start) - 1
            if i >= 0:
                if self._starts[i] >= first:
                    before = self.spans[i][2]
                else:
                    earlier = self.spans[i][2]
            if i + 1 < len(self.spans) and self._starts[i + 1] < last:
                after = self.spans[i + 1][2]
            if named is None:
                named = self._beside(i, start, start + len(name))
        return Place(named, before, after, earlier, case_of(name))

    def _beside(self, i: int, start: int, end: int) -> int | None:
        """The organism that stands right before or after a gene; ``i``: of the last organism that starts before it."""
        if i >= 0 and 0 < start - self.spans[i][1] <= 3 and _JOINT.fullmatch(self.text, self.spans[i][1], start):
            return self.spans[i][2]
        if i + 1 < len(self.spans):
            first, _, taxon = self.spans[i + 1]
            if 0 < first - end <= 24 and _JOINT_AFTER.fullmatch(self.text, end, first):
                return taxon
        return None

    def features(self, taxon: int | None, place: Place) -> list[str]:
        """What speaks for and against a gene of ``taxon`` at ``place``; an organism that the name says leaves no doubt."""
        taxon = species_of(taxon)
        if place.named is not None:
            return ["s:named" if place.named == taxon else "s:named-other"]
        found = self._known.get((taxon, place))
        if found is None:
            found = self._known[taxon, place] = self._features(taxon, place)
        return found

    def _features(self, taxon: int | None, place: Place) -> list[str]:
        found = []
        kin = "h" if taxon == HUMAN else "r" if taxon in _RODENTS else "o"
        nearest = place.before or place.after
        if nearest is not None:
            found.append(f"s:sentence-{kin}" if nearest == taxon else f"s:sentence-other-{kin}")
            if taxon in (place.before, place.after) and nearest != taxon:
                found.append("s:sentence-too")
        elif place.earlier is not None:
            found.append(f"s:earlier-{kin}" if place.earlier == taxon else f"s:earlier-other-{kin}")
        if self.order:
            share = self.counts[taxon or 0] / len(self.spans)
            found.append(f"s:share-{kin}-{_bucket(share)}")
            if self.order[0] == taxon:
                found.append(f"s:top-{kin}" if len(self.order) > 1 else f"s:only-{kin}")
            if self.spans[0][2] == taxon:
                found.append(f"s:first-{kin}")
        else:
            found.append(f"s:none-{kin}")
        if self.lines:
            share = self.lines[taxon or 0] / self.lines.total()
            found.append(f"s:line-{kin}-{'some' if self.order else 'none'}-{share > 0.5}")
        known = "none" if not self.order else "in" if taxon in self.counts else "out"
        found.append(f"s:case-{place.case}-{kin}-{known}")
        return found


def is_virus(name: str) -> bool:
    return _VIRUS.search(name) is not None


def species_of(taxon: int | None) -> int | None:
    return _SPECIES_OF.get(taxon, taxon) if taxon else taxon


def _bucket(share: float) -> str:
    return (
        "0"
        if share == 0
        else "a"
        if share < 0.2
        else "b"
        if share < 0.4
        else "c"
        if share < 0.6
        else "d"
        if share < 0.85
        else "e"
    )


def case_of(name: str) -> str:
    """How a symbol is written: people write BRCA1, mice Brca1, yeast often rad51, bacteria RecA and recA."""
    symbol = name.split(" ")[-1]
    if " " in name or len(symbol) > 10:
        return "words"
    if not any(c.isalpha() for c in symbol):
        return "none"
    if symbol.upper() == symbol:
        return "upper"
    if _TITLE_CASE.fullmatch(symbol):
        return "title"
    if _BACTERIAL.fullmatch(symbol):
        return "bacterial"
    return "lower" if symbol.lower() == symbol else "mixed"
