import csv
import importlib.util
import json

import pytest
from click.testing import CliRunner
from pyspark.sql import SparkSession

from citations import citation, write_file
from litcoin_batch.commands.maintain import main as maintain
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.nightly.lock import Lock
from litcoin_batch.warehouse.tables.queries import read_query, shipped_queries
from warehouses import annotate


@pytest.fixture(scope="module")
def job(pytestconfig):
    spec = importlib.util.spec_from_file_location("query_job", pytestconfig.rootpath / "jobs" / "query.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def warehouse(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("query")
    source = write_file(folder, "pubmed26n0001.xml", citation(1, "aspirin, gene"), citation(2, "gene and alien"))
    annotate(spark, folder / "w", source, run_id="r")
    return folder / "w"


def call(job, warehouse, *arguments):
    return CliRunner().invoke(job.main, ["--warehouse", str(warehouse), *arguments])


PAIRS = "SELECT pmid, entity_1_id AS one, entity_2_id AS two FROM relations ORDER BY ALL"


def test_the_three_formats_say_the_same(job, warehouse):
    as_json = [json.loads(line) for line in call(job, warehouse, PAIRS, "--format", "json").stdout.splitlines()]
    assert {"pmid": 1, "one": "ID:aspirin", "two": "ID:gene"} in as_json
    as_csv = list(csv.DictReader(call(job, warehouse, PAIRS, "--format", "csv").stdout.splitlines()))
    assert as_csv == [{key: str(value) for key, value in row.items()} for row in as_json]
    table = call(job, warehouse, PAIRS).stdout.splitlines()
    assert table[0].split() == ["pmid", "one", "two"]
    assert [line.split() for line in table[2:]] == [list(row.values()) for row in as_csv]


def test_pubtator_shape(job, warehouse):
    rows = call(job, warehouse, "SELECT * FROM pubtator3 WHERE pmid = 1", "--format", "json").stdout.splitlines()
    expected = {"pmid": 1, "relation": "interact", "entity_1": "Chemical|ID:aspirin", "entity_2": "Gene|ID:gene"}
    assert [json.loads(row) for row in rows] == [expected]


def test_queries_in_files_take_parameters(job, warehouse, tmp_path):
    query = tmp_path / "q.sql"
    query.write_text(
        "-- not :a_marker\nSELECT count(*) AS n FROM relations WHERE ':x' <> entity_1_id AND entity_1_id = :id;\n"
    )
    result = call(job, warehouse, "--file", str(query), "--param", "id=ID:aspirin", "--format", "csv")
    assert result.stdout.splitlines() == ["n", "1"]
    missing = call(job, warehouse, "--file", str(query))
    assert (missing.exit_code, missing.stderr.count("\n")) == (2, 1)
    assert "without a value: id" in missing.stderr


def test_a_long_answer_is_cut_and_says_so(job, warehouse):
    lines = call(
        job,
        warehouse,
        "SELECT n FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9)) AS numbers (n)",
        "--limit",
        "4",
    ).stdout.splitlines()
    assert lines[-1].startswith("... cut after 4 rows")
    assert len(lines) == 2 + 4 + 1


def test_both_engines_answer_alike(job, warehouse, spark):
    queries = [
        PAIRS,
        "SELECT * FROM mentions ORDER BY pmid, start",
        "SELECT pmid, evidence FROM relations ORDER BY ALL",
    ]
    for query in queries:
        for form in ("table", "csv", "json"):
            answers = [
                call(job, warehouse, query, "--engine", engine, "--format", form) for engine in ("duckdb", "spark")
            ]
            assert answers[0].stdout == answers[1].stdout, (query, form)
            assert len(answers[0].stdout.splitlines()) >= 3


def test_spark_is_not_started_for_a_local_warehouse(job, warehouse, monkeypatch):
    monkeypatch.setattr(
        "litcoin_batch.commands.work.query_by_spark.answer", lambda *_, **__: pytest.fail("Spark was asked")
    )
    assert "ID:aspirin" in call(job, warehouse, PAIRS).stdout
    result = call(job, warehouse / "none", PAIRS)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "no committed run in it" in result.stderr
    assert not (warehouse / "none").exists()


def test_status_makes_nothing_and_takes_no_lock(warehouse):
    with Lock(Storage(SparkSession.getActiveSession(), str(warehouse)), "at work"):
        result = CliRunner().invoke(maintain, ["status", "--warehouse", str(warehouse)])
    assert json.loads(result.stdout)["documents"] == 2
    result = CliRunner().invoke(maintain, ["status", "--warehouse", str(warehouse / "none")])
    assert (result.exit_code, "no committed run in it" in result.stderr) == (2, True)
    assert not (warehouse / "none").exists()


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT nothing FROM relations", "SELECT * FROM nowhere"])
def test_a_wrong_query_is_one_line(job, warehouse, sql):
    result = call(job, warehouse, sql)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: the query cannot be run: ")
    assert result.stderr.count("\n") == 1


def test_unclear_questions_are_refused():
    with pytest.raises(ConfigError, match="either SQL text or --file"):
        read_query(None, None, ())
    with pytest.raises(ConfigError, match="no such marker; it has: a"):
        read_query("SELECT :a", None, ("a=1", "b=2"))
    with pytest.raises(ConfigError, match="expected NAME=VALUE"):
        read_query("SELECT :a", None, ("a",))
    with pytest.raises(ConfigError, match="no such file nor shipped query"):
        read_query(None, "no-such-query", ())


def test_shipped_queries_are_listed_with_what_they_ask(job):
    result = CliRunner().invoke(job.main, ["--list"])
    assert result.exit_code == 0
    queries = shipped_queries()
    assert queries and all(queries.values())
    assert next(iter(queries)) in result.stdout
