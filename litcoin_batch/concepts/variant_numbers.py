"""Gene + change -> dbSNP number, from tables: the shipped one is built from annotated corpora, a user may add others.

A table is tab-separated with the columns gene (NCBI Gene id), change (any HGVS form, or BioRED's syntax) and rs.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from litcoin_batch.concepts.candidates import Names
from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.names.variants import variant_changes
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.schema import ENTITY_TYPES, ContractError

GENE, VARIANT = ENTITY_TYPES[0], ENTITY_TYPES[3]

SHIPPED = Path(__file__).resolve().parent / "variant_numbers.tsv"
COLUMNS = ("gene", "change", "rs")


class VariantNumbers:
    """The dbSNP number of a change in a gene, where there is one."""

    def __init__(self, numbers: Mapping[tuple[str, str], str] | None = None) -> None:
        """``numbers``: (NCBI Gene id, change as ``variant_ids`` gives it) -> "rs6025"."""
        self._numbers = dict(numbers or {})

    def __len__(self) -> int:
        return len(self._numbers)

    def over(self, numbers: Mapping[tuple[str, str], str]) -> VariantNumbers:
        """The same and what it lacks of ``numbers``."""
        return VariantNumbers(dict(numbers) | self._numbers)

    def write(self, path: str | os.PathLike[str]) -> None:
        lines = ["\t".join(COLUMNS), *("\t".join((*key, number)) for key, number in sorted(self._numbers.items()))]
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def find(self, gene: str, change: str) -> str | None:
        return self._numbers.get((gene, change))

    def with_rows(self, rows: Iterable[Row], vocabulary: Names) -> VariantNumbers:
        """The same with rows of a lexicon that name a gene and its change: "673:p.V600E", "BRAF:p.V600E"."""
        numbers = dict(self._numbers)
        for row in rows:
            gene, colon, change = row.surface.partition(":")
            if row.type != VARIANT or not colon or not is_number(row.concept_id):
                continue
            genes = (gene,) if gene.isdigit() else tuple(e.concept_id for e in vocabulary.find(fold(gene, GENE), GENE))
            for readings in variant_changes(change.strip())[:1]:
                numbers |= {(g, reading): row.concept_id for g in genes for reading in readings}
        return VariantNumbers(numbers)

    @classmethod
    def read(cls, *paths: str | os.PathLike[str]) -> VariantNumbers:
        """None given: the shipped table. Of several tables the later ones override; raises ``ContractError`` naming file and line."""
        numbers: dict[tuple[str, str], str] = {}
        for path in paths or (SHIPPED,):
            numbers |= dict(_rows(Path(path)))
        return cls(numbers)


def is_number(variant_id: str) -> bool:
    return re.fullmatch(r"rs\d+", variant_id) is not None


def _rows(path: Path) -> Iterable[tuple[tuple[str, str], str]]:
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream, delimiter="\t")
            header = tuple(next(reader, ()))
            if header != COLUMNS:
                raise ContractError(
                    f"{path}, line 1: expected the columns {', '.join(COLUMNS)}, found {', '.join(header)!r}"
                )
            for line, row in enumerate(reader, start=2):
                if len(row) != 3 or not row[0].isdigit() or not row[2].removeprefix("rs").isdigit():
                    raise ContractError(
                        f"{path}, line {line}: expected a gene id, a change and a dbSNP number, found {row!r}"
                    )
                changes = (row[1],) if "|" in row[1] else tuple(r for rs in variant_changes(row[1])[:1] for r in rs)
                if not changes:
                    raise ContractError(
                        f"{path}, line {line}: {row[1]!r} is no change that is understood, such as p.V600E"
                    )
                for change in changes:
                    yield (row[0], change), f"rs{row[2].removeprefix('rs')}"
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: not a readable table of variants ({error})") from error


@lru_cache(maxsize=16_384)
def readings_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The changes that a mention names, each with what it may be read as."""
    return variant_changes(text)
