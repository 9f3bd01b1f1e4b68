"""Every layout becomes names with kinds; a file of another layout is refused by file, line, value and expectation."""

from __future__ import annotations

import gzip
import re

import pytest

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.entries import CELL_LINE, CHEMICAL, DISEASE, GENE, ORGANISM
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary
from published_vocabularies import (
    CELLOSAURUS,
    CTD_CHEMICALS,
    CTD_DISEASES,
    GENE_INFO,
    HGNC,
    HGNC_DOWNLOAD,
    MESH,
    NAMES_DMP,
    OBO,
    SUPPLEMENTARY,
    compile_sources,
)

MESH_TABLE = (
    "D011471\tProstatic Neoplasms\tProstate Cancer\tC04.588.945.440.770|C12.100\t\n"
    "D001241\tAspirin\tAcetylsalicylic Acid\tD02.455\t\n"
    "D000003\tAbattoirs\tAbattoir\tJ01.576\t\n"
)
SUPPLEMENTARY_TABLE = "C076029\tolanzapine\tZyprexa|LY 170053\tD001241\nC564042\tReflux 1\t\tD011471\n"
THESAURUS = (
    "DescriptorUI\tDescriptorName\tConceptUI\tTermUI\tTermName\n"
    "D011471\tProstatic Neoplasms\tM1\tT1\tNeoplasms, Prostatic\n"
)
TABLE = "surface\ttype\tconcept_id\ttaxon\nmyGene\tGeneOrGeneProduct\t77\t9606\nboth\tDiseaseOrPhenotypicFeature\tD1, D2\t\n"
# layout -> files, and some of the names: type, name, (concept id, kind) of its entries
LAYOUTS = {
    "mesh": ([MESH, SUPPLEMENTARY], [
        (DISEASE, "prostatic neoplasms", [("D011471", "name")]), (DISEASE, "Neoplasms, Prostatic", [("D011471", "synonym")]),
        (DISEASE, "Prostate Cancer", [("D011471", "synonym")]), (CHEMICAL, "aspirin", [("D001241", "name")]),
        (CHEMICAL, "olanzapine", [("C076029", "name")]), (CHEMICAL, "Zyprexa", [("C076029", "synonym")]),
        (DISEASE, "Vesicoureteral Reflux 1", [("C564042", "name")]), (CHEMICAL, "mice", []), (CHEMICAL, "ABDIC protocol", []),
    ]),
    "gene_info": ([GENE_INFO], [
        (GENE, "IL6", [("1", "symbol"), ("16193", "symbol"), ("3569", "symbol"), ("3456", "synonym")]),
        (GENE, "BSF-2", [("3569", "synonym")]), (GENE, "NEWENTRY", []),
        (GENE, "interleukin 6", [("1", "name"), ("16193", "name"), ("3569", "name")]),
    ]),
    "hgnc": ([HGNC], [
        (GENE, "IL6", [("3569", "symbol")]), (GENE, "IFNB2", [("3569", "former")]), (GENE, "BSF2", [("3569", "synonym")]),
        (GENE, "interferon, beta 2", [("3569", "former")]), (GENE, "NOID", []),
    ]),
    "hgnc download": ([HGNC_DOWNLOAD], [(GENE, "BSF2", [("3569", "synonym")]), (GENE, "IFNB2", [("3569", "former")])]),
    "taxonomy": ([NAMES_DMP], [
        (ORGANISM, "E. coli", [("43352", "derived"), ("562", "derived")]), (ORGANISM, "human", [("9606", "synonym")]),
        (ORGANISM, "Escherichia coli", [("562", "name")]),
    ]),
    "cellosaurus": ([CELLOSAURUS], [
        (CELL_LINE, "HeLa", [("CVCL_0030", "name")]), (CELL_LINE, "TER461", [("CVCL_E548", "synonym")]),
    ]),
    "ctd": ([CTD_CHEMICALS, CTD_DISEASES], [
        (CHEMICAL, 'NSC "5" inhibitor', [("C534883", "synonym")]), (DISEASE, "AOMS3", [("OMIM:615812", "synonym")]),
        (DISEASE, "Migraine", [("D008881", "synonym")]),
    ]),
    "obo": ([OBO], [
        (DISEASE, "NIDDM", [("D003924", "synonym")]), (DISEASE, "diabetes", []), (DISEASE, "a rare disease", [("OMIM:615812", "synonym")]),
        (DISEASE, "two diseases at once", []),
    ]),
    "table": ([TABLE], [(GENE, "my-gene", [("77", "name")]), (DISEASE, "both", [("D1,D2", "name")])]),
    "mesh_tables": ([MESH_TABLE, SUPPLEMENTARY_TABLE, THESAURUS], [
        (DISEASE, "Neoplasms, Prostatic", [("D011471", "synonym")]), (CHEMICAL, "LY-170053", [("C076029", "synonym")]),
        (DISEASE, "reflux 1", [("C564042", "name")]), (DISEASE, "Abattoir", []),
    ]),
    "ontology_json": (['[{"id": "1", "name": "Flu", "synonyms": ["grippe"], "xrefs": [{"namespace": "MESH", "id": "D007251"}]}]'], [
        (DISEASE, "grippe", [("D007251", "synonym")]),
    ]),
    "names_of_organisms": (["patients\t9606\n"], [(ORGANISM, "patient", [("9606", "synonym")])]),
    "taxonomy_table": (["name\ttaxid\tclass\nBos taurus\t9913\tscientific\nCow (animal)\t9913\ten_wiki_title\n"], [
        (ORGANISM, "B. taurus", [("9913", "derived")]), (ORGANISM, "Cow (animal)", []),
    ]),
    "cell_lines": (["HeLa S3\tCVCL_0058\tHomo sapiens\n", "CVCL\tUID\tID\nCVCL_0001\tHEL\tHEL\n"], [
        (CELL_LINE, "HeLa-S3", [("CVCL_0058", "synonym")]), (CELL_LINE, "HEL", [("CVCL_0001", "name")]),
    ]),
}  # fmt: skip


