"""Names to candidate concepts: exact first, then taken apart, then other ways to write the name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from litcoin_batch.concepts.names.composites import parts_of
from litcoin_batch.concepts.names.folding import fold, plain_letters
from litcoin_batch.concepts.names.name_forms import name_forms
from litcoin_batch.concepts.vocabularies.entries import Concept, Entry
from litcoin_batch.schema import ENTITY_TYPES

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES

# A longer name is prose: no vocabulary has it, and no time is spent on its forms.
_MAX_CHARS = 200
_LONGEST_FAMILY_CHARS = 40
_LEAST_MEMBERS = 3
_SEPARATORS = ("/", ",", "&", "+", " and ", " or ", "-")


class Names(Protocol):
    """What the linker asks of a vocabulary, see ``concepts.vocabularies.vocabulary``."""

    def find(self, key: str, type: str) -> Sequence[Entry]: ...
    def concept(self, concept_id: str, type: str | None = None) -> Concept | None: ...
    def taxon_of_gene(self, concept_id: str) -> int | None: ...
    def taxon_of_cell_line(self, concept_id: str) -> int | None: ...
    def orthologues(self, gene_id: str) -> tuple[str, ...]: ...
    def knows(self, key: str, type: str) -> bool: ...


class Candidate(NamedTuple):
    """``concept_id``: with commas between the concepts of a composite. ``how`` the name was found: exact, composite or
    a name form; ``n_members``: how many names of genes are this one and a digit, as "STAT1" is "STAT" and 1.
    """

    concept_id: str
    taxon: int | None
    kind: str
    source: str
    marks: tuple[str, ...]
    count: int  # type: ignore[assignment]  # a tuple has a method of this name
    how: str
    n_members: int = 0


class CandidateFinder:
    """Candidates of a vocabulary, each name looked up once."""

    def __init__(self, vocabulary: Names) -> None:
        self._vocabulary = vocabulary
        self.of = lru_cache(maxsize=32_768)(self._search)
        self.orthologues = lru_cache(maxsize=8_192)(self._orthologues)

    def _search(self, name: str, type_: str) -> tuple[Candidate, ...]:
        """What ``name`` may mean; () where the vocabulary knows it in no form."""
        if len(name) > _MAX_CHARS or not name.strip():
            return ()
        name = name if name.isascii() else plain_letters(name)
        found = self._exact(name, type_, "exact")
        if any(separator in name for separator in _SEPARATORS) and not any(c.count for c in found):
            found += self._composites(name, type_)
        if found:
            return found
        for how, form in name_forms(name, type_):
            found = self._exact(form, type_, how)
            if found:
                return found
        return ()

    def name(self, candidate: Candidate, type_: str) -> str:
        """The preferred name of its (first) concept, "" where the vocabulary has none."""
        concept = self._vocabulary.concept(candidate.concept_id.partition(",")[0], type_)
        return concept.name if concept else ""

    def _exact(self, name: str, type_: str, how: str) -> tuple[Candidate, ...]:
        key = fold(name, type_)
        if not key:
            return ()
        entries = self._vocabulary.find(key, type_)
        if not entries:
            return ()
        found: dict[str, Candidate] = {}
        n_members = self._n_members(key) if type_ == GENE else 0
        for e in entries:
            concept_id = e.concept_id
            if type_ == CHEMICAL and not e.count:
                concept = self._vocabulary.concept(concept_id, type_)
                # Annotators still write the former ids of some drugs that have become descriptors of MeSH.
                concept_id = concept.written_id or concept_id if concept else concept_id
            taxon = e.taxon or self._taxon(concept_id, type_)
            candidate = Candidate(
                concept_id=concept_id,
                taxon=taxon,
                kind=e.kind,
                source=e.source,
                marks=e.marks,
                count=e.count,
                how=how,
                n_members=n_members,
            )
            if n_members >= _LEAST_MEMBERS and self._is_no_member(candidate, key):
                continue
            known = found.get(concept_id)
            if known is None or _worth(candidate) > _worth(known):
                found[concept_id] = candidate
        return tuple(found.values())

    def _is_no_member(self, candidate: Candidate, key: str) -> bool:
        """ "STAT" is a synonym of SOAT1, but who writes it means STAT1, STAT2 ... together."""
        if candidate.count or candidate.kind in ("symbol", "name", "annotated"):
            return False
        return not fold(self.name(candidate, GENE) or "?", GENE).startswith(key)

    def _n_members(self, key: str) -> int:
        if not 2 <= len(key) <= _LONGEST_FAMILY_CHARS or key[-1].isdigit():
            return 0
        return sum(self._vocabulary.knows(f"{key}{digit}", GENE) for digit in range(1, 7))

    def _taxon(self, concept_id: str, type_: str) -> int | None:
        """Of several genes that of the first."""
        return self._vocabulary.taxon_of_gene(concept_id.partition(",")[0]) if type_ == GENE else None

    def _composites(self, name: str, type_: str) -> tuple[Candidate, ...]:
        parts = parts_of(name, lambda form: len(form) > 1 and bool(self._vocabulary.find(fold(form, type_), type_)))
        if not parts and type_ == CHEMICAL and name.count("-") == 1:
            halves = tuple(name.split("-"))
            if all(len(half) > 4 and self._vocabulary.find(fold(half, type_), type_) for half in halves):
                parts = halves
        if not parts:
            return ()
        by_taxon = [_best_by_taxon(self._exact(part, type_, "exact")) for part in parts]
        shared = set.intersection(*(set(best) for best in by_taxon))
        found = []
        for taxon in sorted(shared, key=lambda t: (t is None, t)):
            chosen = [best[taxon] for best in by_taxon]
            ids = dict.fromkeys(i for c in chosen for i in c.concept_id.split(","))
            worst = max(chosen, key=lambda c: RANK_OF_KIND[c.kind])
            count = min(c.count for c in chosen)
            found.append(
                Candidate(
                    concept_id=",".join(ids),
                    taxon=taxon,
                    kind=worst.kind,
                    source=worst.source,
                    marks=worst.marks,
                    count=count,
                    how="composite",
                )
            )
        return tuple(found)

    def _orthologues(self, gene_ids: str) -> dict[int, str]:
        """The genes of other organisms that these stem from the same ancestor with: taxon -> joined ids."""
        by_taxon: dict[int, list[str]] = defaultdict(list)
        ids = gene_ids.split(",")
        for gene_id in ids:
            seen = set()
            for other in self._vocabulary.orthologues(gene_id):
                taxon = self._vocabulary.taxon_of_gene(other)
                if taxon and taxon not in seen:
                    seen.add(taxon)
                    by_taxon[taxon].append(other)
        return {taxon: ",".join(dict.fromkeys(found)) for taxon, found in by_taxon.items() if len(found) == len(ids)}


RANK_OF_KIND = {
    kind: i for i, kind in enumerate(("symbol", "name", "synonym", "former", "annotated", "derived", "lent", "other"))
}


def _best_by_taxon(candidates: Iterable[Candidate]) -> dict[int | None, Candidate]:
    best: dict[int | None, Candidate] = {}
    for candidate in candidates:
        known = best.get(candidate.taxon)
        if known is None or _worth(candidate) > _worth(known):
            best[candidate.taxon] = candidate
    return best


def _worth(candidate: Candidate) -> tuple[int, int]:
    return candidate.count, -RANK_OF_KIND[candidate.kind]
