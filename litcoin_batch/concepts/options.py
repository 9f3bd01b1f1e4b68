"""The candidates of one mention's names, joined, with the features that the ranker weighs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from litcoin_batch.concepts.candidates import RANK_OF_KIND, Candidate, CandidateFinder
from litcoin_batch.concepts.names.synonyms import Names
from litcoin_batch.concepts.ranker import Ranker
from litcoin_batch.concepts.species import HUMAN, STRANGER, Organisms, species_of
from litcoin_batch.schema import ENTITY_TYPES

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
LETTERS = dict(zip(ENTITY_TYPES, "gdcvol", strict=True))
# Genes of these are candidates in every document.
_ALWAYS = frozenset((HUMAN, 10090, 10116))
_MOST_OPTIONS = 24
_MOST_LENT_TAXA = 3


Ways = tuple[tuple[str, str], ...]


@dataclass(slots=True, eq=False)
class Option:
    """A candidate, the ways that lead to it (own name, long form, short form ...), its features and what a ranker gives for them."""

    candidate: Candidate
    ways: set[str] = field(default_factory=set)
    features: list[str] = field(default_factory=list)
    score: float = 0.0
    weight: float = 0.0


class OptionFinder:
    """The options of names; those of one document serve others that have the same names and speak of the same organisms."""

    def __init__(self, candidates: CandidateFinder, ranker: Ranker) -> None:
        self.candidates = candidates
        self._ranker = ranker
        self._options = lru_cache(maxsize=16_384)(self._find)

    def of(self, names: Names, type_: str, organisms: Organisms | None, named: Iterable[int] = ()) -> list[Option]:
        """``organisms``: for genes, what the document says about species; ``named``: organisms that names begin with.

        They are shared: not to be changed.
        """
        wanted = None
        if organisms is not None:
            about = (t for t in (*organisms.order, *sorted(organisms.lines), *sorted(named)) if t != STRANGER)
            # A name that only other organisms have may be of the human gene, too.
            wanted = tuple(dict.fromkeys((*about, HUMAN)))
        return self._options(tuple(_ways(names)), type_, wanted)

    def _find(self, ways: Ways, type_: str, wanted: tuple[int, ...] | None) -> list[Option]:
        options = _find_options(self.candidates, ways, type_, wanted)
        for option in options:
            option.score, option.weight = self._ranker.score(option.features), self._ranker.weight(option.features)
        return options


def _find_options(finder: CandidateFinder, ways: Ways, type_: str, wanted: tuple[int, ...] | None) -> list[Option]:
    merged: dict[str, Option] = {}
    long_known = False
    for way, surface in ways:
        found = finder.of(surface, type_)
        long_known = long_known or (way == "long" and bool(found))
        for candidate in found:
            option = merged.get(candidate.concept_id)
            if option is None:
                option = merged[candidate.concept_id] = Option(candidate)
            elif _worth(candidate) > _worth(option.candidate):
                option.candidate = candidate
            option.ways.add(way)
    options = list(merged.values())
    has_unknown_long = not long_known and any(way == "long" for way, _ in ways)
    if type_ == DISEASE and has_unknown_long:
        options = [o for o in options if o.ways != {"short"} or _is_akin(o, ways, finder)]
    if wanted is not None:
        options += _lent(options, wanted, finder)
        near = [
            o
            for o in options
            if species_of(o.candidate.taxon) in wanted or o.candidate.taxon in _ALWAYS or o.candidate.count
        ]
        options = near or options
    options.sort(key=lambda o: (*(-w for w in _worth(o.candidate)), -o.candidate.count, o.candidate.concept_id))
    options = options[:_MOST_OPTIONS]
    group = sorted({m[0].lower() for _, surface in ways for m in _GROUP.finditer(surface)}) if type_ == GENE else ()
    _describe(options, type_, "short" if has_unknown_long else "", group)
    return options


def _ways(names: Names) -> Iterable[tuple[str, str]]:
    seen = set()
    for surface in names.long_forms:
        if surface not in seen:
            seen.add(surface)
            yield "long", surface
    for surface in names.surfaces:
        if surface not in seen:
            seen.add(surface)
            yield "short" if surface in names.short_forms else "own", surface


def _is_akin(option: Option, ways: Ways, finder: CandidateFinder) -> bool:
    """Whether a concept's name shares a word with what the document writes out: "AD" of "Atopic dermatitis (AD)" is no Alzheimer's."""
    words = {word[:5].casefold() for way, long in ways if way == "long" for word in _WORD.findall(long)}
    return not words.isdisjoint(word[:5].casefold() for word in _WORD.findall(finder.name(option.candidate, DISEASE)))


# Of names that mean more than one gene: "STAT family", "caspases", "IL-12 receptors".
_GROUP = re.compile(
    r"\b(?:family|complex|subunits|members|isoforms|proteins|genes|receptors|enzymes|kinases)\b|(?<=[a-z0-9A-Z])s$"
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_HOW_WORTH = {"exact": 3, "composite": 3}


def _worth(candidate: Candidate) -> tuple[int, int, int]:
    return _HOW_WORTH.get(candidate.how, 0), min(candidate.count, 2), -RANK_OF_KIND.get(candidate.kind, 9)


def _lent(options: list[Option], wanted: tuple[int, ...], finder: CandidateFinder) -> list[Option]:
    """Genes of the document's organisms that have no such name, by the genes of human and mouse that have it."""
    have = {species_of(o.candidate.taxon) for o in options}
    missing = [t for t in wanted if t not in have][:_MOST_LENT_TAXA]
    if not missing:
        return []
    known = {o.candidate.concept_id for o in options}
    lent: dict[str, Option] = {}
    sources = sorted(
        (o for o in options if o.candidate.taxon in _ALWAYS), key=lambda o: _worth(o.candidate), reverse=True
    )
    for option in sources[:3]:
        others = {species_of(taxon): ids for taxon, ids in finder.orthologues(option.candidate.concept_id).items()}
        for taxon in missing:
            if taxon in others and others[taxon] not in known:
                candidate = option.candidate._replace(concept_id=others[taxon], taxon=taxon, kind="lent", count=0)
                lent.setdefault(others[taxon], Option(candidate, set(option.ways)))
    return list(lent.values())


