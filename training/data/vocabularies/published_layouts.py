"""Vocabularies in the layouts that their makers publish: NCBI, NLM, HGNC, Cellosaurus, CTD, OBO ontologies.

Every layout takes the files of one source and yields ``Record``s with ids as BioRED writes them. A file that is
not in the layout raises ``ContractError`` naming file, line, value and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lxml import etree

from litcoin_batch.schema import ContractError
from training.data.vocabularies.vocabulary_records import (
    CELL_LINE,
    CHEMICAL,
    DISEASE,
    GENE,
    HUMAN,
    ORGANISM,
    Options,
    Place,
    Record,
    lines_of,
    named,
    needed,
    table_of,
    types_of_trees,
    xml_records,
)

_SUPPLEMENTARY_CLASSES = {"1": CHEMICAL, "3": DISEASE}
_TAXON_KINDS = {
    "scientific name": "name",
    **dict.fromkeys(("synonym", "common name", "genbank common name", "equivalent name"), "synonym"),
    **dict.fromkeys(("acronym", "genbank acronym", "genbank synonym"), "synonym"),
}
_BINOMIAL = re.compile(r"([A-Z])[a-z]+ ([a-z]{3,})")
_CTD_COLUMNS = {"ChemicalName": ("ChemicalID", CHEMICAL), "DiseaseName": ("DiseaseID", DISEASE)}
_ENTRY_CODES = ("ID", "AC", "SY", "OX")
_XREF = re.compile(r"(?:MESH|MSH|MeSH):([CD]\d{6,9})\b|OMIM:(\d{6})\b")


def mesh(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Descriptors (``desc2026.xml``) and supplementary concept records (``supp2026.xml``)."""
    for path in paths:
        n_records = 0
        for record in xml_records(path, ("DescriptorRecord", "SupplementalRecord")):
            n_records += 1
            yield from _mesh_record(Place(path, record.sourceline or 0), record, options)
        if not n_records:
            raise ContractError(f"{path}: expected MeSH DescriptorRecord or SupplementalRecord elements, found none")


def _mesh_record(place: Place, record: etree._Element, options: Options) -> Iterator[Record]:
    kind = "Descriptor" if record.tag == "DescriptorRecord" else "SupplementalRecord"
    ui, preferred = record.findtext(f"{kind}UI"), record.findtext(f"{kind}Name/String")
    if not ui or not preferred:
        raise ContractError(f"{place}: a {record.tag} without {kind}UI or {kind}Name/String")
    trees = tuple(number.text or "" for number in record.iterfind("TreeNumberList/TreeNumber"))
    if kind == "Descriptor":
        types = types_of_trees(trees, options)
    else:
        type_ = _SUPPLEMENTARY_CLASSES.get(record.get("SCRClass", ""))
        types = (type_,) if type_ else ()
    terms = (term.text for term in record.iterfind("ConceptList/Concept/TermList/Term/String"))
    yield Record(place, ui, types, named(("name", preferred), *(("synonym", t) for t in terms)), trees=trees)


