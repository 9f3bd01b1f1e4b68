"""The tables' logs, without Spark: what a commit shows, who wins a race, and what is left out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from damage import racers
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.declared import OTHERS
from litcoin_batch.warehouse.tables.log import ANNOTATE, EMPTY, location_of
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, arrow_schema
from litcoin_batch.warehouse.tables.statistics import read_statistics
from litcoin_batch.warehouse.tables.views import VIEWS, duckdb_script, scripts

AWKWARD = "wh [1] o'x 50% #ü: a?*b"


def write(log: TableWriter, table: str, folder: str, rows: list[dict]) -> list[str]:
    """A file of a run below its table, not in the log yet."""
    stamped = pa.Table.from_pylist(
        [{**row, "run_id": folder.rpartition("-")[0]} for row in rows], arrow_schema(SCHEMAS[table])
    )
    place = Path(log.uri(table)) / folder
    place.mkdir(parents=True, exist_ok=True)
    pq.write_table(stamped, place / "part-0.parquet")
    return [f"{folder}/part-0.parquet"]


def commit(log: TableWriter, run_id: str, relations: list[dict], **facts):
    log.create()
    before = log.state()
    versions = {table: before.versions.get(table, 0) for table in OTHERS}
    versions["relations"] = log.add("relations", write(log, "relations", f"{run_id}-0", relations))
    row = {"run_id": run_id, "run_number": before.number + 1, "work": ANNOTATE, "model_id": "m", "tables": versions}
    return log.commit(before, [{**row, **facts}])


def relation(pmid: int, **rest) -> dict:
    return {"pmid": pmid, "type": "Bind", "model_id": "m", "score": pmid / 10, **rest}


def pmids(log: TableWriter, state) -> list[int]:
    with duckdb.connect() as connection:
        connection.execute(duckdb_script(log, state))
        return [row[0] for row in connection.execute("SELECT pmid FROM relations ORDER BY 1").fetchall()]


@pytest.mark.parametrize("name", ["w", AWKWARD])
def test_every_commit_is_a_state_that_can_be_read_later(tmp_path, name):
    log = TableWriter(str(tmp_path / name))
    assert log.state() == EMPTY
    states = [commit(log, f"night-{n}", [relation(n)]) for n in (1, 2, 3)]
    assert [state.number for state in states] == [1, 2, 3]
    assert [pmids(log, state) for state in states] == [[1], [1, 2], [1, 2, 3]]
    assert log.state() == states[-1]
    assert pmids(log, log.state_after("night-2")) == [1, 2]
    assert DeltaTable(log.uri("relations")).to_pyarrow_table(columns=["pmid"]).num_rows == 3
    with pytest.raises(ConfigError, match="no run 'night-9' is committed; there are: night-3, night-2, night-1"):
        log.state_after("night-9")


def test_what_runs_does_not_hold_is_not_there_and_goes_with_the_next_writer(tmp_path):
    log = TableWriter(str(tmp_path))
    state = commit(log, "done", [relation(1)])
    log.add("relations", write(log, "relations", "dead-0", [relation(2)]))
    assert len(log.open("relations").file_uris()) == 2
    # A later run that counts on the version with the dead run's rows: those are left out all the same.
    later = commit(log, "later", [relation(3)])
    assert (pmids(log, state), pmids(log, later)) == ([1], [1, 3])
    log.add("relations", write(log, "relations", "dead-1", [relation(4)]))
    log.recover(later)
    assert len(log.open("relations").file_uris()) == 3
    version = log.open("relations").version()
    log.recover(later)
    assert log.open("relations").version() == version


def race(warehouse: str, n_rows: int) -> tuple[list[dict], list[dict]]:
    """Two processes commit as fast as they can: the rows of ``runs``, and what each of them says that it won and lost."""
    TableWriter(warehouse).create()
    command = [sys.executable, str(Path(racers.__file__)), warehouse]
    racing = [subprocess.Popen([*command, name, str(n_rows)], stdout=subprocess.PIPE, text=True) for name in "ab"]
    told = [json.loads(racer.communicate(timeout=1_800)[0]) for racer in racing]
    return TableWriter(warehouse).runs(), told


def check_race(rows: list[dict], told: list[dict]) -> None:
    """None is lost, none doubled, and who comes second is told."""
    assert sorted(row["run_id"] for row in rows) == sorted(run_id for one in told for run_id in one["won"])
    assert [row["run_number"] for row in rows] == list(range(1, len(rows) + 1))
    assert all("another run has been committed since run" in said for one in told for said in one["lost"])


def test_two_writers_racing_lose_no_commit_and_double_none(tmp_path):
    rows, told = race(str(tmp_path / "w"), 20)
    assert len(rows) >= 20
    check_race(rows, told)


def test_so_it_is_on_an_object_store(s3_process):
    rows, told = race("s3a://bucket/w", 10)
    assert len(rows) >= 10
    check_race(rows, told)


def test_who_comes_second_is_told_and_changes_nothing(tmp_path):
    first, second = TableWriter(str(tmp_path)), TableWriter(str(tmp_path))
    first.create()
    before = second.state()
    commit(first, "quick", [relation(1)])
    with pytest.raises(
        ContractError, match="another run has been committed since run 0, so nothing of run slow is published"
    ):
        second.commit(before, [{"run_id": "slow", "run_number": 1, "work": ANNOTATE, "model_id": "m", "tables": {}}])
    assert [row["run_id"] for row in second.runs()] == ["quick"]


def test_a_new_column_needs_no_rewriting(tmp_path, monkeypatch):
    log = TableWriter(str(tmp_path))
    narrow = type(SCHEMAS["relations"])([f for f in SCHEMAS["relations"] if f.name != "subject"])
    with monkeypatch.context() as patch:
        patch.setitem(SCHEMAS, "relations", narrow)
        commit(log, "old", [relation(1)])
    files = log.files(log.state(), "relations")
    state = commit(log, "new", [relation(2, subject="G:1")])
    assert set(files) < set(log.files(state, "relations"))
    with duckdb.connect() as connection:
        connection.execute(duckdb_script(log, state))
        assert connection.execute("SELECT pmid, subject FROM relations ORDER BY 1").fetchall() == [
            (1, None),
            (2, "G:1"),
        ]
    assert DeltaTable(log.uri("relations")).to_pyarrow_table(columns=["pmid", "subject"]).sort_by(
        "pmid"
    ).to_pylist() == [
        {"pmid": 1, "subject": None},
        {"pmid": 2, "subject": "G:1"},
    ]


def test_vacuum_keeps_what_a_kept_state_needs(tmp_path):
    log = TableWriter(str(tmp_path))
    first = commit(log, "one", [relation(1)])
    versions = {table: first.versions[table] for table in OTHERS}
    versions["relations"] = log.add("relations", write(log, "relations", "two-0", [relation(2)]), replace=True)
    row = {"run_id": "two", "run_number": 2, "work": ANNOTATE, "model_id": "m", "tables": versions}
    second = log.commit(first, [row])
    assert log.vacuum([first, second]) == []
    assert (pmids(log, first), pmids(log, second)) == ([1], [2])
    assert log.vacuum([second]) == ["relations/one-0/part-0.parquet"]
    assert pmids(log, second) == [2]
    assert log.missing(second) == []
    assert log.missing(first) == ["relations/one-0/part-0.parquet"]


def test_statistics_tell_ranges_and_how_many_are_null(tmp_path):
    log = TableWriter(str(tmp_path))
    rows = [
        relation(3, entity_1_id="B", evidence=[{"start": 0, "end": 1, "text": "x"}]),
        relation(1, entity_1_id="A" * 65),
    ]
    path = write(log, "relations", "r-0", rows)[0]
    found = read_statistics(log.uri("relations"), path, {})
    values = json.loads(found.as_json())
    assert values["numRecords"] == 2
    assert (values["minValues"]["pmid"], values["maxValues"]["pmid"]) == (1, 3)
    assert (values["minValues"]["score"], values["maxValues"]["score"]) == (0.1, 0.3)
    assert values["nullCount"]["novel"] == 2
    # Of texts that are long, and of what lies inside of lists, nothing is told.
    assert {"entity_1_id", "novel", "evidence"}.isdisjoint(values["minValues"])
    assert not [name for name in values["nullCount"] if "." in name]


def test_a_warehouse_of_the_former_layout_is_refused(tmp_path):
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "000000001.json").write_text("{}")
    with pytest.raises(
        ConfigError, match="snapshots/.*the layout of version 0.1.*annotate the same files into a new folder"
    ):
        TableWriter(str(tmp_path)).state()


def test_places_are_named_as_spark_names_them(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert location_of("file:/data/w") == location_of("file:///data/w") == ("/data/w", {})
    assert location_of("s3a://bucket/w/") == ("s3://bucket/w", {})
    assert location_of("hdfs://host/w") == ("hdfs://host/w", {})
    assert location_of("w") == (str(Path.cwd() / "w"), {})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert location_of("s3a://bucket/w")[1] == {"allow_http": "true"}


def test_every_engine_gets_every_view_by_absolute_paths(tmp_path):
    log = TableWriter(str(tmp_path / "o'x"))
    found = scripts(log, commit(log, "one", [relation(1)]))
    assert set(found) == {"duckdb", "spark", "trino", "snowflake"}
    for engine, script in found.items():
        assert all(f"VIEW {name} AS" in script for name in VIEWS), engine
        assert str(tmp_path) in script, engine