def entries(vocabulary, type_, name):
    return [(e.concept_id, e.kind) for e in vocabulary.find(fold(name, type_), type_)]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_published_file_becomes_names_with_kinds(tmp_path, name, compress):
    files, expected = LAYOUTS[name]
    data = [gzip.compress(f.encode()) for f in files] if compress else files
    result, output = compile_sources(tmp_path, {"layout": name.split()[0], "files": data})
    assert result.exit_code == 0, result.output
    vocabulary = Vocabulary.open(output)
    assert [(t, n, entries(vocabulary, t, n)) for t, n, _ in expected] == expected


def test_concepts_know_organism_trees_and_preferred_name(tmp_path):
    sources = ({"layout": layout, "files": LAYOUTS[layout][0]} for layout in ("mesh", "gene_info", "cellosaurus"))
    _, output = compile_sources(tmp_path, *sources)
    vocabulary = Vocabulary.open(output)
    assert vocabulary.concept("D011471").trees == ("C04.588.945.440.770", "C12.100.500.565.625")
    assert [vocabulary.concept(gene, GENE)[2:4] for gene in ("3569", "16193")] == [(9606, "IL6"), (10090, "Il6")]
    assert vocabulary.taxon_of_cell_line("CVCL_0030") == 9606
    assert vocabulary.concept("CVCL_E548").name == "#15310-LN"


def test_organisms_that_are_not_asked_for_are_left_out(tmp_path):
    _, output = compile_sources(tmp_path, {"layout": "gene_info", "files": [GENE_INFO], "taxa": [10090, 7955]})
    assert entries(Vocabulary.open(output), GENE, "IL6") == [("1", "symbol"), ("16193", "symbol")]


