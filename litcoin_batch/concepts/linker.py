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
from litcoin_batch.concepts.foreign_genes import ForeignGenes
from litcoin_batch.concepts.names.synonyms import Names, Synonyms
from litcoin_batch.concepts.options import LETTERS, Option, OptionFinder, support, support_of
from litcoin_batch.concepts.ranker import SCORE_DECIMALS, Choice, Ranker, log_odds
from litcoin_batch.concepts.species import STRANGER, Organisms, Place, is_virus, species_of
from litcoin_batch.concepts.variant_linking import VariantReading, prefer_protein
from litcoin_batch.concepts.variant_numbers import VariantNumbers
from litcoin_batch.schema import ENTITY_TYPES, Document, Mention, is_local, local_id

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
# What the species of a gene is inferred from comes first, what needs genes last.
_ORDER_OF_TYPES = (ORGANISM, CELL_LINE, GENE, DISEASE, CHEMICAL)

_TIED_BEFORE = re.compile(r"\w[-,'\u2032]$|\w$")
_TIED_AFTER = re.compile(r"[-,'\u2032]+\w|\w")


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
        self._finder = OptionFinder(CandidateFinder(vocabulary), self._ranker)
        self.vocabulary_id = getattr(vocabulary, "vocabulary_id", "")

    def with_ranker(self, ranker: Ranker) -> Linker:
        """The same vocabulary, and what was looked up in it, with another ranker."""
        other = Linker(self._vocabulary, ranker, self._variants)
        other._finder = OptionFinder(self._finder.candidates, ranker)
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
        self._at: dict[tuple[int | None, Place], tuple[float, float]] = {}
        self._first: dict[tuple, Choice | None] = {}
        self._options: dict[Names, list[Option]] = {}
        self._supported: Counter[str] = Counter()
        self._organisms: Organisms | None = None
        self._places: dict[tuple[int, int], Place] = {}
        self._foreign: ForeignGenes | None = None
        by_type: dict[str, list[Mention]] = {}
        for mention in self._mentions:
            by_type.setdefault(mention.type, []).append(mention)
        for type_ in _ORDER_OF_TYPES:
            if type_ == GENE:
                self._read_organisms(by_type)
            self._collect(by_type.get(type_, ()))
        self._variants = VariantReading(
            synonyms=self.synonyms,
            genes=by_type.get(GENE, ()),
            ids_of=self.ids,
            candidates=linker._finder.candidates,
            numbers=linker._variants,
            ranker=linker._ranker,
            prefer_protein=prefer_protein(by_type.get(VARIANT, ())),
        )

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
        places_of: dict[Names, set[Place]] = {}
        for mention in by_type.get(GENE, ()):
            known = any(c.how == "exact" for c in self._linker._finder.candidates.of(mention.text, GENE))
            place = self._organisms.at(mention.start, mention.text, known)
            self._places[mention.start, mention.end] = place
            places_of.setdefault(self.synonyms.of(mention), set()).add(place)
        self._foreign = ForeignGenes(self._organisms, places_of, self._options)

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
            if options and key[1] and self._foreign.has(*key):
                options = None
            self._ranked[key] = self._rank(options, mention.type, key[1]) if options else None
        return self._ranked[key]

    def _key(self, mention: Mention) -> tuple[Names, Place | None]:
        """Mentions of one key mean the same: an equal name, of a gene at a place that says as much of its organism."""
        place = self._places.get((mention.start, mention.end)) if mention.type == GENE else None
        return self.synonyms.of(mention), place

    def _rank(self, options: list[Option], type_: str, place: Place | None) -> Ranked:
        ranker, scores = self._linker._ranker, []
        for option in options:
            also = support_of(option, type_, self._supported)
            own = option.score + ranker.score(also) if also else option.score
            scores.append(own + self._at_place(option.candidate.taxon, place)[0] if place else own)
        order = sorted(range(len(options)), key=lambda i: -scores[i])
        return Ranked([options[i] for i in order], [scores[i] for i in order])

    def _at_place(self, taxon: int | None, place: Place) -> tuple[float, float]:
        """What the place says for a gene of that organism, and for being sure of it."""
        key = taxon, place
        if key not in self._at:
            features = self._organisms.features(taxon, place)
            self._at[key] = self._linker._ranker.score(features), self._linker._ranker.weight(features)
        return self._at[key]

    def _weight(self, option: Option, mention: Mention) -> float:
        """What all ``features`` say for being sure of an option."""
        ranker = self._linker._ranker
        weight = option.weight + ranker.weight(support_of(option, mention.type, self._supported))
        names, place = self._key(mention)
        if place is not None:
            weight += self._at_place(option.candidate.taxon, place)[1]
            weight += ranker.weight(self._foreign.features(names, place, option.candidate.count > 0))
        return weight

    def features(self, option: Option, mention: Mention) -> list[str]:
        own = [*option.features, *support_of(option, mention.type, self._supported)]
        names, place = self._key(mention)
        if place is None:
            return own
        return [
            *own,
            *self._organisms.features(option.candidate.taxon, place),
            *self._foreign.features(names, place, option.candidate.count > 0),
        ]

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
            sure = ranker.sure_of(kind, self._weight(option, mention), margin)
            sure = min(sure, left) if i else sure
            left = left if i else sure
            found.append(
                Choice(tuple(option.candidate.concept_id.split(",")), round(sure, SCORE_DECIMALS), option.candidate.how)
            )
        return tuple(found)


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
