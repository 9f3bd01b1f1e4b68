"""A baseline and thirty update files in six nights: after each, readers see what plain Python says they must, row for row."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from fake_model import FakeLoader, find
from litcoin_batch.readers import read_path
from litcoin_batch.schema import Document
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.spark_views import register_views
from plain_pairs import expected_pairs, seen_pairs
from scripted_year import Oracle, make_year
from warehouses import annotate

DOCUMENTS = "SELECT pmid, version, title, abstract, source, record FROM documents"
MENTIONS = "SELECT v.pmid, v.start, v.end, v.text FROM mentions v"
RELATIONS = "SELECT pmid, entity_1_id, entity_2_id, type, novel FROM relations"
SPARK_NIGHTS = {0, 2, 6}
# So that a pair's best report changes with the nights, and some are equal.
SCORES = (0.3, 0.55, 0.55, 0.8, 1.0)
# After this night; a file that it holds is issued again later.
COMPACTED = 3


@pytest.fixture(scope="module")
def texts(pytestconfig) -> list[str]:
    """Of real citations where they are at hand, else of the sample."""
    real = pytestconfig.rootpath.parent / "shared" / "data" / "pubmed" / "medline16n0902.xml.gz"
    files = [real] if real.is_file() else sorted((pytestconfig.rootpath / "litcoin_batch" / "sample").glob("*.xml*"))
    found = [
        d.abstract[:240].strip() for file in files for d in read_path(file) if isinstance(d, Document) and d.abstract
    ]
    return [text for text in dict.fromkeys(found) if "poison" not in text]


def expected_rows(oracle: Oracle) -> dict[str, list[tuple]]:
    rows = {DOCUMENTS: [], MENTIONS: [], RELATIONS: []}
    for pmid, (name, number, r) in oracle.current().items():
        rows[DOCUMENTS].append((pmid, r.version, r.title, r.abstract, name, number))
        if r.abstract and "poison" not in r.text:
            found = find(Document(pmid, r.title, r.abstract))
            rows[MENTIONS] += [(pmid, m.start, m.end, m.text) for m in found.mentions]
            rows[RELATIONS] += [(pmid, x.entity_1_id, x.entity_2_id, x.type, x.novel) for x in found.relations]
    return {query: sorted(found, key=repr) for query, found in rows.items()}


def seen_by_duckdb(warehouse: Path) -> dict[str, list[tuple]]:
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    return {query: sorted(connection.execute(query).fetchall(), key=repr) for query in (DOCUMENTS, MENTIONS, RELATIONS)}


def seen_by_spark(spark, warehouse: Path) -> dict[str, list[tuple]]:
    register_views(spark, str(warehouse))
    return {
        query: sorted((tuple(r) for r in spark.sql(query).collect()), key=repr)
        for query in (DOCUMENTS, MENTIONS, RELATIONS)
    }


def test_after_every_night_readers_see_what_plain_python_says(spark, texts, tmp_path):
    baseline, nights = make_year(texts, per_night=5)
    oracle, warehouse, folder = Oracle(), tmp_path / "w", tmp_path / "updatefiles"
    journal, seen, n_before = tmp_path / "journal", set(), 0
    for number, files in enumerate([baseline, *nights]):
        # The folder keeps all files, as a mirror does.
        for file in files:
            file.write(folder)
        record = annotate(spark, warehouse, folder, loader=FakeLoader(journal=str(journal), scores=SCORES))
        oracle.apply(files)
        expected = expected_rows(oracle)
        assert seen_by_duckdb(warehouse) == expected, number
        assert seen_pairs(warehouse) == expected_pairs(warehouse), number
        if number == COMPACTED:
            with Run(spark, str(warehouse)) as run:
                maintenance.compact(run)
            n_before = len(journal.read_text().splitlines())
            assert seen_by_duckdb(warehouse) == expected, number
            assert seen_pairs(warehouse) == expected_pairs(warehouse), number
        if number in SPARK_NIGHTS:
            assert seen_by_spark(spark, warehouse) == expected, number
        seen |= {
            name
            for name in ("annotated", "unchanged", "without_text", "deleted", "superseded", "rejected", "restored")
            if record[f"n_{name}"]
        }
    assert seen == {"annotated", "unchanged", "without_text", "deleted", "superseded", "rejected", "restored"}
    # A new baseline takes the place of all of it.
    oracle, (next_year, _) = Oracle(), make_year(texts, seed=8, year=27)
    for file in next_year:
        file.write(tmp_path / "baseline")
    loader = FakeLoader(scores=SCORES)
    annotate(spark, warehouse, tmp_path / "baseline", loader=loader, baseline=True)
    oracle.apply(next_year)
    assert seen_by_duckdb(warehouse) == expected_rows(oracle)
    assert seen_pairs(warehouse) == expected_pairs(warehouse) != []
    # No text is annotated twice, but one that comes back after compaction has done away with what was retired.
    done = journal.read_text().splitlines()
    for texts_annotated in (done[:n_before], done[n_before:]):
        assert len(texts_annotated) == len(set(texts_annotated)) > 20
