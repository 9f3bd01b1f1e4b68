"""The embedded sample: the real layout, invented content, every label of the schema within reach."""

from pathlib import Path

import pytest
from lxml import etree

import litcoin_batch
from litcoin_batch.readers import read_path
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, Document, Reject

SAMPLE = Path(litcoin_batch.__file__).parent / "sample" / "sample99n0001.xml"

# PMID -> names of one entity type that its text holds.
NAMES = {
    "GeneOrGeneProduct": {99000001: ("EGFR", "MET"), 99000008: ("MDM2", "p53"), 99000023: ("NF-κB p65", "IκBα")},
    "DiseaseOrPhenotypicFeature": {
        99000003: ("Parkinson's disease (PD)",),
        99000021: ("nephrogenic diabetes insipidus",),
    },
    "ChemicalEntity": {99000004: ("omeprazole", "clopidogrel"), 99000010: ("cisplatin",), 99000022: ("ponatinib",)},
    "SequenceVariant": {99000002: ("c.1838C>G", "p.Thr613Arg"), 99000005: ("rs1801280",), 99000006: ("c.68_69delAG",)},
    "OrganismTaxon": {
        99000005: ("Mycobacterium tuberculosis",),
        99000015: ("Plasmodium falciparum",),
        99000010: ("rats",),
    },
    "CellLine": {99000001: ("PC-9", "HCC827"), 99000002: ("HEK293",), 99000022: ("K562",)},
}
# Relation type -> PMID and a statement of such a relation.
STATEMENTS = {
    "Association": (99000006, "PALB2 mutations, among them c.3113G>A (p.Trp1038X), were identified in patients with"),
    "Positive_Correlation": (99000010, "cisplatin had raised serum creatinine"),
    "Negative_Correlation": (99000021, "Amiloride attenuated the polyuria"),
    "Bind": (99000008, "Nutlin-3 bound directly to MDM2"),
    "Cotreatment": (99000018, "combined treatment with clobazam and valproate"),
    "Comparison": (99000007, "metformin was superior to glimepiride"),
    "Drug_Interaction": (
        99000004,
        "Coadministration of omeprazole lowered the plasma concentration of the active metabolite",
    ),
    "Conversion": (99000009, "Irinotecan is converted by carboxylesterase 2 (CES2) to SN-38"),
}


@pytest.fixture(scope="module")
def items() -> list[Document | Reject]:
    return list(read_path(SAMPLE))


@pytest.fixture(scope="module")
def texts(items) -> dict[int, str]:
    """PMID -> text of its latest version."""
    documents = [item for item in items if isinstance(item, Document) and not item.deleted]
    return {d.pmid: d.text for d in sorted(documents, key=lambda d: d.version)}


def test_nothing_is_rejected_and_every_record_counts_once(items):
    assert [item for item in items if isinstance(item, Reject)] == []
    assert [item.record for item in items] == list(range(1, 28))


def test_pmids_lie_above_all_real_ones_and_are_unique_per_version(items):
    assert min(d.pmid for d in items) == 99000001
    assert len({(d.pmid, d.version) for d in items}) == len(items)


def test_one_citation_comes_again_as_a_second_version_with_another_text(items):
    first, second = [d for d in items if d.pmid == 99000012]
    assert (first.version, second.version) == (1, 2)
    assert first.text != second.text
    assert first.revised < second.revised
    assert {d.version for d in items if d.pmid != 99000012} == {1}


def test_one_deletion_one_title_alone_and_enough_abstracts(items):
    assert [d.pmid for d in items if d.deleted] == [99000099]
    assert [d.pmid for d in items if not d.deleted and d.abstract is None] == [99000024]
    assert sum(d.abstract is not None for d in items) == 25
    assert len({d.pmid for d in items if d.abstract}) == 24


def test_abstracts_have_the_length_of_usual_ones(items):
    n_words = [len(d.abstract.split()) for d in items if d.abstract]
    assert min(n_words) >= 130 and max(n_words) <= 230


def test_every_live_record_has_title_year_revision_and_an_invented_journal(items):
    live = [d for d in items if not d.deleted]
    assert [d.pmid for d in live if not (d.title and d.year and d.revised)] == []
    assert [d.pmid for d in live if "Invented" not in (d.journal or "")] == []


def test_no_author_is_a_real_one_and_the_file_says_so():
    tree = etree.parse(SAMPLE, etree.XMLParser(load_dtd=False, no_network=True))
    assert {name.text for name in tree.iter("LastName")} == {"Example"}
    comments = tree.xpath("/comment()")
    assert any("invented" in comment.text for comment in comments)


def test_layout_has_sections_mixed_content_and_a_book_chapter():
    tree = etree.parse(SAMPLE, etree.XMLParser(load_dtd=False, no_network=True))
    labelled = tree.xpath("count(//Abstract[AbstractText/@Label])")
    plain = tree.xpath("count(//Abstract[not(AbstractText/@Label)])")
    assert labelled >= 8 and plain >= 8
    assert {e.tag for e in tree.xpath("//AbstractText/* | //ArticleTitle/*")} == {"i", "sub", "sup"}
    assert tree.xpath("string(//PubmedBookArticle//PMID)") == "99000025"


def test_entities_and_greek_letters_are_read_as_characters(texts):
    text = texts[99000023]
    for piece in (
        "TNF-α- and IL-6-driven NF-κB",
        "(both P < 0.001)",
        "score > 5.1",
        "1 μM",
        "17β-oestradiol",
        "64 ± 9%",
        "Ca2+",
    ):
        assert piece in text
    assert "&" not in text and "\N{NO-BREAK SPACE}" not in text


def test_examples_cover_the_schema():
    assert set(NAMES) == set(ENTITY_TYPES)
    assert set(STATEMENTS) == set(RELATION_TYPES)


@pytest.mark.parametrize("entity_type", ENTITY_TYPES)
def test_every_entity_type_is_named(texts, entity_type):
    missing = [(p, name) for p, names in NAMES[entity_type].items() for name in names if name not in texts[p]]
    assert missing == []


@pytest.mark.parametrize("relation_type", RELATION_TYPES)
def test_every_relation_type_is_stated(texts, relation_type):
    pmid, statement = STATEMENTS[relation_type]
    assert statement in texts[pmid]