def _describe(options: list[Option], type_: str, unknown_long: str, group: Sequence[str]) -> None:
    """``group``: words of the names that speak of more than one gene."""
    letter = LETTERS[type_]
    n_of = Counter(o.candidate.taxon for o in options)
    count_of: Counter[int | None] = Counter()
    best_of: dict[int | None, int] = {}
    for option in options:
        candidate = option.candidate
        count_of[candidate.taxon] += candidate.count
        rank = RANK_OF_KIND.get(candidate.kind, 9)
        best_of[candidate.taxon] = min(rank, best_of.get(candidate.taxon, 99))
    for option in options:
        c = option.candidate
        total = count_of[c.taxon]
        best = "best" if RANK_OF_KIND.get(c.kind, 9) == best_of[c.taxon] else "worse"
        count = _bucket(c.count)
        option.features = [
            f"{letter}:how={c.how}",
            f"{letter}:kind={c.kind}",
            f"{letter}:source={c.source}",
            f"{letter}:count={count}",
            f"{letter}:share={round(c.count / total, 1) if total else 'none'}",
            f"{letter}:n={min(n_of[c.taxon], 5)}-{best}-{'known' if total else 'new'}",
            f"{letter}:ways={'+'.join(sorted(option.ways))}{unknown_long}",
            f"{letter}:id={_form(c.concept_id)}",
            *(f"{letter}:mark={mark}" for mark in c.marks),
        ]
        if c.n_members:
            # "STAT" is also the beginning of STAT1, STAT2 ...: a family, whatever else is called so.
            members = min(c.n_members, 4)
            option.features += [f"{letter}:family={members}-{c.kind}", f"{letter}:family={members}-count{count}"]
        option.features += [f"{letter}:said={said}{'-known' if c.count else ''}" for said in group]


def _bucket(count: int) -> str:
    for bound in (50, 20, 10, 5, 3, 2, 1):
        if count >= bound:
            return str(bound)
    return "0"


def _form(concept_id: str) -> str:
    if "," in concept_id:
        return "several"
    if concept_id[:1] in "CD" and concept_id[1:].isdigit():
        return concept_id[0]
    return "number" if concept_id.isdigit() else concept_id.partition(":")[0][:4]


def support(options_by_names: Mapping[Names, list[Option]]) -> Counter[str]:
    """How many different names of the document have each concept among their exact candidates."""
    return Counter(
        option.candidate.concept_id
        for options in options_by_names.values()
        for option in options
        if option.candidate.how == "exact" and len(options) <= 8
    )


def support_of(option: Option, type_: str, supported: Counter[str]) -> list[str]:
    """What the document's other names say for an option: ``supported`` as ``support`` gives it."""
    also = supported[option.candidate.concept_id] - (option.candidate.how == "exact")
    return [f"{LETTERS[type_]}:also={min(also, 2)}"] if also > 0 else []
