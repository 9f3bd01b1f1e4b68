"""Topics of a warehouse of two subjects: found again, the same by seed, joined to relations, shown on a page."""

from __future__ import annotations

import json
import math

import duckdb
import numpy as np
import pytest

from html_page import Reader
from litcoin_batch.reports.topics import topics_page
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.topics import duckdb_views, tables
from litcoin_batch.warehouse.topics.bags import Counting, count_words
from litcoin_batch.warehouse.topics.lda import Search
from litcoin_batch.warehouse.topics.modelling import Modelling, model_topics
from litcoin_batch.warehouse.topics.themes import cluster, cut, hellinger, link
from warehouses import annotate

HEART = "cardiac tachycardia ventricular infarction myocardial coronary stent".split()
CANCER = "tumour metastasis chemotherapy carcinoma oncogene radiotherapy biopsy".split()
PAIR = ["aspirin", "gene"]
N = 60
HOW = Modelling(
    Counting(min_documents=3, max_share=0.6), Search((2, 3), held_out_share=0.2, passes=20, seed=3), None, 2
)


def is_heart(pmid):
    return pmid % 2 == 0


def text_of(pmid):
    words = HEART if is_heart(pmid) else CANCER
    said = " ".join(words[(pmid * 3 + i * i) % len(words)] for i in range(12))
    # What the fake model takes for a pair.
    return f"{said} aspirin gene" if is_heart(pmid) else said


@pytest.fixture(scope="module")
def warehouse(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("topics of two subjects")
    rows = [
        {"pmid": pmid, "title": "A study", "abstract": text_of(pmid), "year": 2000 + pmid % 3}
        for pmid in range(1, N + 1)
    ]
    (folder / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    annotate(spark, folder / "w", folder / "texts.jsonl", run_id="r")
    return str(folder / "w")


@pytest.fixture(scope="module")
def facts(spark, warehouse):
    return model_topics(spark, warehouse, HOW)


def test_documents_of_one_subject_share_a_topic(spark, warehouse, facts):
    first = spark.table("document_topics").where("rank = 1").collect()
    assert sorted(row.pmid for row in first) == list(range(1, N + 1))
    topics = {subject: {row.topic for row in first if is_heart(row.pmid) is subject} for subject in (True, False)}
    assert not topics[True] & topics[False]
    weights = spark.sql(
        "SELECT pmid, sum(weight) AS s, max(rank) AS n, count(*) AS rows FROM document_topics GROUP BY pmid"
    )
    assert [(row.n == row.rows, 0.5 < row.s < 1.0001) for row in weights.collect()] == [(True, True)] * N


def test_terms_are_those_of_the_subjects(spark, facts):
    top = spark.sql(
        "SELECT topic, collect_list(term) AS terms FROM topic_terms WHERE rank <= 4 GROUP BY topic"
    ).collect()
    used = {row.topic for row in spark.table("document_topics").where("rank = 1").collect()}
    of_used = [set(row.terms) for row in top if row.topic in used]
    assert len(of_used) == len(used) >= 2
    assert [terms <= {*HEART, *PAIR} or terms <= set(CANCER) for terms in of_used] == [True] * len(used)


def test_pairs_are_counted_under_their_theme_by_year(spark, facts):
    rows = spark.sql(
        "SELECT year, sum(n_documents) AS n, count(DISTINCT theme_name) AS themes FROM theme_pairs"
        " WHERE entity_1_id = 'ID:aspirin' AND entity_2_id = 'ID:gene' GROUP BY year"
    )
    assert sorted((row.year, row.n) for row in rows.collect()) == [(year, N // 6) for year in (2000, 2001, 2002)]
    shown = [(pair["one"], pair["other"], pair["n"]) for pair in facts["pairs"] if pair["entity_1_id"] == "ID:aspirin"]
    assert sum(n for *names, n in shown if names == PAIR) == N // 2


def test_the_same_seed_gives_the_same_tables(spark, warehouse, facts):
    storage = Storage(spark, warehouse)

    def rows(id_):
        return {t: sorted(map(tuple, tables.read_table(spark, storage, id_, t).collect())) for t in tables.SCHEMAS}

    before = rows(facts["id"])
    again = model_topics(spark, warehouse, HOW)
    assert again["id"] != facts["id"]
    assert rows(again["id"]) == before
    assert tables.current(storage)["id"] == again["id"]


def test_duckdb_reads_the_same_tables(spark, warehouse, facts):
    with duckdb.connect() as connection:
        script = duckdb_views.duckdb_script(warehouse)
        # Its pairs are over the views of the runs.
        connection.execute(script[: script.index("CREATE OR REPLACE VIEW theme_pairs")])
        for table in tables.SCHEMAS:
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            assert sorted(rows) == sorted(map(tuple, spark.table(table).collect())) != []
    assert duckdb_views.duckdb_script("nowhere") == ""


def test_the_page_shows_what_was_found(facts):
    page = Reader(topics_page(facts))
    assert [row[0] for row in page.tables["Candidates"][1:]] == ["2", "3"]
    assert {row[1] for row in page.tables["Themes"][1:]} == {theme["name"] for theme in facts["themes"]}
    assert sum(int(row[3]) for row in page.tables["Themes"][1:]) == N
    assert page.tags["svg"] >= 4


def test_words_that_nearly_all_documents_have_are_none(spark, facts):
    texts = spark.createDataFrame(
        [(i, "Common rare", f"word{i % 2} word{i % 2}") for i in range(10)], "pmid long, title string, abstract string"
    )
    bags = count_words(texts, Counting(n_words=5, min_documents=2, max_share=0.6), 2)
    assert bags.words == ("word0", "word1")
    with pytest.raises(ConfigError, match="10 documents have 0 words in common"):
        count_words(texts, Counting(n_words=5, min_documents=6), 2)


def test_an_empty_warehouse_is_named(spark, tmp_path):
    with pytest.raises(ConfigError, match="no committed run"):
        model_topics(spark, str(tmp_path / "nowhere"), HOW)


# Two near pairs and one far from all; Hellinger distances by hand.
ROWS = np.array([[0.5, 0.5, 0, 0, 0], [0.4, 0.6, 0, 0, 0], [0, 0, 0.5, 0.5, 0], [0, 0, 0.6, 0.4, 0], [0, 0, 0, 0, 1.0]])


def test_hellinger_distance_is_that_of_its_definition():
    distances = hellinger(ROWS)
    by_hand = math.sqrt(0.5 * ((math.sqrt(0.5) - math.sqrt(0.4)) ** 2 + (math.sqrt(0.5) - math.sqrt(0.6)) ** 2))
    assert distances[0, 1] == pytest.approx(by_hand, abs=1e-9)
    assert distances[0, 2] == 1.0 and (np.diag(distances) == 0).all() and (distances == distances.T).all()


def test_near_topics_become_one_theme():
    themes = cluster(ROWS)
    assert themes.of_topic == (0, 0, 1, 1, 2)
    assert themes.silhouette > 0.5
    assert cluster(ROWS, 1).of_topic == (0, 0, 0, 0, 0)
    assert cluster(ROWS, 5).of_topic == (0, 1, 2, 3, 4)


def test_clusters_are_as_far_apart_as_their_members_on_average():
    distances = np.array([[0, 1, 4, 6], [1, 0, 5, 7], [4, 5, 0, 2], [6, 7, 2, 0.0]])
    merges = [(merge.one, merge.other, merge.distance) for merge in link(distances)]
    assert merges == [(0, 1, 1.0), (2, 3, 2.0), (4, 5, 5.5)]
    assert cut(link(distances), 4, 3) == [0, 0, 1, 2]
