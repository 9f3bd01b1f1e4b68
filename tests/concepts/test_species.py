"""Whose gene: with the shipped ranker, on invented documents and a vocabulary of a few genes."""

import pytest

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.concepts.vocabularies.table_vocabulary import TableVocabulary
from litcoin_batch.schema import ENTITY_TYPES, Document, Mention

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
HUMAN, MOUSE, RAT, YEAST = "9606", "10090", "10116", "559292"
GENES = [
    ("TNF-alpha", {HUMAN: "7124", MOUSE: "21926", RAT: "24835"}),
    ("mTOR", {HUMAN: "2475", MOUSE: "56717", RAT: "56718"}),
    ("TOR", {MOUSE: "56717"}),
    ("CD4", {HUMAN: "920", MOUSE: "12504"}),
    ("PD-1", {HUMAN: "5133", MOUSE: "18566"}),
    ("BRCA1", {HUMAN: "672", MOUSE: "12189"}),
    ("TERT", {HUMAN: "7015", MOUSE: "21752"}),
    ("RAD51", {HUMAN: "5888", MOUSE: "19361", YEAST: "856831"}),
    ("PKB", {HUMAN: "207", MOUSE: "11651"}),
    ("ERK1", {HUMAN: "5595", MOUSE: "26417"}),
    ("ERK2", {HUMAN: "5594", MOUSE: "26413"}),
]
OTHERS = [
    Row("mice", ORGANISM, MOUSE),
    Row("mouse", ORGANISM, MOUSE),
    Row("rats", ORGANISM, RAT),
    Row("patients", ORGANISM, HUMAN),
    Row("Saccharomyces cerevisiae", ORGANISM, "4932"),
    Row("T-cell surface antigen W3/25", GENE, "24932", RAT),
    Row("L929", CELL_LINE, "CVCL_0462", MOUSE),
]
VOCABULARY = TableVocabulary(
    [*(Row(name, GENE, gene, taxon) for name, genes in GENES for taxon, gene in genes.items()), *OTHERS],
    orthologues=[("920", "12504", "24932")],
)


@pytest.fixture(scope="module")
def linker():
    return Linker(VOCABULARY)


def mentions_in(document, *wanted):
    found = []
    for name, type_ in wanted:
        start = document.text.find(name)
        assert start >= 0
        while start >= 0:
            found.append(Mention(start, start + len(name), type_, name))
            start = document.text.find(name, start + 1)
    return sorted(found, key=lambda m: (m.start, m.end, m.type))


def genes_of(linker, text, *wanted):
    """Gene mention -> ids; organisms and cell lines of the text are found by name."""
    others = [(row.surface, row.type) for row in OTHERS if row.surface in text and row.type != GENE]
    document = Document(7, text, None)
    linked = linker.link(document, mentions_in(document, *((name, GENE) for name in wanted), *others))
    return {m.text: m.entity_ids for m in linked if m.type == GENE}


def test_without_an_organism_genes_are_human(linker):
    found = genes_of(
        linker, "TNF-alpha rose, mTOR was inhibited, CD4 and PD-1 were lower.", "TNF-alpha", "mTOR", "CD4", "PD-1"
    )
    assert found == {"TNF-alpha": ("7124",), "mTOR": ("2475",), "CD4": ("920",), "PD-1": ("5133",)}


@pytest.mark.parametrize(
    ("text", "name", "gene"),
    [
        ("Loss of Brca1 in mice causes tumors of mice.", "Brca1", "12189"),
        ("In 40 patients, PKB did not change.", "PKB", "207"),
        ("In Saccharomyces cerevisiae, RAD51 repairs breaks.", "RAD51", "856831"),
        ("Expression of hTERT rose.", "hTERT", "7015"),
        ("Patients apart, mouse BRCA1 was cloned.", "mouse BRCA1", "12189"),
        ("We cloned mouse BRCA1 here.", "BRCA1", "12189"),
        ("In rats and rats of age, mTOR rose.", "mTOR", "56718"),
        ("In L929 and again L929 cells, TNF-alpha acts.", "TNF-alpha", "21926"),
    ],
)
def test_the_organism_of_the_text_decides(linker, text, name, gene):
    assert genes_of(linker, text, name)[name] == (gene,)


def test_one_name_may_mean_genes_of_two_organisms(linker):
    text = "The human BRCA1 and the mouse BRCA1 differ."
    document = Document(7, text, None)
    linked = linker.link(document, mentions_in(document, ("BRCA1", GENE)))
    assert [m.entity_ids for m in linked] == [("672",), ("12189",)]


def test_an_organism_without_a_gene_of_the_name_lends_its_orthologue(linker):
    assert genes_of(linker, "We cloned rat CD4.", "CD4")["CD4"] == ("24932",)


def test_composites_are_of_one_organism(linker):
    assert genes_of(linker, "In mice, ERK1/2 of mice rose.", "ERK1/2")["ERK1/2"] == ("26417", "26413")
    assert genes_of(linker, "In patients, ERK1/2 rose.", "ERK1/2")["ERK1/2"] == ("5595", "5594")
