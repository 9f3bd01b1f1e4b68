"""Mentions to concepts, document by document: candidates, species, rank, sureness, and at last a document-local id.

    linker = Linker(Vocabulary.open(folder))
    linker.link(document, mentions)          the mentions with entity_ids and id_score
    linker.runners_up(document, mentions)    what else each may mean, the likeliest first

Results depend on the document, its mentions, the vocabulary and the ranker alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from litcoin_batch.concepts.candidates import CandidateFinder
from litcoin_batch.concepts.candidates import Names as VocabularyNames
from litcoin_batch.concepts.names.synonyms import Names, Synonyms
from litcoin_batch.concepts.options import LETTERS, Option, OptionFinder, features_of, support
from litcoin_batch.concepts.ranker import Ranker, log_odds
from litcoin_batch.concepts.species import STRANGER, Organisms, Place, is_virus, species_of
from litcoin_batch.concepts.variant_numbers import VariantNumbers, readings_of
from litcoin_batch.schema import ENTITY_TYPES, Document, Mention, is_local, local_id

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
SCORE_DECIMALS = 4
# What the species of a gene is inferred from comes first, what needs genes last.
_ORDER_OF_TYPES = (ORGANISM, CELL_LINE, GENE, DISEASE, CHEMICAL)


# A gene that annotators meant so often by a name is meant in texts about bacteria, too.
_OFTEN = 3
_TIED_BEFORE = re.compile(r"\w[-,'\u2032]$|\w$")
_TIED_AFTER = re.compile(r"[-,'\u2032]+\w|\w")


@dataclass(frozen=True, slots=True)
class Choice:
    """Concept ids that a mention may mean; ``score``: the share right of such choices; ``how`` they were found."""

    entity_ids: tuple[str, ...]
    score: float
    how: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The options of one mention, the likeliest first, and their ranker's scores."""

    options: list[Option]
    scores: list[float]


