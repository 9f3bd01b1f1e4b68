"""The vocabulary: which concepts a name may mean, and what is known of a concept.

vocabulary = Vocabulary.open(folder)                     mapped, hash checked; nothing is loaded
vocabulary.find(fold("Trp53", GENE), GENE)               (Entry("22059", GENE, 10090, "symbol", ...),)
vocabulary.concept("22059", GENE).name                   "Trp53"
vocabulary.layered(rows)                                 the same with names of one's own over it
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from litcoin_batch.concepts.vocabularies.entries import CELL_LINE, GENE, Concept, Entry, marked
from litcoin_batch.concepts.vocabularies.layered_vocabulary import LayeredVocabulary
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.concepts.vocabularies.vocabulary_files import (
    BLOCK,
    TYPE_OF_LETTER,
    Facts,
    Kind,
    block_of_facts,
    mapped,
    mapped_trie,
    read_manifest,
    type_letter,
)
from litcoin_batch.schema import ENTITY_TYPES, ContractError

SHIPPED = Path(__file__).resolve().parents[2] / "vocabulary"


class Vocabulary:
    """A compiled vocabulary, shared in memory by all processes of a host that open the same folder."""

    def __init__(self, folder: Path, manifest: dict) -> None:
        self.folder = folder
        self.manifest = manifest
        self.vocabulary_id: str = manifest["vocabulary_id"]
        self._names = mapped_trie(folder / "names.marisa")
        self._concepts = mapped_trie(folder / "concepts.marisa")
        self._spans, self._entries, self._taxa, self._facts = (
            mapped(folder / f"{name}.bin") for name in ("spans", "entries", "taxa", "facts")
        )
        self._kinds = tuple(Kind(*kind) for kind in manifest["kinds"])
        self._everyday = frozenset(manifest["everyday"])
        self._taxon_ids = tuple(taxon or None for taxon in manifest["taxa"])
        self._widths = manifest["widths"]
        self._n_names, self._n_concepts = len(self._names), len(self._concepts)
        self._block_of_facts = lru_cache(maxsize=64)(self._read_block)

    @classmethod
    def open(cls, folder: str | os.PathLike[str] | None = None) -> Vocabulary:
        """``folder``: None for the shipped one. Raises ``ContractError`` where it is missing, damaged or of another version."""
        folder = SHIPPED if folder is None else Path(folder)
        return cls(folder, read_manifest(folder))

    def __len__(self) -> int:
        """The number of folded names, all types together."""
        return self._n_names

    def find(self, key: str, type: str) -> tuple[Entry, ...]:
        """What the folded name ``key`` (see ``fold``) may mean, the best kind first; () where it is unknown."""
        number = self._names.get(type_letter(type) + key)
        return () if number is None else marked(key, self._entries_of(number, type), self._everyday)

    def knows(self, key: str, type: str) -> bool:
        """Whether ``find`` gives anything."""
        return type_letter(type) + key in self._names

    def _entries_of(self, number: int, type_: str) -> list[Entry]:
        block = number - number % BLOCK
        place = self._n_names + block // BLOCK * 4
        first = int.from_bytes(self._spans[place : place + 4], "little") + sum(self._spans[block:number])
        concept_width, width = self._widths["concept"], self._widths["concept"] + self._widths["kind"]
        raw = self._entries[first * width : (first + self._spans[number]) * width]
        found = []
        for i in range(0, len(raw), width):
            concept = int.from_bytes(raw[i : i + concept_width], "little")
            kind = self._kinds[int.from_bytes(raw[i + concept_width : i + width], "little")]
            concept_id = self._concepts.restore_key(concept)[1:]
            found.append(
                Entry(
                    concept_id=concept_id,
                    type=type_,
                    taxon=self._taxon(concept),
                    kind=kind.kind,
                    source=kind.source,
                    marks=(),
                    count=kind.count,
                )
            )
        return found

    def _taxon(self, concept: int) -> int | None:
        width = self._widths["taxon"]
        return self._taxon_ids[int.from_bytes(self._taxa[concept * width : (concept + 1) * width], "little")]

    def concept(self, concept_id: str, type: str | None = None) -> Concept | None:
        """``type``: where an id serves several; else the first of ``ENTITY_TYPES`` that has it."""
        for type_ in (type,) if type else ENTITY_TYPES:
            number = self._concepts.get(type_letter(type_) + concept_id)
            if number is not None:
                facts = self._facts_of(number)
                taxon, current = self._taxon(number), facts.current_id or None
                written = facts.written_id if facts.written_id != concept_id else None
                return Concept(
                    concept_id=concept_id,
                    type=type_,
                    taxon=taxon,
                    name=facts.name,
                    current_id=current,
                    former_ids=facts.former_ids,
                    trees=facts.trees,
                    written_id=written or None,
                )
        return None

    def _facts_of(self, number: int) -> Facts:
        return Facts.of_line(self._block_of_facts(number // BLOCK)[number % BLOCK])

    def _read_block(self, block: int) -> list[str]:
        return block_of_facts(self._facts, block, -(-self._n_concepts // BLOCK))

    def current(self, concept_id: str, type: str) -> str:
        """The id that stands for this one now: itself where nothing replaced it."""
        concept = self.concept(concept_id, type)
        return concept.current_id or concept_id if concept else concept_id

    def taxon_of_cell_line(self, concept_id: str) -> int | None:
        number = self._concepts.get(type_letter(CELL_LINE) + concept_id)
        return None if number is None else self._taxon(number)

    def taxon_of_gene(self, concept_id: str) -> int | None:
        number = self._concepts.get(type_letter(GENE) + concept_id)
        return None if number is None else self._taxon(number)

    def orthologues(self, gene_id: str) -> tuple[str, ...]:
        """The ids of genes that stem from the same ancestor in other organisms, human ones first."""
        facts = self._facts_of_gene(gene_id)
        found = dict.fromkeys(facts.human)
        for human in (gene_id, *facts.human):
            found |= dict.fromkeys(self._facts_of_gene(human).animals)
        found.pop(gene_id, None)
        return tuple(found)

    def _facts_of_gene(self, gene_id: str) -> Facts:
        number = self._concepts.get(type_letter(GENE) + gene_id)
        return Facts() if number is None else self._facts_of(number)

    def prefix(self, key: str, type: str, limit: int = 100) -> list[str]:
        """At most ``limit`` folded names of ``type`` that begin with ``key``."""
        letter = type_letter(type)
        found = []
        for name in self._names.iterkeys(letter + key):
            found.append(name[1:])
            if len(found) == limit:
                break
        return found

    def names(self, type: str) -> Iterator[str]:
        """All folded names of ``type``."""
        return (name[1:] for name in self._names.iterkeys(type_letter(type)))

    def number_of(self, key: str, type: str) -> int | None:
        """The number of a folded name, below ``len(self)``: for indexes of one's own over the names."""
        return self._names.get(type_letter(type) + key)

    def name_of(self, number: int) -> tuple[str, str]:
        """The type and the folded name of this number."""
        name = self._names.restore_key(number)
        return TYPE_OF_LETTER[name[0]], name[1:]

    def layered(self, rows: Iterable[Row], layer_id: str | None = None, replace: bool = True) -> LayeredVocabulary:
        """The same with ``rows`` over it, see ``LayeredVocabulary``."""
        return LayeredVocabulary(self, rows, layer_id, replace)


def resolve_vocabulary(folder: str | os.PathLike[str] | None) -> Path:
    """The folder, the shipped one for None. Raises ``ContractError`` where there is none."""
    if folder is None:
        return SHIPPED
    if not Path(folder).is_dir():
        raise ContractError(
            f"vocabulary {folder}: no such folder; expected one written by training/concepts/build_vocabulary.py"
        )
    return Path(folder)
