"""Tables of one's own, and vocabularies in layouts that others derived from the published ones."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from litcoin_batch.concepts.vocabularies.lexicon_files import placed_rows, split_ids
from litcoin_batch.schema import ContractError
from training.data.vocabularies.published_layouts import disease_of_xrefs, short_binomials
from training.data.vocabularies.vocabulary_records import (
    CELL_LINE,
    GENE,
    ORGANISM,
    Options,
    Place,
    Record,
    lines_of,
    named,
    needed,
    open_plain,
    table_of,
    types_of_trees,
)

# Organisms of cell lines whose name is no binomial of NCBI's have no taxon here.
_TAXA = {
    "Homo sapiens": "9606", "Mus musculus": "10090", "Rattus norvegicus": "10116", "Cricetulus griseus": "10029",
    "Gallus gallus": "9031", "Canis lupus familiaris": "9615", "Drosophila melanogaster": "7227", "Bos taurus": "9913",
    "Mesocricetus auratus": "10036", "Pan troglodytes": "9598", "Sus scrofa": "9823", "Felis catus": "9685",
    "Oryctolagus cuniculus": "9986", "Chlorocebus aethiops": "9534", "Macaca mulatta": "9544", "Bombyx mori": "7091",
    "Trichoplusia ni": "7111", "Spodoptera frugiperda": "7108", "Danio rerio": "7955", "Xenopus laevis": "8355",
    "Cercopithecus aethiops": "9534", "Ovis aries": "9940", "Equus caballus": "9796", "Cavia porcellus": "10141",
    "Aedes albopictus": "7160", "Chlorocebus sabaeus": "60711", "Potorous tridactylus": "9310", "Mustela vison": "452646",
}  # fmt: skip


def table(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Parquet, or tab-separated text with a header: surface, type, concept_id and perhaps taxon."""
    for path in paths:
        for line, row in placed_rows(path):
            ids = ",".join(split_ids(row.concept_id))
            yield Record(Place(path, line), ids, (row.type,), (("name", row.surface),), row.taxon or "")


_LISTS = re.compile(r"[|;]")