LONG = "n" * 10_000
BAD = [
    ("mesh", "<DescriptorRecordSet></DescriptorRecordSet>", "expected MeSH DescriptorRecord .* found none"),
    ("mesh", MESH[:700], "not readable as XML"),
    ("mesh", "<S>\n<DescriptorRecord><DescriptorUI>D1</DescriptorUI></DescriptorRecord></S>", "line 2: a DescriptorRecord without"),
    ("gene_info", "#tax_id\tGeneID\n9606\t1\n", "line 1: column Symbol, Synonyms is missing; expected .*, found tax_id, GeneID"),
    ("gene_info", GENE_INFO + "9606" + "\t" * 20 + "\n", "line 7: expected 16 fields, found 21"),
    ("gene_info", GENE_INFO.replace("\t3569\t", "\t\t"), "line 2: column GeneID is empty, expected the id"),
    ("gene_info", GENE_INFO.replace("\t3569\t", "\tx\t"), "line 2: expected numbers .* found 'x'"),
    ("gene_info", GENE_INFO.replace("BSF2", LONG), "line 2: a name of 10,000 characters, expected at most 2,000; it begins 'nnn"),
    ("taxonomy", "9606 Homo sapiens\n", "line 1: expected four fields .* found '9606 Homo sapiens'"),
    ("taxonomy", GENE_INFO, "line 1: expected four fields"),
    ("cellosaurus", "ID   HeLa\n//\n", "line 2: .*lacks ID or AC"),
    ("cellosaurus", "nothing\n", "found none"),
    ("ctd", CTD_CHEMICALS.replace("ChemicalName", "Name"), "expected the columns ChemicalName"),
    ("ctd", "Aspirin\tMESH:D001241\n", "line 1: column Synonyms is missing"),
    ("ctd", b"# Fields:\n# ChemicalName\tChemicalID\tSynonyms\n\xff\tMESH:D1\t\n", "line 3: expected UTF-8"),
    ("taxonomy", gzip.compress(NAMES_DMP.encode(), mtime=0)[:40], "cut short or damaged"),
    ("obo", NAMES_DMP, r"expected an OBO file with \[Term\] stanzas"),
    ("hgnc", GENE_INFO, "line 1: column entrez_id, symbol, name is missing"),
    ("mesh_tables", NAMES_DMP, "line 1: expected a MeSH id"),
    ("ontology_json", "{}", "expected a list of terms"),
    ("ontology_json", "[", "expected JSON"),
    ("names_of_organisms", "patients\thuman\n", "line 1: expected a name and an NCBI taxonomy id, found 'patients"),
    ("cell_lines", "HeLa\tCVCL_0030\n", "line 1: expected a name, a CVCL id and an organism"),
    ("table", TABLE.replace("\t77\t", "\t\t"), "line 2: surface and concept_id must not be empty"),
    ("table", TABLE.replace("myGene", LONG), "line 2: a name of 10,000 characters"),
    ("table", TABLE.replace("9606", "human"), "line 2: taxon 'human', expected the number"),
    ("table", TABLE.replace("GeneOrGeneProduct", "Gene"), "line 2: column type holds 'Gene', expected one of"),
    ("table", "", "column surface, type, concept_id is missing"),
    ("aliases", "surface\ttype\tsame_as\nPb\tChemicalEntity\tLead\n", "line 2: same_as 'Lead' is no ChemicalEntity"),
]  # fmt: skip


@pytest.mark.parametrize("layout, content, message", BAD)
def test_another_layout_is_refused_by_file_line_value_and_expectation(tmp_path, layout, content, message):
    result, output = compile_sources(tmp_path, {"layout": layout, "files": [content]})
    assert result.exit_code == 1, result.output
    assert re.search(f"{layout}0.*{message}", " ".join(result.output.split())), result.output
    assert not output.exists()


def test_an_entity_bomb_is_not_expanded(tmp_path):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + MESH.split('dtd">')[1]
    bomb = bomb.replace("<String>Acetylsalicylic Acid</String>", "<String>boom &b;</String>")
    result, output = compile_sources(tmp_path, {"layout": "mesh", "files": [bomb]})
    assert result.exit_code == 0, result.output
    assert Vocabulary.open(output).prefix("boom", CHEMICAL) == ["boom"]
