"""The shipped questions over a small warehouse made by hand: right, and the same in Spark and DuckDB."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from litcoin_batch.schema import Annotation, Document, Evidence, Mention, Relation
from litcoin_batch.warehouse.tables.nested_rows import annotated_batch
from litcoin_batch.warehouse.tables.queries import read_query, shipped_queries
from litcoin_batch.warehouse.tables.spark_views import register_views
from litcoin_batch.warehouse.tables.views import duckdb_script
from warehouses import write_warehouse

GENE, DISEASE, CHEMICAL, VARIANT = (
    "GeneOrGeneProduct",
    "DiseaseOrPhenotypicFeature",
    "ChemicalEntity",
    "SequenceVariant",
)
CONCEPTS = {
    "BRCA2": ("675", GENE),
    "LMNA": ("4000", GENE),
    "novin": ("local:3:1", GENE),
    "breast cancer": ("D001943", DISEASE),
    "diabetes": ("D003920", DISEASE),
    "aspirin": ("D001241", CHEMICAL),
    "Aspirin": ("D001241", CHEMICAL),
    "metformin": ("D008687", CHEMICAL),
    "rs7903146": ("rs7903146", VARIANT),
}
TITLES = {
    1: "BRCA2 in breast cancer.",
    2: "BRCA2 promotes breast cancer. metformin changes aspirin.",
    3: "BRCA2 and novin in breast cancer. Aspirin lowers LMNA.",
    4: "aspirin with metformin prevents diabetes. Less diabetes with aspirin. rs7903146 in diabetes.",
}
# Document, the two names, type, novel, score, sentences that carry it. Ids sort either way round.
FINDINGS = (
    (1, "BRCA2", "breast cancer", "Association", True, 0.5, 1),
    (2, "BRCA2", "breast cancer", "Positive_Correlation", True, 0.8, 1),
    (2, "metformin", "aspirin", "Drug_Interaction", True, 0.9, 1),
    (3, "BRCA2", "breast cancer", "Association", False, 0.95, 1),
    (3, "novin", "breast cancer", "Association", True, 0.3, 1),
    (3, "Aspirin", "LMNA", "Negative_Correlation", True, 0.7, 1),
    (4, "aspirin", "diabetes", "Negative_Correlation", False, 0.6, 2),
    (4, "aspirin", "metformin", "Cotreatment", False, 0.4, 1),
    (4, "rs7903146", "diabetes", "Association", False, 0.65, 1),
)
REJECTS = (
    ("a.xml", 2, "citation without PMID"),
    ("b.xml", 9, "PMID 'abc' is not a positive whole number below 2**63"),
    ("b.xml", 10, "PMID 'a:d' is not a positive whole number below 2**63"),
    ("c.xml", 0, "PMID '' is not a positive whole number below 2**63"),
    ("c.xml", 7, "text has 200000 characters, more than the limit of 100000"),
    ("c.xml", 70, "text has 3000000 characters, more than the limit of 100000"),
)
# As the nightly job would keep them (tests/warehouse/nightly/test_year.py).
_BRCA2 = {"entity_1_id": "675", "entity_1_type": GENE, "entity_1_text": "BRCA2"}
_CANCER = {"entity_2_id": "D001943", "entity_2_type": DISEASE, "entity_2_text": "breast cancer"}
PAIRS = [
    {**_BRCA2, **_CANCER, "type": "Association", "n_documents": 2, "first_year": 2021, "last_year": 2023}
    | {"novel_share": 0.5, "score": 0.975, "best_score": 0.95, "best_pmid": 3, "best_evidence": TITLES[3][:33]},
    {**_BRCA2, **_CANCER, "type": "Positive_Correlation", "n_documents": 1, "first_year": 2022, "last_year": 2022}
    | {"novel_share": 1.0, "score": 0.8, "best_score": 0.8, "best_pmid": 2, "best_evidence": TITLES[2][:29]},
]


def relation(pmid: int, one: str, two: str, type_: str, novel: bool, score: float, n_sentences: int) -> Relation:
    text = TITLES[pmid]
    spans = [m.span() for m in re.finditer(r"\S[^.]*\.", text) if one in m[0] and two in m[0]]
    evidence = tuple(Evidence(start, end, text[start:end]) for start, end in spans)
    assert len(evidence) == n_sentences
    ids = CONCEPTS[one][0], CONCEPTS[two][0]
    return Relation.between(*ids, type_, novel, score=score, novel_score=0.5, evidence=evidence)


def annotation(pmid: int) -> Annotation:
    found = re.finditer("|".join(CONCEPTS), TITLES[pmid])
    mentions = tuple(Mention(*m.span(), CONCEPTS[m[0]][1], m[0], (CONCEPTS[m[0]][0],)) for m in found)
    return Annotation(pmid, mentions, tuple(relation(*finding) for finding in FINDINGS if finding[0] == pmid))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    documents = [Document(pmid, title, None, year=2020 + pmid) for pmid, title in TITLES.items()]
    annotated = annotated_batch(documents, [annotation(pmid) for pmid in TITLES], "model-1").to_pylist()
    rows = {
        "documents": [
            {
                "pmid": d.pmid,
                "version": 1,
                "title": d.title,
                "year": d.year,
                "text_sha256": d.text_sha256,
                "deleted": False,
                "is_current": True,
            }
            for d in documents
        ],
        "annotations": annotated,
        "mentions": [{**row, **mention} for row in annotated for mention in row["mentions"]],
        "relations": [{**row, **found} for row in annotated for found in row["relations"]],
        "pairs": PAIRS,
        "rejects": [dict(zip(("source", "record", "reason"), reject, strict=True)) for reject in REJECTS],
    }
    folder = tmp_path_factory.mktemp("warehouse") / "w"
    return folder, write_warehouse(folder, rows, "model-1")


@pytest.fixture(scope="module")
def ask(spark, warehouse):
    """Name of a shipped question, or SQL -> the rows as dicts, after both engines gave the same ones in the same order."""
    folder, log = warehouse
    register_views(spark, str(folder))
    for view in ("documents", "mentions", "relations", "evidence"):
        spark.catalog.cacheTable(view)
    connection = duckdb.connect()
    connection.execute(duckdb_script(log, log.state()))

    def both(question: str, **parameters: str) -> list[dict]:
        given = [f"{name}={value}" for name, value in parameters.items()]
        text, values = read_query(None, question, given) if " " not in question else read_query(question, None, given)
        ours = spark.sql(text, args=values)
        rows = [rounded(row) for row in ours.collect()]
        theirs = connection.execute(re.sub(r":(\w+)", r"$\1", text) if values else text, values)
        assert [column[0] for column in theirs.description] == ours.columns
        assert [rounded(row) for row in theirs.fetchall()] == rows
        return [dict(zip(ours.columns, row, strict=True)) for row in rows]

    yield both
    spark.catalog.clearCache()


def rounded(row: tuple) -> tuple:
    # The engines add up in different orders.
    return tuple(round(value, 9) if isinstance(value, float) else value for value in row)


def columns(rows: list[dict], *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in rows]


def test_every_question_is_tested_and_says_what_it_asks():
    questions = shipped_queries()
    tested = set(re.findall(r'ask\("(\w+)"', Path(__file__).read_text(encoding="utf-8")))
    assert {name.removesuffix(".sql") for name in questions} == tested
    assert min(len(about) for about in questions.values()) > 20


def test_reports_of_one_gene_and_disease_are_joined_by_noisy_or(ask):
    rows = ask("novel_gene_disease")
    assert columns(rows, "gene", "gene_id", "disease", "n_documents", "confidence", "surest_type", "example_pmid") == [
        ("BRCA2", "675", "breast cancer", 2, 0.9, "Positive_Correlation", 2),
        ("novin", "local:3:1", "breast cancer", 1, 0.3, "Association", 3),
    ]


@pytest.mark.parametrize("chemical", ["aspirin", "ASPIRIN", "D001241"])
def test_a_chemical_is_found_by_any_of_its_names_on_either_side(ask, chemical):
    rows = ask("negative_correlations", chemical=chemical)
    assert columns(rows, "pmid", "other", "other_type", "sentence") == [
        (3, "LMNA", GENE, "Aspirin lowers LMNA."),
        (4, "diabetes", DISEASE, "aspirin with metformin prevents diabetes."),
        (4, "diabetes", DISEASE, "Less diabetes with aspirin."),
    ]


def test_a_chemical_without_negative_correlation_gives_no_row(ask):
    assert ask("negative_correlations", chemical="metformin") == []
    assert ask("negative_correlations", chemical="it's unknown") == []


def test_genes_of_a_disease_leave_out_what_no_vocabulary_knows(ask):
    rows = ask("genes_per_disease")
    assert columns(rows, "disease", "place", "gene", "n_documents", "best_score") == [
        ("breast cancer", 1, "BRCA2", 3, 0.95)
    ]


@pytest.mark.parametrize("concept", ["675", "D001943", "brca2"])
def test_all_that_is_said_of_a_concept_is_one_row_for_each_pair(ask, concept):
    rows = ask("pairs_of_concept", concept=concept)
    assert columns(rows, "type", "n_documents", "first_year", "last_year", "score", "best_evidence") == [
        ("Association", 2, 2021, 2023, 0.975, "BRCA2 and novin in breast cancer."),
        ("Positive_Correlation", 1, 2022, 2022, 0.8, "BRCA2 promotes breast cancer."),
    ]
    assert set(columns(rows, "concept_id", "other_id")) == {
        ("D001943", "675") if concept == "D001943" else ("675", "D001943")
    }


def test_variants_come_with_diseases_and_sentences(ask):
    rows = ask("variant_diseases")
    assert columns(rows, "variant", "disease", "score", "sentence") == [
        ("rs7903146", "diabetes", 0.65, "rs7903146 in diabetes.")
    ]


def test_drugs_are_counted_by_kind_of_combination(ask):
    rows = ask("combined_drugs")
    assert columns(rows, "type", "chemical_1", "chemical_2", "n_documents", "n_novel", "example_pmid") == [
        ("Drug_Interaction", "aspirin", "metformin", 1, 1, 2),
        ("Cotreatment", "aspirin", "metformin", 1, 0, 4),
    ]


def test_documents_are_ranked_by_new_findings(ask):
    rows = ask("novel_documents")
    assert columns(rows, "pmid", "n_relations", "n_novel", "expected_novel") == [
        (3, 3, 2, 0.975),
        (2, 2, 2, 0.85),
        (1, 1, 1, 0.25),
        (4, 3, 0, 0.825),
    ]


def test_rejects_are_counted_by_kind_with_the_first_as_example(ask):
    rows = ask("rejects_by_reason")
    assert columns(rows, "kind", "n_rejects", "n_sources", "example_source", "example_record", "example_reason") == [
        ("PMID ... is not a positive whole number below N", 3, 2, *REJECTS[1]),
        ("text has N", 2, 1, *REJECTS[4]),
        ("citation without PMID", 1, 1, *REJECTS[0]),
    ]


def test_evidence_slices_the_text_it_was_taken_from(ask):
    rows = ask(
        "SELECT e.pmid, e.start, e.end AS stop, e.text, d.title FROM evidence e JOIN documents d ON e.pmid = d.pmid ORDER BY 1, 2, 3"
    )
    assert len(rows) == sum(finding[-1] for finding in FINDINGS)
    assert [row["title"][row["start"] : row["stop"]] for row in rows] == [row["text"] for row in rows]


def test_pubtator3_shows_relations_in_its_own_words(ask):
    rows = ask("SELECT * FROM pubtator3 WHERE pmid = 4 ORDER BY relation")
    assert columns(rows, "pmid", "relation", "entity_1", "entity_2") == [
        (4, "associate", "Disease|D003920", "Variant|rs7903146"),
        (4, "cotreat", "Chemical|D001241", "Chemical|D008687"),
        (4, "negative_correlate", "Chemical|D001241", "Disease|D003920"),
    ]
