"""Names and concept ids out of the files that vocabularies are published in, memory flat.

Every parser takes a path (plain or gzip) and a level, and yields ``Row``s with ids as BioRED writes
them. Level 0 holds preferred names, level 1 synonyms, level 2 derived abbreviations: written in this
order, an official symbol wins over another concept's synonym. A file that is not in the expected
layout raises ``ContractError`` naming the place.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from litcoin_batch.concepts.lexicon_files import Row
from litcoin_batch.schema import ContractError

GENE, DISEASE, CHEMICAL = "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature", "ChemicalEntity"
LEVELS = (0, 1, 2)

# F01 and F03: behaviour and mental disorders. Organisms and cell lines have ids of other vocabularies.
_MESH_TREES = (("C", DISEASE), ("F01", DISEASE), ("F03", DISEASE), ("D", CHEMICAL))
_SUPPLEMENTARY_CLASSES = {"1": CHEMICAL, "3": DISEASE}
_TAXON_NAMES = frozenset(
    (
        "synonym",
        "common name",
        "genbank common name",
        "equivalent name",
        "acronym",
        "genbank acronym",
        "genbank synonym",
    )
)
_BINOMIAL = re.compile(r"([A-Z])[a-z]+ ([a-z]{3,})")
_CTD_COLUMNS = {"ChemicalName": ("ChemicalID", CHEMICAL), "DiseaseName": ("DiseaseID", DISEASE)}


def mesh(path: Path, level: int) -> Iterator[Row]:
    """Descriptor (``desc2026.xml``) and supplementary concept records (``supp2026.xml``)."""
    if level > 1:
        return
    n_records = 0
    for record in _xml_records(path, ("DescriptorRecord", "SupplementalRecord")):
        n_records += 1
        kind = "Descriptor" if record.tag == "DescriptorRecord" else "SupplementalRecord"
        ui, preferred = record.findtext(f"{kind}UI"), record.findtext(f"{kind}Name/String")
        if not ui or not preferred:
            raise ContractError(f"{path}: record {n_records}: expected {kind}UI and {kind}Name/String")
        names = (
            [preferred]
            if level == 0
            else [term.text for term in record.iterfind("ConceptList/Concept/TermList/Term/String")]
        )
        for type_ in _mesh_types(record):
            yield from _rows(names, type_, ui, skip=preferred if level else None)
    if not n_records:
        raise ContractError(f"{path}: expected MeSH DescriptorRecord or SupplementalRecord elements, found none")


def _mesh_types(record: etree._Element) -> list[str]:
    if record.tag == "SupplementalRecord":
        type_ = _SUPPLEMENTARY_CLASSES.get(record.get("SCRClass", ""))
        return [type_] if type_ else []
    trees = [number.text or "" for number in record.iterfind("TreeNumberList/TreeNumber")]
    return sorted({type_ for prefix, type_ in _MESH_TREES for tree in trees if tree.startswith(prefix)})


def gene_info(path: Path, level: int, taxa: frozenset[str] = frozenset()) -> Iterator[Row]:
    """NCBI ``gene_info``; ``taxa``: NCBI taxonomy ids to keep, empty for all."""
    wanted = {
        0: ("Symbol",),
        1: (
            "Symbol_from_nomenclature_authority",
            "Full_name_from_nomenclature_authority",
            "Synonyms",
            "description",
            "Other_designations",
        ),
    }
    if level not in wanted:
        return
    for gene in _table(path, ("#tax_id", "GeneID", "Symbol", "Synonyms")):
        if (taxa and gene["#tax_id"] not in taxa) or gene["Symbol"] == "NEWENTRY":
            continue
        names = [name for column in wanted[level] for name in gene.get(column, "-").split("|") if name != "-"]
        for row in _rows(names, GENE, gene["GeneID"], skip=gene["Symbol"] if level else None):
            yield row._replace(taxon=gene["#tax_id"])


def taxonomy(path: Path, level: int) -> Iterator[Row]:
    """NCBI taxonomy ``names.dmp``; level 2 abbreviates binomials: "E. coli"."""
    for number, line in _lines(path):
        fields = line.removesuffix("\t|").split("\t|\t")
        if len(fields) != 4:
            raise ContractError(f"{path}, line {number}: expected four fields between '\\t|\\t', found {len(fields)}")
        tax_id, name, _, kind = fields
        scientific = kind == "scientific name"
        binomial = _BINOMIAL.fullmatch(name) if scientific and level == 2 else None
        if binomial:
            yield Row(f"{binomial[1]}. {binomial[2]}", "OrganismTaxon", tax_id)
        elif (level == 0 and scientific) or (level == 1 and kind in _TAXON_NAMES):
            yield from _rows([name], "OrganismTaxon", tax_id)


def cellosaurus(path: Path, level: int) -> Iterator[Row]:
    """``cellosaurus.txt``: two-letter line codes, entries end with ``//``."""
    entry: dict[str, str] = {}
    n_entries = 0
    for number, line in _lines(path):
        code, value = line[:2], line[5:].strip()
        if code in ("ID", "AC", "SY"):
            entry[code] = value
        elif code == "//":
            if not {"ID", "AC"} <= entry.keys():
                raise ContractError(f"{path}, line {number}: the entry that ends here lacks ID or AC")
            n_entries += 1
            names = {0: [entry["ID"]], 1: entry.get("SY", "").split("; ")}.get(level, [])
            yield from _rows(names, "CellLine", entry["AC"])
            entry = {}
    if not n_entries:
        raise ContractError(f"{path}: expected Cellosaurus entries that end with '//', found none")