def gene_info(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """NCBI ``gene_info`` of any organisms."""
    for path in paths:
        for place, gene in table_of(path, ("tax_id", "GeneID", "Symbol", "Synonyms")):
            needed(place, gene, "tax_id", "GeneID", "Symbol")
            taxon = options.taxon(gene["tax_id"])
            if taxon is None:
                continue
            if gene["Symbol"] == "NEWENTRY" or gene.get("type_of_gene") in options.drop_types:
                yield Record(place, gene["GeneID"], (), ())
                continue
            if not gene["GeneID"].isdigit() or not gene["tax_id"].isdigit():
                raise ContractError(
                    f"{place}: expected numbers as GeneID and tax_id, found {gene['GeneID']!r} and {gene['tax_id']!r}"
                )
            symbols = (gene["Symbol"], gene.get("Symbol_from_nomenclature_authority"))
            names = (gene.get("Full_name_from_nomenclature_authority"), gene.get("description"))
            others = (*gene["Synonyms"].split("|"), *gene.get("Other_designations", "-").split("|"))
            yield Record(
                place,
                gene["GeneID"],
                (GENE,),
                named(
                    *(("symbol", s) for s in symbols), *(("name", n) for n in names), *(("synonym", o) for o in others)
                ),
                taxon,
            )


# Column names of hgnc_complete_set.txt, and of a download with columns of one's choice.
_HGNC = {
    "entrez_id": ("NCBI Gene ID(supplied by NCBI)", "NCBI Gene ID"),
    "symbol": ("Approved symbol",),
    "name": ("Approved name",),
    "alias_symbol": ("Alias symbols",),
    "alias_name": ("Alias names",),
    "prev_symbol": ("Previous symbols",),
    "prev_name": ("Previous name",),
}


def hgnc(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """HGNC's complete set, or a download from its site with columns of one's choice."""
    for path in paths:
        header = next(lines_of(path), (0, ""))[1].split("\t")
        columns = {own: next((c for c in (own, *others) if c in header), None) for own, others in _HGNC.items()}
        required = tuple(columns[own] or own for own in ("entrez_id", "symbol", "name"))
        for place, row in table_of(path, required):
            values = {own: row.get(column or "", "") for own, column in columns.items()}
            if options.taxon(HUMAN) is None:
                continue
            yield Record(
                place,
                values["entrez_id"].strip(),
                (GENE,),
                named(
                    ("symbol", values["symbol"]),
                    ("name", values["name"]),
                    *(
                        ("synonym", n)
                        for own in ("alias_symbol", "alias_name")
                        for n in _listed(values[own], columns[own] == own)
                    ),
                    *(
                        ("former", n)
                        for own in ("prev_symbol", "prev_name")
                        for n in _listed(values[own], columns[own] == own)
                    ),
                ),
                HUMAN,
            )


def _listed(values: str, is_complete_set: bool) -> list[str]:
    return values.strip('"').split("|") if is_complete_set else re.split(r", (?=\S)", values)


def taxonomy(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """NCBI taxonomy ``names.dmp``; binomials give short forms, too: "E. coli"."""
    for path in paths:
        names: list[tuple[str, str]] = []
        current, first = "", Place(path, 0)
        for number, line in lines_of(path):
            fields = line.removesuffix("\t|").split("\t|\t")
            if len(fields) != 4 or not fields[0].strip().isdigit():
                raise ContractError(
                    f"{path}, line {number}: expected four fields between '\\t|\\t', the first a number, found {line[:80]!r}"
                )
            tax_id, name, _, kind = (field.strip() for field in fields)
            if tax_id != current:
                yield from _organism(first, current, names, options)
                current, first, names = tax_id, Place(path, number), []
            if kind in _TAXON_KINDS:
                names.append((_TAXON_KINDS[kind], name))
        yield from _organism(first, current, names, options)


def _organism(place: Place, tax_id: str, names: list[tuple[str, str]], options: Options) -> Iterator[Record]:
    names.sort(key=lambda name: name[0] != "name")
    if names and options.taxon(tax_id) is not None:
        yield Record(place, tax_id, (ORGANISM,), named(*names, *short_binomials(names)))


def short_binomials(names: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for kind, name in names:
        binomial = _BINOMIAL.fullmatch(name) if kind == "name" else None
        if binomial:
            yield "derived", f"{binomial[1]}. {binomial[2]}"


def cellosaurus(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """``cellosaurus.txt``: two-letter line codes, entries end with ``//``; of several species the first counts."""
    for path in paths:
        entry: dict[str, str] = {}
        n_entries, first = 0, 0
        for number, line in lines_of(path):
            code, value = line[:2], line[5:].strip()
            if code in _ENTRY_CODES:
                # The head of the file explains the codes in lines that look like an entry's.
                if code == "ID":
                    entry, first = {}, number
                entry.setdefault(code, value)
            elif code == "//":
                if not {"ID", "AC"} <= entry.keys():
                    raise ContractError(f"{path}, line {number}: the entry that ends here lacks ID or AC")
                n_entries += 1
                taxon = re.match(r"NCBI_TaxID=(\d+)", entry.get("OX", ""))
                names = named(("name", entry["ID"]), *(("synonym", s) for s in entry.get("SY", "").split("; ")))
                yield Record(Place(path, first), entry["AC"], (CELL_LINE,), names, taxon[1] if taxon else "")
                entry = {}
        if not n_entries:
            raise ContractError(f"{path}: expected Cellosaurus entries that end with '//', found none")


def ctd(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """``CTD_chemicals.tsv`` and ``CTD_diseases.tsv``, told apart by their column names."""
    for path in paths:
        for place, entry in table_of(path, ("Synonyms",), comment="#"):
            column = next((name for name in _CTD_COLUMNS if name in entry), None)
            if column is None or _CTD_COLUMNS[column][0] not in entry:
                raise ContractError(
                    f"{place}: expected the columns ChemicalName, ChemicalID or DiseaseName, DiseaseID, found {', '.join(entry)}"
                )
            id_column, type_ = _CTD_COLUMNS[column]
            needed(place, entry, column, id_column)
            names = named(("name", entry[column]), *(("synonym", s) for s in entry["Synonyms"].split("|")))
            trees = tuple(t for t in entry.get("TreeNumbers", "").split("|") if t)
            # BioRED writes MeSH ids bare, but OMIM ids with their prefix.
            yield Record(place, entry[id_column].removeprefix("MESH:"), (type_,), names, trees=trees)


def gene_history(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """NCBI ``gene_history``: which gene a discontinued one has become."""
    for path in paths:
        for place, row in table_of(path, ("tax_id", "GeneID", "Discontinued_GeneID")):
            taxon = options.taxon(row["tax_id"])
            if taxon is not None and row["GeneID"] != "-":
                yield Record(place, row["GeneID"], (GENE,), (), taxon, former_ids=(row["Discontinued_GeneID"],))


def merged_taxa(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """NCBI taxonomy ``merged.dmp``: which taxon an old one has become."""
    for path in paths:
        for number, line in lines_of(path):
            fields = [field.strip() for field in line.removesuffix("\t|").split("\t|\t")]
            if len(fields) != 2 or not all(field.isdigit() for field in fields):
                raise ContractError(
                    f"{path}, line {number}: expected two numbers between '\\t|\\t', found {line[:80]!r}"
                )
            if options.taxon(fields[1]) is not None:
                yield Record(Place(path, number), fields[1], (ORGANISM,), (), former_ids=(fields[0],))


def obo(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Diseases of an ontology (``mondo.obo``, ``doid.obo``) that refer to MeSH or OMIM; others have no id that BioRED knows."""
    for path in paths:
        n_terms, first = 0, 0
        term: dict[str, Any] | None = None
        for number, line in (*lines_of(path), (0, "[End]")):
            if line.startswith("["):
                if term is not None:
                    n_terms += 1
                    yield from disease_of_xrefs(Place(path, first), term["name"], term["synonyms"], term["xrefs"])
                term = {"name": "", "synonyms": [], "xrefs": []} if line == "[Term]" else None
                first = number
            elif term is not None:
                _read_obo_line(line, term)
        if not n_terms:
            raise ContractError(f"{path}: expected an OBO file with [Term] stanzas, found none")


def _read_obo_line(line: str, term: dict) -> None:
    key, _, value = line.partition(": ")
    if key == "name":
        term["name"] = value
    elif key == "synonym" and (match := re.match(r'"((?:[^"\\]|\\.)*)" (?:EXACT|RELATED)', value)):
        term["synonyms"].append(match[1].replace('\\"', '"'))
    elif key == "xref":
        term["xrefs"].append(value.split(" ")[0])


def disease_of_xrefs(place: Place, name: str, synonyms: Sequence[str], xrefs: Sequence[str]) -> Iterator[Record]:
    """The term under its MeSH id, or OMIM's where it has none of MeSH; without id where it has neither, or is too broad for one."""
    found = [match for xref in xrefs if (match := _XREF.fullmatch(xref))]
    mesh_ids = sorted({m[1] for m in found if m[1]})
    omim_ids = sorted({f"OMIM:{m[2]}" for m in found if m[2]})
    ids = mesh_ids or omim_ids
    names = named(("synonym", name), *(("synonym", s) for s in synonyms))
    yield Record(place, ids[0] if len(ids) == 1 else "", (DISEASE,), names)