def mesh_tables(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """MeSH as tables: id, label, synonyms, tree numbers of descriptors first; then the same of supplementary concepts
    with the descriptors they are mapped to, and the thesaurus with all terms (told apart by header and ids).
    """
    trees: dict[str, tuple[str, ...]] = {}
    for path in paths:
        if next(lines_of(path), (0, ""))[1].startswith("DescriptorUI"):
            for place, row in table_of(path, ("DescriptorUI", "DescriptorName", "TermName")):
                found = trees.get(row["DescriptorUI"], ())
                names = named(("synonym", row["TermName"]))
                yield Record(place, row["DescriptorUI"], types_of_trees(found, options), names, trees=found)
            continue
        for number, line in lines_of(path):
            place, values = Place(path, number), line.split("\t")
            if len(values) < 4 or not re.fullmatch(r"[CD]\d{6,9}", values[0]) or not values[1]:
                raise ContractError(
                    f"{place}: expected a MeSH id, a label, synonyms and tree numbers or headings, found {line[:80]!r}"
                )
            concept_id, label, synonyms, where = values[:4]
            names = named(("name", label), *(("synonym", s) for s in synonyms.split("|")))
            if concept_id.startswith("D"):
                trees[concept_id] = tuple(t for t in where.split("|") if t)
                found = trees[concept_id]
                yield Record(place, concept_id, types_of_trees(found, options), names, trees=found)
            else:
                # The first heading says what the concept is, the others what it does.
                found = trees.get(where.split(",")[0], ())
                yield Record(place, concept_id, types_of_trees(found, options), names)


def ontology_json(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """A list of terms with name, synonyms and xrefs, each with namespace and id. Places count terms."""
    for path in paths:
        try:
            with open_plain(path) as stream:
                terms = json.load(stream)
        except (ValueError, EOFError, OSError) as error:
            raise ContractError(f"{path}: expected JSON: {error}") from error
        if not isinstance(terms, list) or not all(isinstance(t, dict) and "id" in t for t in terms):
            raise ContractError(f"{path}: expected a list of terms with id, name, synonyms and xrefs")
        for number, term in enumerate(terms, 1):
            xrefs = [f"{x['namespace']}:{x['id']}" for x in term.get("xrefs", ())]
            yield from disease_of_xrefs(Place(path, number), term.get("name", ""), term.get("synonyms", ()), xrefs)


def names_of_organisms(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Two columns without a header: name, NCBI taxonomy id."""
    for place, values in _headless(paths, 2, "a name and an NCBI taxonomy id", r"\d+", 1):
        yield Record(place, values[1], (ORGANISM,), named(("synonym", values[0])))


def taxonomy_table(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """The columns name, taxid, class: scientific and common names. Titles of encyclopedias are left out."""
    kinds = {"scientific": "name", "common_name": "synonym"}
    for path in paths:
        for number, line in lines_of(path):
            values = line.split("\t")
            if number == 1 and values == ["name", "taxid", "class"]:
                continue
            if number == 1 or len(values) != 3 or not values[1].isdigit() or not values[0]:
                raise ContractError(
                    f"{path}, line {number}: expected a table of name, taxid (a number) and class, found {line[:80]!r}"
                )
            name, tax_id, kind = values
            if kind in kinds and options.taxon(tax_id) is not None:
                names = ((kinds[kind], name),)
                yield Record(Place(path, number), tax_id, (ORGANISM,), named(*names, *short_binomials(names)))


def cell_lines(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Three columns without a header: name, CVCL id, organism; or with one: CVCL, UID, ID (a name)."""
    for path in paths:
        if next(lines_of(path), (0, ""))[1].split("\t")[:1] == ["CVCL"]:
            for place, row in table_of(path, ("CVCL", "UID", "ID")):
                needed(place, row, "CVCL", "ID")
                kind = "name" if row["UID"] == row["ID"] else "synonym"
                yield Record(place, row["CVCL"], (CELL_LINE,), named((kind, row["ID"])))
        else:
            for place, values in _headless([path], 3, "a name, a CVCL id and an organism", r"CVCL_\w+", 1):
                yield Record(
                    place, values[1], (CELL_LINE,), named(("synonym", values[0])), _TAXA.get(values[2].strip(), "")
                )


def _headless(
    paths: Sequence[Path], n_columns: int, expected: str, shape: str, column: int
) -> Iterator[tuple[Place, list[str]]]:
    for path in paths:
        for number, line in lines_of(path):
            values = line.split("\t")
            if len(values) != n_columns or not re.fullmatch(shape, values[column]) or not values[0].strip():
                raise ContractError(f"{path}, line {number}: expected {expected}, found {line[:80]!r}")
            yield Place(path, number), values


def ortholog_symbols(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Symbols out of tables of orthologues (columns as ``orthologues.read_orthologues`` expects them)."""
    for path in paths:
        header = next(lines_of(path), (0, ""))[1].split("\t")
        taxon, symbol, gene = (
            ("taxon_id", "symbol", "entrez") if "entrez" in header else ("Taxonomy", "Gene.Symbol", "Gene.ID")
        )
        for place, row in table_of(path, (taxon, symbol, gene)):
            found = options.taxon(row[taxon])
            if found and row[gene] and row[symbol]:
                yield Record(place, row[gene], (GENE,), named(("symbol", row[symbol])), found)


def ensembl_genes(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Ensembl's genes of one organism with NCBI Gene ids: entrez, symbol, description; ``taxa`` names the organism."""
    if len(options.taxa) != 1:
        raise ContractError(f"layout ensembl_genes: expected one organism in taxa, found {sorted(options.taxa)}")
    taxon = next(iter(options.taxa))
    for path in paths:
        for place, row in table_of(path, ("entrez", "symbol", "description")):
            gene = row["entrez"].removesuffix(".0")
            if gene.isdigit():
                description = re.sub(r" \[Source:.*", "", row["description"])
                yield Record(place, gene, (GENE,), named(("symbol", row["symbol"]), ("name", description)), taxon)


def symbols_with_synonyms(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Columns symbol and synonyms of one organism's genes, without NCBI ids: joined by symbol when compiled.

    The ``concept_id`` of these records is "symbol:" and the symbol.
    """
    if len(options.taxa) != 1:
        raise ContractError(
            f"layout symbols_with_synonyms: expected one organism in taxa, found {sorted(options.taxa)}"
        )
    taxon = next(iter(options.taxa))
    for path in paths:
        for place, row in table_of(path, ("symbol", "synonyms")):
            if row["symbol"] and row["synonyms"]:
                names = named(*(("synonym", s) for s in _LISTS.split(row["synonyms"])))
                yield Record(place, f"symbol:{row['symbol']}", (GENE,), names, taxon)


def read_orthologues(paths: Sequence[Path], options: Options) -> dict[str, tuple[str, str]]:
    """Gene id -> its human orthologue and its own taxon: {"22059": ("7157", "10090")}; the first file that knows a gene decides.

    Tables with human_entrez, taxon_id, entrez and perhaps support_n (of several, the best supported), or with HID, Taxonomy, Gene.ID.
    """
    human_of: dict[str, tuple[str, str]] = {}
    for path in paths:
        header = next(lines_of(path), (0, ""))[1].split("\t")
        pairs = _pairs_by_human(path) if "human_entrez" in header else _pairs_by_group(path)
        for human, taxon, gene in pairs:
            found = options.taxon(taxon)
            if found and gene and human:
                human_of.setdefault(gene, (human, found))
    return human_of


def _pairs_by_human(path: Path) -> Iterator[tuple[str, str, str]]:
    best: dict[tuple[str, str], tuple[float, str, str]] = {}
    for _, row in table_of(path, ("human_entrez", "taxon_id", "entrez")):
        if row["entrez"]:
            support = float(row.get("support_n") or 0)
            key = row["entrez"], row["taxon_id"]
            if key not in best or support > best[key][0]:
                best[key] = support, row["human_entrez"], row["entrez"]
    for (_, taxon), (_, human, gene) in best.items():
        yield human, taxon, gene


def _pairs_by_group(path: Path) -> Iterator[tuple[str, str, str]]:
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for _, row in table_of(path, ("HID", "Taxonomy", "Gene.ID")):
        groups[row["HID"]].append((row["Taxonomy"], row["Gene.ID"]))
    for genes in groups.values():
        humans = [gene for taxon, gene in genes if taxon == "9606"]
        if len(humans) == 1:
            yield from ((humans[0], taxon, gene) for taxon, gene in genes if taxon != "9606")


def aliases(paths: Sequence[Path], options: Options) -> Iterator[Record]:
    """Columns surface, type, same_as: names that mean what another name means, found when compiled.

    The ``concept_id`` of these records is "name:" and that name; same_as may be an id of the type, too.
    """
    for path in paths:
        for place, row in table_of(path, ("surface", "type", "same_as")):
            needed(place, row, "surface", "type", "same_as")
            yield Record(place, f"name:{row['same_as']}", (row["type"],), (("synonym", row["surface"]),))
