"""Genes of organisms that none of their names' candidates is of: "S. aureus beta-lactamase" is no human gene.

Vocabularies have genes of some organisms. Where a text names another one, the genes that bear the name elsewhere are
wrong; those of a host that it need not name ("HIV-1 infection lowers CD4") are right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from litcoin_batch.concepts.names.synonyms import Names
from litcoin_batch.concepts.options import Option
from litcoin_batch.concepts.species import Organisms, Place, species_of

# Those whose genes vocabularies have: human, mouse, rat, zebrafish, fly, worm, yeasts, frogs, chicken, pig, cow, dog, macaque.
_WITH_GENES = frozenset((9606, 10090, 10116, 7955, 7227, 6239, 4932, 4896, 8355, 8364, 9031, 9823, 9913, 9615, 9544))
# A gene that annotators meant so often by a name is meant in texts about bacteria, too.
_OFTEN = 3


@dataclass(slots=True)
class ForeignGenes:
    """Of one document: ``places`` where each gene's name stands, ``options`` what it may mean."""

    organisms: Organisms
    places: Mapping[Names, set[Place]]
    options: Mapping[Names, list[Option]]
    _any: bool | None = field(default=None, init=False)
    _taxa: dict[Names, frozenset[int | None]] = field(default_factory=dict, init=False)

    def has(self, names: Names, place: Place) -> bool:
        """Whether a gene at ``place``, or where its name stands beside an organism, is of one that has none of its candidates."""
        taxa = self._taxa_of(names)
        if self._are_others(place, taxa):
            return True
        named = {p.named for p in self.places[names] if p.named is not None}
        if place.named is None and named.isdisjoint(taxa) and _are_strange(named):
            return True
        is_rare = max(o.candidate.count for o in self.options[names]) < _OFTEN
        return is_rare and self._is_doubtful(place, taxa) and self._has_any()

    def features(self, names: Names, place: Place, is_known: bool) -> list[str]:
        """What organisms that have none of its candidates say against all of them; that annotators meant one (``is_known``) speaks for it.

        They begin with "u:", which only ``Ranker.sure`` looks at.
        """
        found = self._features(place, self._taxa_of(names))
        return [*found, *(f"{feature}-{'known' if is_known else 'new'}" for feature in found)]

    def _features(self, place: Place, taxa: Collection[int | None]) -> list[str]:
        nearest = place.named or place.nearest
        if nearest is None:
            return ["u:none"]
        if nearest in taxa:
            return ["u:met"]
        how = "named" if place.named else "sentence" if place.before or place.after else "earlier"
        kin = "known" if nearest in _WITH_GENES else "strange"
        others = "others" if any(taxon in taxa for taxon in self.organisms.counts) else "alone"
        found = [f"u:{how}-{kin}", f"u:{kin}-{others}", f"u:{kin}-{others}-{place.case}"]
        return [*found, f"u:{kin}-lines"] if self.organisms.lines else found

    def _are_others(self, place: Place, taxa: Collection[int | None]) -> bool:
        """Whether genes of ``taxa`` are none of the organism that the place names, or of none that the document names where vocabularies would have its genes."""
        if None in taxa:  # a gene whose organism is not known may be of any
            return False
        if place.named is not None and place.named not in taxa:
            return _are_strange((place.named,))
        return place.nearest in _WITH_GENES and not any(taxon in taxa for taxon in self.organisms.counts)

    def _is_doubtful(self, place: Place, taxa: Collection[int | None]) -> bool:
        """Whether the organism of the place is one whose genes no vocabulary has, in a document that names none of ``taxa``.

        Texts about viruses speak of genes of a host that they need not name.
        """
        if place.nearest in self.organisms.viruses or not _are_strange((place.nearest,)):
            return False
        return not any(taxon in taxa for taxon in (None, *self.organisms.counts))

    def _has_any(self) -> bool:
        """Whether a gene of the document stands beside the organism that it is of and that has none of its candidates."""
        if self._any is None:
            self._any = any(
                place.named is not None and self._are_others(place, self._taxa_of(names))
                for names, places in self.places.items()
                if not names.given
                for place in places
            )
        return self._any

    def _taxa_of(self, names: Names) -> frozenset[int | None]:
        if names not in self._taxa:
            self._taxa[names] = frozenset(species_of(o.candidate.taxon) for o in self.options.get(names, ()))
        return self._taxa[names]


def _are_strange(taxa: Collection[int | None]) -> bool:
    """Whether there are any, and vocabularies have genes of none."""
    return bool(taxa) and not any(taxon is None or taxon in _WITH_GENES for taxon in taxa)
