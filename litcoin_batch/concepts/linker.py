"""Mentions to concepts: abbreviations, lexicon, variant syntax, and at last a document-local id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from litcoin_batch.concepts.lexicon import Lexicon
from litcoin_batch.concepts.synonyms import Names, Synonyms
from litcoin_batch.concepts.variants import is_rs, variant_ids
from litcoin_batch.schema import Document, Mention, is_local, local_id

# Where a document defines AD as something the lexicon does not know, the lexicon's AD is the right
# one in half of the cases for diseases, but nearly always for chemicals and genes (5-fold
# cross-validation on BioRED Train). A wrong concept costs more than a local id.
_OWN_MEANING_ONLY = "DiseaseOrPhenotypicFeature"


def resolve(document: Document, mentions: Sequence[Mention], lexicon: Lexicon) -> tuple[Mention, ...]:
    """The same mentions in the same order, each with at least one entity id.

    Mentions of one type share ids where their names are spelt alike but for case and punctuation,
    where the document defines one as the abbreviation of the other, or where they stand in
    apposition. Ids that a mention already has are kept, and lent to its other names. Names that
    nothing resolves get ``local_id``s, numbered by first mention; resolving twice changes nothing.
    """
    order = sorted(range(len(mentions)), key=lambda i: _position(mentions[i]))
    ordered = [mentions[i] for i in order]
    synonyms = Synonyms(document.text, ordered)
    numbers = _LocalNumbers(document.pmid, mentions)
    prefer_protein = _reads_as_protein(ordered)
    taxa = _taxa(ordered, synonyms, lexicon)
    resolved = list(mentions)
    ids_of: dict[tuple[str, str], tuple[str, ...]] = {}
    for i in order:
        mention = mentions[i]
        if mention.entity_ids:
            continue
        key = mention.type, mention.text
        if key not in ids_of:
            names = synonyms.of(mention)
            if names.given:
                ids = names.given
            elif mention.type == "SequenceVariant":
                ids = _look_up_variant(names, lexicon, prefer_protein)
            else:
                ids = _look_up(mention, names, lexicon, taxa)
            ids_of[key] = ids or numbers.of(names)
        resolved[i] = mention.naming(ids_of[key])
    return tuple(resolved)


def _position(mention: Mention) -> tuple[int, int, str]:
    return mention.start, mention.end, mention.type


def _taxa(mentions: Sequence[Mention], synonyms: Synonyms, lexicon: Lexicon) -> tuple[str, ...]:
    """The organisms that the document names, most often named first (of equals, first named first)."""
    counts: Counter[str] = Counter()
    for mention in mentions:
        if mention.type == "OrganismTaxon":
            names = synonyms.of(mention)
            counts.update(mention.entity_ids or names.given or _look_up(mention, names, lexicon))
    return tuple(taxon for taxon, _ in counts.most_common())


def _look_up(mention: Mention, names: Names, lexicon: Lexicon, taxa: Sequence[str] = ()) -> tuple[str, ...]:
    for surface in (*names.long_forms, mention.text, *names.surfaces):
        if mention.type == _OWN_MEANING_ONLY and surface in names.short_forms:
            continue
        ids = lexicon.lookup(surface, mention.type, taxa)
        if ids:
            return ids
    return ()


def _look_up_variant(names: Names, lexicon: Lexicon, prefer_protein: bool) -> tuple[str, ...]:
    """A dbSNP number that the document gives, else what the lexicon says, else the syntax."""
    readings = [ids for surface in names.surfaces if (ids := variant_ids(surface))]
    for ids in readings:
        if is_rs(ids[0]):
            return ids[:1]
    for surface in names.surfaces:
        found = lexicon.lookup(surface, "SequenceVariant")
        if found:
            return found
    for ids in readings:
        return ids[-1:] if prefer_protein else ids[:1]
    return ()


def _reads_as_protein(mentions: Sequence[Mention]) -> bool:
    """Whether "A53T" is rather an amino acid change: the document's other variants are."""
    readings = [variant_ids(m.text) for m in mentions if m.type == "SequenceVariant"]
    certain = {ids[0][0] for ids in readings if len(ids) == 1 and not is_rs(ids[0])}
    return certain == {"p"}


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
