"""The variants of one document: a number that the text gives, else one of gene and change, else the syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from litcoin_batch.concepts.candidates import CandidateFinder
from litcoin_batch.concepts.names.synonyms import Synonyms
from litcoin_batch.concepts.ranker import SCORE_DECIMALS, Choice, Ranker
from litcoin_batch.concepts.variant_numbers import VariantNumbers, is_number, readings_of
from litcoin_batch.schema import ENTITY_TYPES, Mention

VARIANT = ENTITY_TYPES[3]
_FORMAL = re.compile(r"[cgmnpr]\.|N[CGMPR]_")


def prefer_protein(variants: Iterable[Mention]) -> bool:
    """Whether the changes that read in one way only are all ones of amino acids: then "G135C" is one, too."""
    readings = (r[0] for m in variants for r in readings_of(m.text) if len(r) == 1)
    return {reading[0] for reading in readings if not is_number(reading)} == {"p"}


def variant_features(text: str, ids: Sequence[str], how: str, has_genes: bool) -> list[str]:
    """What says how sure a variant's ids are: ``how`` they were found; whether its document mentions genes."""
    kind = "rs" if is_number(ids[0]) else "|".join(ids[0].split("|")[:2])
    form = "formal" if _FORMAL.match(text) else "plain"
    return [f"v:how={how}", f"v:kind={kind}", f"v:form={form}-{kind}", f"v:genes={has_genes}-{how}"]


@dataclass(frozen=True, slots=True)
class VariantReading:
    """``genes``: the document's gene mentions; ``ids_of``: what each of them means."""

    synonyms: Synonyms
    genes: Sequence[Mention]
    ids_of: Callable[[Mention], tuple[str, ...]]
    candidates: CandidateFinder
    numbers: VariantNumbers
    ranker: Ranker
    prefer_protein: bool

    def choices(self, mention: Mention) -> tuple[Choice, ...]:
        names = self.synonyms.of(mention)
        changes = [change for surface in names.surfaces for change in readings_of(surface)]
        for readings in changes:
            if is_number(readings[0]):
                return (self._sure(mention, readings[:1], "given"),)
        own = readings_of(mention.text) or readings_of(names.surfaces[0])
        found, hows = [], set()
        for readings in own:
            number = self._number(mention, readings)
            if number is None and len(own) == 1:
                number = next((n for rs in changes if (n := self._number(mention, rs))), None)
            hows.add("gene" if number else "syntax")
            found.append(number or (readings[-1] if self.prefer_protein else readings[0]))
        if found:
            how = "+".join(sorted(hows)) + ("-ambiguous" if len(own[0]) > 1 else "-plain")
            return (self._sure(mention, tuple(dict.fromkeys(found)), how),)
        for surface in names.surfaces:
            entries = self.candidates.of(surface, VARIANT)
            if entries:
                return (self._sure(mention, tuple(entries[0].concept_id.split(",")), "name"),)
        return ()

    def _number(self, mention: Mention, readings: tuple[str, ...]) -> str | None:
        """The dbSNP number of the change in the nearest gene that has one in the table."""
        genes = sorted(self.genes, key=lambda g: (abs(g.start - mention.start), g.start))
        for gene in dict.fromkeys(i for g in genes for i in self.ids_of(g)):
            for change in readings:
                number = self.numbers.find(gene, change)
                if number:
                    return number
        return None

    def _sure(self, mention: Mention, ids: tuple[str, ...], how: str) -> Choice:
        features = variant_features(mention.text, ids, how, bool(self.genes))
        return Choice(ids, round(self.ranker.sure(("v", *features), 0.0), SCORE_DECIMALS), how)
