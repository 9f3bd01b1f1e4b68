"""What a vocabulary says: meanings of a name, and facts of a concept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from litcoin_batch.schema import ENTITY_TYPES

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES


class Entry(NamedTuple):
    """One meaning of a name.

    ``concept_id``: as annotators write it; with commas between them where the name means several at once.
    ``taxon``: the organism of a gene or cell line as an NCBI taxonomy id, None where unknown or not asked for.
    ``kind``: symbol, name, synonym, former, lent (from an orthologue), derived (E. coli) or annotated (known from
    annotated texts only). ``source``: the source that gives the best kind. ``marks``: of the name, see ``MARKS``.
    ``count``: how often annotators of the given corpora meant this by it, rounded down (``vocabulary_files.COUNTS``).
    """

    concept_id: str
    type: str
    taxon: int | None
    kind: str
    source: str
    marks: tuple[str, ...] = ()
    count: int = 0  # type: ignore[assignment]  # a tuple has a method of this name


# ambiguous: another concept of the same type and organism has the name, too, and not only by loan or from annotated
# texts; everyday: a word of everyday English; one-letter: a single letter or digit.
MARKS = ("ambiguous", "everyday", "one-letter")
# The best first.
KINDS = ("symbol", "name", "synonym", "former", "annotated", "derived", "lent")
_OF_THEIR_OWN = frozenset(("symbol", "name", "synonym", "former"))


class Concept(NamedTuple):
    """``current_id``: the id that replaced this one, None where this one is current; ``former_ids``: those that this one replaced.

    ``written_id``: the one of all these that annotators write, None where it is this one. ``trees``: MeSH tree numbers ("C04.588.180").
    """

    concept_id: str
    type: str
    taxon: int | None
    name: str
    current_id: str | None = None
    former_ids: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()
    written_id: str | None = None


def marked(key: str, entries: Sequence[Entry], everyday: frozenset[str]) -> tuple[Entry, ...]:
    """``entries`` of the folded name ``key`` with its marks, see ``MARKS``."""
    of_name = (("everyday",) if key in everyday else ()) + (("one-letter",) if len(key) == 1 else ())
    if len(entries) == 1:
        return (entries[0]._replace(marks=of_name),) if of_name else tuple(entries)
    of_taxon: dict[int | None, set[str]] = {}
    for entry in entries:
        if entry.kind in _OF_THEIR_OWN:
            of_taxon.setdefault(entry.taxon, set()).add(entry.concept_id)
    found = []
    for entry in entries:
        own = of_taxon.get(entry.taxon, ())
        has_rivals = len(own) > (entry.concept_id in own)
        marks = ("ambiguous", *of_name) if has_rivals else of_name
        found.append(entry._replace(marks=marks) if marks else entry)
    return tuple(found)