class Linker:
    """Gives the mentions of a document their concept ids."""

    def __init__(
        self, vocabulary: VocabularyNames, ranker: Ranker | None = None, variants: VariantNumbers | None = None
    ) -> None:
        """``ranker``, ``variants``: None for the shipped ones."""
        self._vocabulary = vocabulary
        self._ranker = Ranker.read() if ranker is None else ranker
        self._variants = VariantNumbers.read() if variants is None else variants
        self._finder = OptionFinder(CandidateFinder(vocabulary))
        self.vocabulary_id = getattr(vocabulary, "vocabulary_id", "")

    def with_ranker(self, ranker: Ranker) -> Linker:
        """The same vocabulary, and what was looked up in it, with another ranker."""
        other = Linker(self._vocabulary, ranker, self._variants)
        other._finder = self._finder
        return other

    def link(self, document: Document, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """The same mentions in the same order, each with at least one entity id.

        Mentions of one type share ids where their names are spelt alike but for case and punctuation, where the
        document defines one as the abbreviation of the other, or where they stand in apposition; genes only as far
        as the same organism is meant. Ids that a mention already has are kept, and lent to its other names. Names
        that nothing resolves surely enough get ``local_id``s, numbered by first mention; linking twice changes nothing.
        """
        reading = _Reading(document, mentions, self)
        numbers = _LocalNumbers(document.pmid, mentions)
        linked = list(mentions)
        for i in reading.order:
            mention = mentions[i]
            if not mention.entity_ids:
                names = reading.synonyms.of(mention)
                choice = reading.choice(mention)
                if choice is None or choice.score < self._ranker.least.get(mention.type, 0.0):
                    linked[i] = mention.naming(numbers.of(names), 0.0)
                else:
                    linked[i] = mention.naming(choice.entity_ids, choice.score)
        return tuple(linked)

    def runners_up(self, document: Document, mentions: Sequence[Mention], limit: int = 5) -> list[tuple[Choice, ...]]:
        """For each mention at most ``limit`` choices, the likeliest first, the one that ``link`` takes among them.

        Empty where nothing is known, or where the mention has ids already.
        """
        reading = _Reading(document, mentions, self)
        return [reading.choices(mention, limit) if not mention.entity_ids else () for mention in mentions]

    def described(self, document: Document, mentions: Sequence[Mention]) -> list[list[tuple[str, list[str]]]]:
        """Candidates of each mention, joined ids and features, the likeliest first: what the ranker is trained on.

        Empty for variants.
        """
        reading = _Reading(document, mentions, self)
        found = [reading.ranked(m) if m.type != VARIANT else None for m in mentions]
        return [
            [(o.candidate.concept_id, reading.features(o, mention)) for o in ranked.options] if ranked else []
            for mention, ranked in zip(mentions, found, strict=True)
        ]


class _Reading:
    """One document read by a linker."""

    def __init__(self, document: Document, mentions: Sequence[Mention], linker: Linker) -> None:
        self.order = sorted(range(len(mentions)), key=lambda i: _position(mentions[i]))
        self._mentions = [mentions[i] for i in self.order]
        self._linker = linker
        self.synonyms = Synonyms(document.text, self._mentions)
        self._text = document.text
        self._ranked: dict[tuple, Ranked | None] = {}
        self._own_scores: dict[Option, float] = {}
        self._scores: dict[tuple[int | None, Place], float] = {}
        self._first: dict[tuple, Choice | None] = {}
        self._options: dict[Names, list[Option]] = {}
        self._supported: Counter[str] = Counter()
        self._organisms: Organisms | None = None
        self._places: dict[tuple[int, int], Place] = {}
        self._has_foreign: bool | None = None
        self._places_of: dict[Names, set[Place]] = {}
        by_type: dict[str, list[Mention]] = {}
        for mention in self._mentions:
            by_type.setdefault(mention.type, []).append(mention)
        for type_ in _ORDER_OF_TYPES:
            if type_ == GENE:
                self._read_organisms(by_type)
            self._collect(by_type.get(type_, ()))
        self._variants = _VariantReading(self, by_type.get(VARIANT, ()), by_type.get(GENE, ()))

    def _read_organisms(self, by_type: dict[str, list[Mention]]) -> None:
        spans: list[tuple[int, int, int]] = []
        viruses = set()
        for mention in by_type.get(ORGANISM, ()):
            ids = self.ids(mention)
            taxon = STRANGER if not ids else species_of(int(ids[0])) if len(ids) == 1 and ids[0].isdigit() else None
            if taxon is not None:
                spans.append((mention.start, mention.end, taxon))
                if is_virus(mention.text):
                    viruses.add(taxon)
        lines: Counter[int] = Counter()
        for mention in by_type.get(CELL_LINE, ()):
            for entity_id in self.ids(mention):
                taxon = self._linker._vocabulary.taxon_of_cell_line(entity_id)
                if taxon:
                    lines[taxon] += 1
        self._organisms = Organisms(self._text, sorted(spans), lines, frozenset(viruses))
        for mention in by_type.get(GENE, ()):
            known = any(c.how == "exact" for c in self._linker._finder.candidates.of(mention.text, GENE))
            place = self._organisms.at(mention.start, mention.text, known)
            self._places[mention.start, mention.end] = place
            self._places_of.setdefault(self.synonyms.of(mention), set()).add(place)

    def _collect(self, mentions: Iterable[Mention]) -> None:
        """The options of these mentions' names, and how far names of the document support each other."""
        named = {place.named for place in self._places.values() if place.named}
        fresh: dict[Names, list[Option]] = {}
        for mention in mentions:
            names = self.synonyms.of(mention)
            if names not in fresh and not names.given:
                organisms = self._organisms if mention.type == GENE else None
                fresh[names] = self._linker._finder.of(names, mention.type, organisms, named)
        self._options |= fresh
        self._supported += support(fresh)

    def ranked(self, mention: Mention) -> Ranked | None:
        key = self._key(mention)
        if key not in self._ranked:
            options = self._options.get(key[0])
            if options and key[1] and self._is_foreign(*key):
                options = None
            self._ranked[key] = self._rank(options, mention.type, key[1]) if options else None
        return self._ranked[key]

    def _key(self, mention: Mention) -> tuple[Names, Place | None]:
        """Mentions of one key mean the same: an equal name, of a gene at a place that says as much of its organism."""
        place = self._places.get((mention.start, mention.end)) if mention.type == GENE else None
        return self.synonyms.of(mention), place

    def _rank(self, options: list[Option], type_: str, place: Place | None) -> Ranked:
        scores = []
        for option in options:
            own = self._own_scores.get(option)
            if own is None:
                own = self._linker._ranker.score(features_of(option, type_, self._supported))
                self._own_scores[option] = own
            scores.append(own + self._score_at(option.candidate.taxon, place) if place else own)
        order = sorted(range(len(options)), key=lambda i: -scores[i])
        return Ranked([options[i] for i in order], [scores[i] for i in order])

    def _score_at(self, taxon: int | None, place: Place) -> float:
        """What the place says for a gene of that organism."""
        key = taxon, place
        if key not in self._scores:
            self._scores[key] = self._linker._ranker.score(self._organisms.features(taxon, place))
        return self._scores[key]

    def features(self, option: Option, mention: Mention) -> list[str]:
        own = features_of(option, mention.type, self._supported)
        place = self._key(mention)[1]
        if place is None:
            return own
        return [
            *own,
            *self._organisms.features(option.candidate.taxon, place),
            *self._strangers(option, mention, place),
        ]

    def _is_foreign(self, names: Names, place: Place) -> bool:
        """Whether a gene, here or where its name stands beside an organism, is of one that has none of its candidates."""
        met = self._met(names)
        if self._organisms.are_foreign(place, met):
            return True
        named = {p.named for p in self._places_of[names] if p.named is not None}
        if place.named is None and not any(taxon in met for taxon in named) and self._organisms.are_strange(named):
            return True
        is_rare = max(o.candidate.count for o in self._options[names]) < _OFTEN
        return is_rare and self._organisms.are_doubtful(place, met) and self._names_foreign_gene()

    def _names_foreign_gene(self) -> bool:
        """Whether a gene of the document stands beside the organism that it is of and that has none of its candidates."""
        if self._has_foreign is None:
            self._has_foreign = any(
                p.named is not None and self._organisms.are_foreign(p, self._met(names))
                for names, places in self._places_of.items()
                for p in places
            )
        return self._has_foreign

    def _met(self, names: Names) -> set[int | None]:
        return {species_of(o.candidate.taxon) for o in self._options.get(names, ())}

    def _strangers(self, option: Option, mention: Mention, place: Place) -> list[str]:
        """What speaks against all candidates of a gene; whether annotators meant this one by its name speaks for it."""
        found = self._organisms.strangers(place, self._met(self.synonyms.of(mention)))
        known = "known" if option.candidate.count else "new"
        return [*found, *(f"{feature}-{known}" for feature in found)]

    def _is_part_of_name(self, mention: Mention) -> bool:
        """ "N" of "N,N-dimethylformamide": a letter that punctuation ties to a word."""
        around = self._text[max(0, mention.start - 2) : mention.start], self._text[mention.end : mention.end + 2]
        return _TIED_BEFORE.search(around[0]) is not None or _TIED_AFTER.match(around[1]) is not None

    def ids(self, mention: Mention) -> tuple[str, ...]:
        """What the mention has, or its names were given, or what ranks first."""
        if mention.entity_ids:
            return mention.entity_ids
        choice = self.choice(mention)
        return choice.entity_ids if choice else ()

    def choice(self, mention: Mention) -> Choice | None:
        if mention.type == VARIANT or len(mention.text) == 1:
            return next(iter(self.choices(mention)), None)
        key = self._key(mention)
        if key not in self._first:
            self._first[key] = next(iter(self.choices(mention, 1)), None)
        return self._first[key]

    def choices(self, mention: Mention, limit: int = 8) -> tuple[Choice, ...]:
        names = self.synonyms.of(mention)
        if names.given:
            return (Choice(names.given, 1.0),)
        if len(mention.text) == 1 and self._is_part_of_name(mention):
            return ()
        if mention.type == VARIANT:
            return self._variants.choices(mention)
        ranked = self.ranked(mention)
        if ranked is None:
            return ()
        ranker, kind = self._linker._ranker, LETTERS[mention.type]
        found, left = [], 1.0
        for i, option in enumerate(ranked.options[:limit]):
            # The others share what the first leaves, as the softmax has it.
            margin = log_odds([ranked.scores[i], *ranked.scores[:i], *ranked.scores[i + 1 :]])
            sure = ranker.sure((kind, *self.features(option, mention)), margin)
            sure = min(sure, left) if i else sure
            left = left if i else sure
            found.append(
                Choice(tuple(option.candidate.concept_id.split(",")), round(sure, SCORE_DECIMALS), option.candidate.how)
            )
        return tuple(found)


class _VariantReading:
    """The variants of one document: a number that the text gives, else one of gene and change, else the syntax."""

    def __init__(self, reading: _Reading, variants: Sequence[Mention], genes: Sequence[Mention]) -> None:
        self._reading = reading
        self._genes = genes
        certain = {r[0][0] for m in variants for r in readings_of(m.text) if len(r) == 1 and not r[0].startswith("rs")}
        self._prefer_protein = certain == {"p"}

    def choices(self, mention: Mention) -> tuple[Choice, ...]:
        reading, linker = self._reading, self._reading._linker
        names = reading.synonyms.of(mention)
        changes = [change for surface in names.surfaces for change in readings_of(surface)]
        for readings in changes:
            if readings[0].startswith("rs"):
                return (self._sure(readings[:1], "given"),)
        own = readings_of(mention.text) or readings_of(names.surfaces[0])
        found, hows = [], set()
        for readings in own:
            number = self._number(mention, readings)
            if number is None and len(own) == 1:
                number = next((n for rs in changes if (n := self._number(mention, rs))), None)
            hows.add("gene" if number else "syntax")
            found.append(number or (readings[-1] if self._prefer_protein else readings[0]))
        if found:
            how = "+".join(sorted(hows)) + ("-ambiguous" if len(own[0]) > 1 else "-plain")
            return (self._sure(tuple(dict.fromkeys(found)), how),)
        for surface in names.surfaces:
            entries = linker._finder.candidates.of(surface, VARIANT)
            if entries:
                return (self._sure(tuple(entries[0].concept_id.split(",")), "name"),)
        return ()

    def _number(self, mention: Mention, readings: tuple[str, ...]) -> str | None:
        """The dbSNP number of the change in the nearest gene that has one in the table."""
        linker = self._reading._linker
        genes = sorted(self._genes, key=lambda g: (abs(g.start - mention.start), g.start))
        for gene in dict.fromkeys(i for g in genes for i in self._reading.ids(g)):
            for change in readings:
                number = linker._variants.find(gene, change)
                if number:
                    return number
        return None

    def _sure(self, ids: tuple[str, ...], how: str) -> Choice:
        sure = self._reading._linker._ranker.sure(("v", f"v:how={how}"), 0.0)
        return Choice(ids, round(sure, SCORE_DECIMALS), how)


def _position(mention: Mention) -> tuple[int, int, str]:
    return mention.start, mention.end, mention.type


class _LocalNumbers:
    """Counts a document's unresolved entities, leaving out numbers its mentions already carry."""

    def __init__(self, pmid: int, mentions: Sequence[Mention]) -> None:
        self._pmid = pmid
        self._taken = {i for m in mentions for i in m.entity_ids if is_local(i)}
        self._ids: dict[Names, str] = {}
        self._ordinal = 0

    def of(self, names: Names) -> tuple[str, ...]:
        if names not in self._ids:
            self._ordinal += 1
            while local_id(self._pmid, self._ordinal) in self._taken:
                self._ordinal += 1
            self._ids[names] = local_id(self._pmid, self._ordinal)
        return (self._ids[names],)
