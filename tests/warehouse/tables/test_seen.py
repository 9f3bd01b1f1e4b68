"""The script that a commit leaves answers questions as long as it shows the newest state; else the logs do."""

from __future__ import annotations

import shutil

import duckdb
import pytest

from litcoin_batch.warehouse.seen import only_for, script_of
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.log import ANNOTATE
from litcoin_batch.warehouse.tables.places import newest_script
from litcoin_batch.warehouse.tables.queries import ask_duckdb, read_query, shipped_queries
from litcoin_batch.warehouse.tables.views import VIEWS, scripts
from warehouses import write_warehouse

RELATION = {"pmid": 7, "type": "Bind", "entity_1_id": "a", "entity_2_id": "b", "model_id": "fake-1"}

MARKERS = {"negative_correlations.sql": ["chemical=x"], "pairs_of_concept.sql": ["concept=x"]}


@pytest.fixture
def warehouse(tmp_path):
    folder = tmp_path / "w"
    write_scripts(write_warehouse(folder, {"relations": [RELATION]}), folder)
    return folder


def write_scripts(log: TableWriter, folder):
    (folder / "views").mkdir(exist_ok=True)
    for engine, script in scripts(log, log.state()).items():
        (folder / "views" / f"{engine}.sql").write_text(script)


def commit_once_more(folder):
    log = TableWriter(str(folder))
    state = log.state()
    row = {"run_id": "run-2", "run_number": 2, "work": ANNOTATE, "model_id": "fake-2", "tables": dict(state.versions)}
    del row["tables"]["runs"]
    log.commit(state, [row])
    return log


def ask(script, question="SELECT count(*) FROM relations"):
    with duckdb.connect() as connection:
        connection.execute(script)
        return connection.execute(question).fetchall()


def test_the_script_of_the_last_commit_is_what_the_logs_say(warehouse):
    log = TableWriter(str(warehouse))
    assert newest_script(str(warehouse)) == scripts(log, log.state())["duckdb"] == script_of(str(warehouse))
    assert ask(script_of(str(warehouse))) == [(1,)]


def test_a_commit_whose_script_was_not_written_is_seen_all_the_same(warehouse):
    log = commit_once_more(warehouse)
    assert newest_script(str(warehouse)) is None
    # The newest run names another model, of which there are no relations.
    assert ask(script_of(str(warehouse))) == [(0,)]
    assert ask(script_of(str(warehouse), as_of="run-1")) == [(1,)]
    write_scripts(log, warehouse)
    assert newest_script(str(warehouse)) is not None
    assert ask(script_of(str(warehouse))) == [(0,)]


def test_a_warehouse_that_was_moved_is_read_where_it_is(warehouse, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.move(warehouse, moved)
    assert newest_script(str(moved)) is None
    assert ask(script_of(str(moved))) == [(1,)]


def test_a_question_needs_the_views_it_names_and_those_behind_them(warehouse):
    script = script_of(str(warehouse))
    named = {view for view in (*VIEWS, "stored_relations") if f"VIEW {view} AS" in only_for("from EVIDENCE", script)}
    assert named == {"evidence", "relations", "retired", "stored_relations"}
    assert "VIEW documents AS" in script and "stored_history" not in only_for('FROM "documents"', script)
    assert only_for("SHOW TABLES", script) == script


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_every_view_is_whole_with_what_is_chosen_for_it(warehouse, view):
    question = f"SELECT * FROM {view} ORDER BY ALL"
    script = script_of(str(warehouse))
    assert ask(only_for(question, script), question) == ask(script, question)
    assert len(only_for(question, script)) < len(script)


@pytest.mark.parametrize("name", sorted(shipped_queries()))
def test_shipped_questions_find_their_views(name, warehouse):
    text, values = read_query(None, name, MARKERS.get(name, []))
    with duckdb.connect() as connection:
        connection.execute(only_for(text, script_of(str(warehouse))))
        header, *rows = ask_duckdb(connection, text, values, format="csv", limit=10)
    assert "," in header and rows == []
