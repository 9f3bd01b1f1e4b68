"""A warehouse that is written straight is one that a baseline could have left, and every way to ask it answers alike."""

from __future__ import annotations

import duckdb
import pytest

from benchmark_gene import measure
from benchmarks.corpus import read_corpus
from benchmarks.measured.filled import fill
from litcoin_batch.warehouse.seen import script_of
from plain_pairs import expected_pairs, seen_pairs

N_DOCUMENTS, N_CONCEPTS = 300, 200


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled") / "warehouse"
    fill(folder, read_corpus(None), N_DOCUMENTS, N_CONCEPTS, "free-1", 98)
    return folder


def ask(folder, question):
    with duckdb.connect() as connection:
        connection.execute(script_of(str(folder)))
        return connection.execute(question).fetchall()


def test_readers_see_the_documents_and_what_their_annotations_hold(filled):
    assert ask(filled, "SELECT count(*), count(DISTINCT text_sha256) FROM documents") == [(N_DOCUMENTS, N_DOCUMENTS)]
    nested = "SELECT pmid, unnest({}, recursive := true) FROM annotations"
    names = "pmid, entity_1_id, entity_2_id, type, score, evidence"
    flat = ask(filled, f"SELECT {names} FROM relations ORDER BY ALL")
    assert flat == ask(filled, f"SELECT {names} FROM ({nested.format('relations')}) ORDER BY ALL")
    assert len(flat) > 3 * N_DOCUMENTS
    of_documents = ask(filled, "SELECT pmid, len(mentions) FROM annotations")
    assert {n for _, n in of_documents} == {12}
    assert ask(filled, "SELECT count(*) FROM mentions") == [(12 * N_DOCUMENTS,)]
    # What the quality gates of later nights divide.
    counted = ask(filled, "SELECT n_annotated, n_mentions, n_relations FROM runs")
    assert counted == [(N_DOCUMENTS, 12 * N_DOCUMENTS, len(flat))]


def test_its_pairs_are_those_of_its_relations(filled):
    assert seen_pairs(filled) == expected_pairs(filled) != []


def test_every_order_and_way_gives_the_relations_of_a_gene(filled, tmp_path):
    rows = list(measure(filled, ("FREE:1", "FREE:nobody"), tmp_path, 1))
    common = [row for row in rows if row["asked"] == "gene FREE:1"]
    assert {(row["table"], row["way"]) for row in common} == {
        *((table, way) for table in ("stored", "small", "clustered") for way in ("duckdb", "polars", "deltalake")),
        ("stored", "litcoin-batch query"),
    }
    seen = ask(filled, "SELECT count(*) FROM relations WHERE 'FREE:1' IN (entity_1_id, entity_2_id)")[0][0]
    assert {row["rows"] for row in common} == {seen} and seen > 50
    # A name behind all others: the ranges of both columns say that it is nowhere.
    nobody = [row for row in rows if row["asked"] == "gene FREE:nobody"]
    assert {row["rows"] for row in nobody} == {0}
    assert {row["groups_left"] for row in nobody if "groups" in row} == {0}
    assert {row["files_left"] for row in common if "groups" in row} == {1}
