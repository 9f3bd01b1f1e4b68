"""Compaction, vacuum, rollback and rollout: one change for readers, or none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from citations import citation, write_file
from fake_model import FakeLoader
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.log import TableLog
from litcoin_batch.warehouse.tables.schemas import SCHEMAS
from litcoin_batch.warehouse.tables.spark_views import register_views
from litcoin_batch.warehouse.tables.status import status
from plain_pairs import expected_pairs, seen_pairs
from warehouses import annotate

VIEWS = ("documents", "mentions", "relations", "rejects", "runs", "files")
NIGHTS = (
    (
        [citation(1, "aspirin and gene"), citation(2, "alarm gene"), citation(3, "gone anyway"), citation(9, "poison")],
        (),
    ),
    ([citation(1, "aspirin or gene"), citation(4, "gene four")], (3,)),
    ([citation(1, "aspirin and gene"), citation(5, "agent five")], (2,)),
)


def read(warehouse: Path) -> dict[str, list[str]]:
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    return {view: sorted(map(repr, connection.execute(f"SELECT * FROM {view}").fetchall())) for view in VIEWS}


def models(warehouse: Path) -> set[str]:
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    return {
        row[0]
        for view in ("annotations", "mentions", "relations", "pairs")
        for row in connection.execute(f"SELECT DISTINCT model_id FROM {view}").fetchall()
    }


@pytest.fixture(scope="module")
def nights(spark, tmp_path_factory):
    """A warehouse after three nights, and what readers saw after each."""
    folder = tmp_path_factory.mktemp("nights")
    seen = []
    for number, (citations, deleted) in enumerate(NIGHTS):
        write_file(folder / "in", f"pubmed26n000{number + 1}.xml", *citations, delete=deleted)
        annotate(spark, folder / "w", folder / "in", run_id=f"night-{number}")
        seen.append(read(folder / "w"))
    return folder, seen


def test_the_life_of_a_warehouse(spark, nights, tmp_path):
    folder, seen = nights
    warehouse = folder / "w"
    assert status(str(warehouse))["retired_rows"] == {"annotation": 4, "document": 4}

    _do(spark, warehouse, maintenance.compact)
    assert read(warehouse) == seen[2]
    assert seen_pairs(warehouse) == expected_pairs(warehouse) != []
    found = status(str(warehouse))
    assert found["retired_rows"] == {}
    assert {found["tables"][table]["files"] for table in ("documents", "history", "relations", "rejects")} == {1}
    # Whoever knows nothing of our views sees the same, in order.
    for table in ("documents", "mentions", "relations", "rejects", "files"):
        names = [name for name in SCHEMAS[table].names if name != "is_current"]
        plain = DeltaTable(warehouse / table).to_pyarrow_table(columns=names)
        rows = duckdb.sql("FROM plain").fetchall()
        assert sorted(map(repr, rows)) == seen[2][table], table
        if "pmid" in names:
            assert plain["pmid"].to_pylist() == sorted(plain["pmid"].to_pylist()), table
    # What is known of older versions is known still: a late file changes nothing.
    write_file(tmp_path, "pubmed26n0000.xml", citation(3, "late"), citation(2, "late"), citation(1, "late"))
    record = annotate(spark, warehouse, tmp_path / "pubmed26n0000.xml", run_id="late")
    assert (record.n_superseded, record.n_annotated) == (3, 0)
    assert read(warehouse)["documents"] == seen[2]["documents"]

    with pytest.raises(
        ConfigError, match="no run 'night-7' is committed; there are: late, .*night-2, night-1, night-0"
    ):
        _do(spark, warehouse, lambda run: maintenance.roll_back(run, "night-7"))
    # As it was then, without going back there.
    register_views(spark, str(warehouse), as_of="night-1")
    assert sorted(map(repr, map(tuple, spark.table("rejects").collect()))) == seen[1]["rejects"]
    assert spark.table("relations").count() == len(seen[1]["relations"])
    _do(spark, warehouse, lambda run: maintenance.roll_back(run, "night-0"))
    assert read(warehouse) == seen[0]
    assert seen_pairs(warehouse) == expected_pairs(warehouse) != []
    # The nights that were taken back come again by themselves.
    record = annotate(spark, warehouse, folder / "in", run_id="again")
    assert (record.n_files, record.n_files_applied_before, record.n_annotated) == (2, 1, 2)
    assert _without_run(read(warehouse)) == _without_run(seen[2])
    assert seen_pairs(warehouse) == expected_pairs(warehouse) != []

    before = read(warehouse)
    _do(spark, warehouse, maintenance.compact)
    deleted = _do(spark, warehouse, lambda run: maintenance.vacuum(run, 1))
    assert len(deleted) > 10
    listed = {
        path.relative_to(warehouse).as_posix() for path in warehouse.rglob("*.parquet") if "_delta_log" not in str(path)
    }
    log = TableLog(str(warehouse))
    assert listed == {f"{table}/{file.path}" for table in SCHEMAS for file in log.files(log.state(), table)}
    with pytest.raises(ConfigError, match="'night-0': .* of its files are gone"):
        _do(spark, warehouse, lambda run: maintenance.roll_back(run, "night-0"))
    assert read(warehouse) == before


def _without_run(rows: dict[str, list[str]]) -> dict[str, list[str]]:
    return {view: [row.rpartition(",")[0] for row in rows[view]] for view in ("mentions", "relations")}


def _do(spark, warehouse, work):
    with Run(spark, str(warehouse)) as run:
        return work(run)


def test_a_new_model_is_seen_when_it_is_everywhere(spark, tmp_path):
    source = write_file(
        tmp_path,
        "pubmed26n0001.xml",
        *[citation(i, f"aspirin and gene{i}") for i in range(1, 8)],
        citation(8, "poison"),
        citation(9, None),
    )
    warehouse = tmp_path / "w"
    annotate(spark, warehouse, source, run_id="one")
    with pytest.raises(ConfigError, match="holds annotations of fake-1 .*given are fake-2.*rollout"):
        annotate(spark, warehouse, source, model_id="fake-2")

    def part(failed=frozenset()):
        return _do(
            spark, warehouse, lambda run: maintenance.roll_out(run, FakeLoader("fake-2"), "fake-2", 4, failed=failed)
        )

    first = part()
    assert (first.n_done, first.n_missing, first.is_complete) == (4, 4, False)
    assert models(warehouse) == {"fake-1"}
    # A night in between, with the old model: one text changes that has the new annotation, one that has not.
    night = write_file(tmp_path, "pubmed26n0002.xml", citation(2, "alien gene"), citation(7, "alarm gene"), delete=(3,))
    assert annotate(spark, warehouse, night, run_id="two").n_annotated == 2
    assert models(warehouse) == {"fake-1"}
    state, failed, n = first, frozenset(), 0
    while not state.is_complete:
        state = part(failed)
        failed, n = state.failed, n + state.n_done
        assert models(warehouse) == ({"fake-2"} if state.is_complete else {"fake-1"})
        assert seen_pairs(warehouse) == expected_pairs(warehouse) != []
    assert failed == {8} and n == 5
    rows = read(warehouse)
    assert len(rows["documents"]) == 8 and not any("fake-1" in row for row in rows["relations"])
    assert {row.split(",")[0] for row in rows["mentions"]} == {f"({i}" for i in (1, 2, 4, 5, 6, 7)}
    assert (
        annotate(
            spark, warehouse, write_file(tmp_path, "pubmed26n0003.xml", citation(10, "gene")), model_id="fake-2"
        ).n_annotated
        == 1
    )