def ctd(path: Path, level: int) -> Iterator[Row]:
    """``CTD_chemicals.tsv`` and ``CTD_diseases.tsv``, told apart by their column names."""
    if level > 1:
        return
    for entry in _table(path, ("Synonyms",), comment="#"):
        column = next((name for name in _CTD_COLUMNS if name in entry), None)
        if column is None:
            raise ContractError(f"{path}: expected a column {' or '.join(_CTD_COLUMNS)}, found {', '.join(entry)}")
        id_column, type_ = _CTD_COLUMNS[column]
        names = [entry[column]] if level == 0 else entry["Synonyms"].split("|")
        # BioRED writes MeSH ids bare, but OMIM ids with their prefix.
        yield from _rows(names, type_, entry[id_column].removeprefix("MESH:"))


VOCABULARIES: dict[str, Callable[..., Iterator[Row]]] = {
    "mesh": mesh,
    "gene_info": gene_info,
    "taxonomy": taxonomy,
    "cellosaurus": cellosaurus,
    "ctd": ctd,
}


def _rows(names: list[str | None], type_: str, concept_id: str, skip: str | None = None) -> Iterator[Row]:
    for name in dict.fromkeys(name.strip() for name in names if name):
        if name and name != skip:
            yield Row(name, type_, concept_id)


def _open(path: Path) -> BinaryIO:
    stream = path.open("rb")
    is_gzip = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return gzip.GzipFile(fileobj=stream) if is_gzip else stream


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank."""
    with _open(path) as stream:
        for number, raw in enumerate(stream, 1):
            try:
                line = raw.decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise ContractError(f"{path}, line {number}: expected UTF-8: {error}") from error
            if line.strip():
                yield number, line


def _table(path: Path, required: tuple[str, ...], comment: str | None = None) -> Iterator[dict[str, str]]:
    """Rows of a tab-separated table. With ``comment`` the column names stand in the comment lines."""
    columns: list[str] | None = None
    for number, line in _lines(path):
        values = line.split("\t")
        if comment and line.startswith(comment):
            if len(values) > 1:
                columns = [values[0].lstrip("# "), *values[1:]]
            continue
        if columns is None and comment is None:
            columns = values
            values = []
        missing = [name for name in required if name not in (columns or ())]
        if missing:
            raise ContractError(
                f"{path}, line {number}: column {', '.join(missing)} is missing, found {', '.join(columns or ()) or 'none'}"
            )
        if values:
            # Empty fields at the end of a line may be left out.
            if len(values) > len(columns):
                raise ContractError(f"{path}, line {number}: expected {len(columns)} fields, found {len(values)}")
            yield dict(zip(columns, values + [""] * (len(columns) - len(values)), strict=True))


def _xml_records(path: Path, tags: tuple[str, ...]) -> Iterator[etree._Element]:
    """Elements one by one, forgotten after use; no DTD is loaded, no entity expanded, nothing fetched."""
    try:
        with _open(path) as stream:
            events = etree.iterparse(stream, tag=tags, resolve_entities=False, load_dtd=False, no_network=True)
            for _, element in events:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise ContractError(f"{path}: not readable as XML: {error}") from error
