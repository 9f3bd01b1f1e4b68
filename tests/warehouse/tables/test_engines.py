"""Spark, DuckDB, Polars and delta-rs see the same relations: in the midst of a night, after it, after a compaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable, QueryBuilder

from citations import citation, write_file
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.spark_views import register_views
from warehouses import annotate

README = Path(__file__).parents[3] / "litcoin_batch" / "warehouse" / "README.md"
COLUMNS = ("pmid", "entity_1_id", "entity_2_id", "type", "score", "novel")
# What views/*.sql say of relations, for an engine without views.
CURRENT = f"""
SELECT {", ".join(f"s.{name}" for name in COLUMNS)} FROM relations s
WHERE s.run_id IN (SELECT run_id FROM runs)
  AND s.model_id = (SELECT model_id FROM runs ORDER BY run_number DESC LIMIT 1)
  AND NOT EXISTS (
    SELECT 1 FROM retired x WHERE x.kind = 'annotation' AND x.pmid = s.pmid AND x.written_by = s.run_id
      AND x.run_id IN (SELECT run_id FROM runs)
  )"""


def told(rows: Iterable[tuple]) -> tuple[int, str]:
    """Number of rows, and a checksum that their order does not change."""
    lines = sorted(map(repr, rows))
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def snippets(word: str) -> list[str]:
    blocks = re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if re.search(rf"^(import|from) {word}\b", block, re.MULTILINE)]


def run_snippet(text: str, warehouse: Path) -> dict:
    """The names that a piece of the README leaves, run beside a warehouse of that name."""
    assert "warehouse/" in text
    names: dict = {}
    exec(text.replace("warehouse/", f"{warehouse}/"), names)
    return names


def by_spark(spark, warehouse: Path) -> tuple[int, str]:
    register_views(spark, str(warehouse))
    return told(map(tuple, spark.table("relations").select(*COLUMNS).collect()))


def by_duckdb(warehouse: Path) -> tuple[int, str]:
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    return told(connection.execute(f"SELECT {', '.join(COLUMNS)} FROM relations").fetchall())


def by_polars(warehouse: Path) -> tuple[int, str]:
    _, between = snippets("polars")
    return told(run_snippet(between, warehouse)["relations"].select(COLUMNS).rows())


def by_deltalake(warehouse: Path) -> tuple[int, str]:
    query = QueryBuilder()
    for table in ("runs", "relations", "retired"):
        query.register(table, DeltaTable(warehouse / table))
    found = query.execute(CURRENT).read_all()
    return told(zip(*(found.column(name).to_pylist() for name in COLUMNS), strict=True))


def seen(spark, warehouse: Path) -> tuple[int, str]:
    every = {by_spark(spark, warehouse), by_duckdb(warehouse), by_polars(warehouse), by_deltalake(warehouse)}
    assert len(every) == 1, every
    return every.pop()


@pytest.fixture(scope="module")
def states(spark, tmp_path_factory):
    """What all of them saw: before a night, when it had added all and committed nothing, after it, after a compaction."""
    folder = tmp_path_factory.mktemp("engines")
    warehouse, found = folder / "w", {}
    write_file(folder / "in", "pubmed26n0001.xml", *[citation(i, f"aspirin and gene{i}") for i in range(1, 6)])
    annotate(spark, warehouse, folder / "in")
    found["before"] = seen(spark, warehouse)
    write_file(folder / "in", "pubmed26n0002.xml", citation(2, "alarm gene"), citation(6, "agent gene6"), delete=(3,))
    commit = TableWriter.commit

    def look_and_commit(self, *arguments, **options):
        found["during"] = seen(spark, warehouse)
        found["added"] = len(DeltaTable(warehouse / "relations").to_pyarrow_table(columns=["pmid"]))
        return commit(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TableWriter, "commit", look_and_commit)
        annotate(spark, warehouse, folder / "in")
    found["after"] = seen(spark, warehouse)
    with Run(spark, str(warehouse)) as run:
        maintenance.compact(run)
    found["compacted"] = seen(spark, warehouse)
    return warehouse, found


def test_a_reader_sees_the_tables_before_a_night_or_after_it(states):
    _, found = states
    assert found["during"] == found["before"]
    # The rows of the night were there, and nobody saw them.
    assert found["added"] > found["before"][0] == 10
    assert found["after"] == found["compacted"] != found["before"]


def test_after_a_compaction_the_tables_alone_say_it(states):
    warehouse, found = states
    plain, _ = snippets("polars")
    assert len([line for line in plain.splitlines() if line]) <= 3
    names = run_snippet(plain, warehouse)
    assert told(names["relations"].select(COLUMNS).rows()) == found["compacted"]
    (pandas,) = snippets("deltalake")
    assert len([line for line in pandas.splitlines() if line]) <= 3
    frame = run_snippet(pandas, warehouse)["relations"]
    assert told(frame[list(COLUMNS)].itertuples(index=False, name=None)) == found["compacted"]


def test_pairs_are_plain_then_too(states):
    warehouse, _ = states
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    table = DeltaTable(warehouse / "pairs").to_pyarrow_table()
    names = ", ".join(table.column_names)
    view = connection.execute(f"SELECT {names} FROM pairs").fetchall()
    assert told(tuple(row.values()) for row in table.to_pylist()) == told(view)
    assert len(view) == 6
