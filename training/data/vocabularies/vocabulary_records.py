"""What every layout of a vocabulary is read into, and the readers that the layouts share: memory flat, places kept."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from lxml import etree

from litcoin_batch.schema import ENTITY_TYPES, ContractError

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
HUMAN = "9606"


class Place(NamedTuple):
    """Where in a source something stands."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}"


class Record(NamedTuple):
    """One concept as one source has it. ``names``: kind (see ``vocabulary.KINDS``) and surface, the preferred one first.

    ``taxon``: of genes and cell lines. ``former_ids``: ids that this concept had.
    """

    place: Place
    concept_id: str
    types: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    taxon: str = ""
    trees: tuple[str, ...] = ()
    former_ids: tuple[str, ...] = ()


# F03: mental disorders. Organisms and cell lines have ids of other vocabularies.
MESH_TREES = {"C": DISEASE, "F03": DISEASE, "D": CHEMICAL}


@dataclass(frozen=True, slots=True)
class Options:
    """What a recipe may tell a layout.

    ``taxa``: organisms to keep, all where empty; ``same_taxon``: of one organism under two numbers (a strain and its
    species), the one to write; ``drop_types``: values of gene_info's type_of_gene to leave out; ``trees``: which MeSH
    trees are diseases and which chemicals.
    """

    taxa: frozenset[str] = frozenset()
    same_taxon: Mapping[str, str] = field(default_factory=dict)
    drop_types: frozenset[str] = frozenset()
    trees: Mapping[str, str] = field(default_factory=lambda: MESH_TREES)

    def taxon(self, tax_id: str) -> str | None:
        """The organism to write, None where its concepts are not wanted."""
        tax_id = self.same_taxon.get(tax_id, tax_id)
        return tax_id if not self.taxa or tax_id in self.taxa else None


def types_of_trees(trees: Sequence[str], options: Options) -> tuple[str, ...]:
    found = {type_ for prefix, type_ in options.trees.items() for tree in trees if tree.startswith(prefix)}
    return tuple(sorted(found))


def named(*names: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Kinds and surfaces without empty surfaces and without those that an earlier kind has."""
    kinds: dict[str, str] = {}
    for kind, surface in names:
        surface = " ".join((surface or "").split())
        if surface and surface != "-":
            kinds.setdefault(surface, kind)
    return tuple((kind, surface) for surface, kind in kinds.items())


def open_plain(path: Path) -> BinaryIO:
    """Plain or gzip, by content."""
    stream = path.open("rb")
    is_gzip = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if is_gzip else stream


def lines_of(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank."""
    with open_plain(path) as stream:
        number = 0
        try:
            for raw in stream:
                number += 1
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                if line.strip():
                    yield number, line
        except UnicodeDecodeError as error:
            raise ContractError(f"{path}, line {number}: expected UTF-8 text: {error}") from error
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise ContractError(f"{path}, after line {number}: the file is cut short or damaged: {error}") from error


def table_of(
    path: Path, required: tuple[str, ...], comment: str | None = None
) -> Iterator[tuple[Place, dict[str, str]]]:
    """Rows of a tab-separated table with a header. With ``comment`` the column names stand in the comment lines."""
    columns: list[str] | None = None
    for number, line in lines_of(path):
        values = line.split("\t")
        if comment and line.startswith(comment):
            if len(values) > 1:
                columns = [values[0].lstrip("# "), *values[1:]]
            continue
        if columns is None and comment is None:
            # gene_info has its names in a comment; copies of it may have another comment before that.
            if len(values) == 1 and line.startswith("#"):
                continue
            columns = [values[0].lstrip("#"), *values[1:]]
            values = []
        missing = [name for name in required if name not in (columns or ())]
        if missing:
            found = ", ".join(columns or ()) or "none"
            raise ContractError(
                f"{path}, line {number}: column {', '.join(missing)} is missing; expected {', '.join(required)}, found {found[:300]}"
            )
        if values:
            # Empty fields at the end of a line may be left out.
            if len(values) > len(columns):
                raise ContractError(
                    f"{path}, line {number}: expected {len(columns)} fields, found {len(values)}: {line[:80]!r}"
                )
            yield Place(path, number), dict(zip(columns, values + [""] * (len(columns) - len(values)), strict=True))
    if columns is None:
        raise ContractError(f"{path}: expected a table with the columns {', '.join(required)}, found no line")


def needed(place: Place, row: Mapping[str, str], *columns: str) -> None:
    """Raises ``ContractError`` where a column that names the concept is empty."""
    for column in columns:
        if not row[column].strip() or row[column] == "-":
            raise ContractError(
                f"{place}: column {column} is empty, expected the id and the name of a concept: {dict(row)!r:.200}"
            )


def xml_records(path: Path, tags: tuple[str, ...]) -> Iterator[etree._Element]:
    """Elements one by one, forgotten after use; no DTD is loaded, no entity expanded, nothing fetched."""
    try:
        with open_plain(path) as stream:
            events = etree.iterparse(stream, tag=tags, resolve_entities=False, load_dtd=False, no_network=True)
            for _, element in events:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except (etree.XMLSyntaxError, EOFError, gzip.BadGzipFile) as error:
        raise ContractError(f"{path}: not readable as XML: {error}") from error
