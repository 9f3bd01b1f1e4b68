"""Files in, tables out, with a model that is a plain function of the text."""

import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from citations import citation, write_file
from fake_model import find
from litcoin_batch.schema import ConfigError, Document
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.schemas import SCHEMAS
from litcoin_batch.warehouse.tables.spark_views import register_views
from litcoin_batch.warehouse.tables.views import VIEWS
from warehouses import annotate

FIRST = {
    1: citation(1, "aspirin blocks gene"),
    2: citation(2, None),
    3: citation(3, "alien poison and gene"),
    4: citation(4, "gone gene and aspirin"),
    5: citation(5, "gene five activates alien"),
}


def duckdb_of(warehouse: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    return connection


def stored(warehouse: Path, table: str, *dropped: str) -> list[dict]:
    rows = pq.read_table(warehouse / table).drop_columns(list(dropped)).to_pylist()
    return sorted(rows, key=repr)


def files_of(warehouse: Path, table: str) -> list[Path]:
    return [path for path in files_below(warehouse / table) if path.suffix == ".parquet"]


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A folder with good files and every kind of bad one."""
    folder = tmp_path_factory.mktemp("inputs")
    good = write_file(folder, "pubmed26n0001.xml.gz", *FIRST.values(), citation(1, "aspirin blocks gene twice"))
    write_file(
        folder,
        "pubmed26n0002.xml.gz",
        citation(5, "gene five activates alien, revised"),
        citation(6, "gene"),
        delete=(4, 9),
    )
    (folder / "pubmed26n0001.xml.gz.md5").write_text("MD5(pubmed26n0001.xml.gz)= 0\n")
    (folder / "cut.xml.gz").write_bytes(good.read_bytes()[:-60])
    (folder / "empty.xml").write_bytes(b"")
    (folder / "liar.parquet").write_bytes(b"this is no Parquet")
    (folder / "noise.xml").write_bytes(bytes(range(256)) * 4)
    (folder / "long.jsonl").write_text('{"pmid": 70, "title": "t", "abstract": "%s"}\n' % ("a" * 200_000))
    table = {"pmid": ["80", "x", None], "title": ["gene", "b", "c"], "abstract": ["alarm", None, " "]}
    pq.write_table(pa.table(table), folder / "with space.parquet")
    return folder


@pytest.fixture(scope="module")
def first_run(spark, inputs, tmp_path_factory):
    warehouse = tmp_path_factory.mktemp("first")
    return warehouse, annotate(spark, warehouse, inputs, run_id="first")


def test_every_record_of_every_file_is_accounted_for(first_run):
    _, record = first_run
    by_source = {s.source: s.asDict() for s in record.sources}
    for counts in by_source.values():
        fates = ("annotated", "unchanged", "without_text", "deleted", "superseded", "rejected")
        assert counts["records"] == sum(counts[fate] for fate in fates)
    one = {
        "annotated": 1,
        "unchanged": 0,
        "without_text": 1,
        "deleted": 0,
        "superseded": 2,
        "rejected": 2,
        "records": 6,
    }
    assert by_source["pubmed26n0001.xml.gz"] == {"source": "pubmed26n0001.xml.gz", **one}
    two = {
        "annotated": 2,
        "unchanged": 0,
        "without_text": 0,
        "deleted": 2,
        "superseded": 0,
        "rejected": 0,
        "records": 4,
    }
    assert by_source["pubmed26n0002.xml.gz"] == {"source": "pubmed26n0002.xml.gz", **two}
    for name in ("empty.xml", "noise.xml", "liar.parquet", "cut.xml.gz", "long.jsonl"):
        assert by_source[name]["rejected"] >= 1, name
    assert by_source["with space.parquet"]["annotated"] == 1
    assert "pubmed26n0001.xml.gz.md5" not in by_source


def test_rejects_say_why(first_run):
    warehouse, _ = first_run
    reasons = {(r["source"], r["record"]): r["reason"] for r in stored(warehouse, "rejects")}
    assert reasons["pubmed26n0001.xml.gz", 3] == "RuntimeError: cannot digest PMID 3"
    assert reasons["pubmed26n0001.xml.gz", 1].startswith("duplicate: PMID 1 version 1 comes again as record 6")
    assert reasons["long.jsonl", 1] == "text has 200002 characters, more than the limit of 100000"
    assert reasons["with space.parquet", 3] == "record without PMID"
    assert reasons["with space.parquet", 2] == "PMID 'x' is not a positive whole number below 2**63"
    assert all(reasons.values())


def test_files_have_the_declared_schema_and_no_empty_texts(spark, first_run):
    warehouse, _ = first_run
    # Nothing was obsolete yet: a table without rows has no file.
    with_rows = {table: schema for table, schema in SCHEMAS.items() if not table.startswith(("history", "retired"))}
    assert [len(files_of(warehouse, table)) for table in SCHEMAS if table not in with_rows] == [0, 0, 0]
    for table, schema in with_rows.items():
        found = spark.read.option("recursiveFileLookup", True).parquet(str(warehouse / table)).schema
        assert [(f.name, f.dataType) for f in found] == [(f.name, f.dataType) for f in schema], table
        metadata = pq.ParquetFile(files_of(warehouse, table)[0]).metadata
        groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
        assert {group.column(0).compression for group in groups} == {"ZSTD"}
    documents = stored(warehouse, "documents")
    assert len([row for row in documents if row["source"] != "cut.xml.gz"]) == 10
    assert "" not in [row[name] for row in documents for name in ("title", "abstract", "journal")]


def test_flat_tables_are_what_the_model_found(first_run):
    warehouse, _ = first_run
    texts = {row["pmid"]: row for row in stored(warehouse, "documents") if row["fate"] == "annotated"}
    expected = {pmid: find(Document(pmid, row["title"], row["abstract"])) for pmid, row in texts.items()}
    mentions = {(m["pmid"], m["start"], m["end"], m["text"]) for m in stored(warehouse, "mentions")}
    assert mentions == {(p, m.start, m.end, m.text) for p, a in expected.items() for m in a.mentions}
    relations = {(r["pmid"], r["entity_1_id"], r["entity_2_id"]) for r in stored(warehouse, "relations")}
    assert relations == {(p, *r.pair) for p, a in expected.items() for r in a.relations}
    assert len(relations) > 3


def test_partitions_and_batches_change_nothing(spark, first_run, inputs, tmp_path):
    warehouse, _ = first_run
    for partitions, batch in ((1, 2), (7, 2000)):
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch)
        try:
            annotate(spark, tmp_path / str(partitions), inputs, run_id="first", partitions=partitions)
        finally:
            spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 2000)
        for table in ("documents", "annotations", "mentions", "relations", "rejects"):
            assert stored(tmp_path / str(partitions), table) == stored(warehouse, table), (partitions, table)


def test_a_committed_run_is_not_done_again(spark, first_run, inputs):
    warehouse, record = first_run
    before = [(path, path.stat().st_mtime_ns) for path in files_below(warehouse)]
    assert annotate(spark, warehouse, inputs, run_id="first") == record
    with pytest.raises(ConfigError, match="run first: already committed with model_id = 'fake-1', now 'fake-2'"):
        annotate(spark, warehouse, inputs, run_id="first", model_id="fake-2")
    assert [(path, path.stat().st_mtime_ns) for path in files_below(warehouse)] == before


def test_views_show_current_rows_after_revision_deletion_and_reappearance(spark, tmp_path):
    # A warehouse may have any name.
    warehouse = tmp_path / "wh [1] o'x 50% #ü {a,b}?*"
    first = write_file(tmp_path, "pubmed26n0001.xml", *(FIRST[i] for i in (1, 2, 2, 4, 5)), citation(7))
    revised = (citation(1, "gene one, aspirin, revised"), citation(5, None))
    third = write_file(tmp_path, "pubmed26n0003.xml", *revised, delete=(4, 7))
    # Arrives late: what it says of 1 is older than what is known.
    second = write_file(tmp_path, "pubmed26n0002.xml", citation(1, "stale gene"), citation(8, "gene eight"))
    fourth = write_file(tmp_path, "pubmed26n0004.xml", citation(7, "back again and again"), citation(8, "gene eight"))
    for number, night in enumerate(((first,), (third,), (second, fourth))):
        annotate(spark, warehouse, *night, run_id=f"night-{number}")
    expected = {1: "gene one, aspirin, revised", 2: None, 5: None, 7: "back again and again", 8: "gene eight"}
    register_views(spark, str(warehouse))
    assert {r.pmid: r.abstract for r in spark.table("documents").collect()} == expected
    annotated = {pmid: find(Document(pmid, "A title", text)) for pmid, text in expected.items() if text}
    assert sorted(r.pmid for r in spark.table("annotations").collect()) == sorted(annotated)
    mentions = sorted((r.pmid, r.start, r.text) for r in spark.table("mentions").collect())
    assert mentions == sorted((p, m.start, m.text) for p, a in annotated.items() for m in a.mentions)
    relations = sorted((r.pmid, r.entity_1_id, r.entity_2_id) for r in spark.table("relations").collect())
    assert relations == sorted((p, *r.pair) for p, a in annotated.items() for r in a.relations)
    _check_duckdb_agrees(spark, warehouse)


def _check_duckdb_agrees(spark, warehouse):
    connection = duckdb_of(warehouse)
    for view in VIEWS:
        columns = [
            c for c in spark.table(view).columns if c not in ("sources", "durations_sec", "configuration", "versions")
        ]
        names = ", ".join(f"v.{name}" for name in columns)
        ours = [
            tuple(row.asDict(recursive=True).values()) for row in spark.sql(f"SELECT {names} FROM {view} v").collect()
        ]
        theirs = connection.execute(f"SELECT {names} FROM {view} v").fetchall()
        # Times come back with and without a zone.
        keyed = [sorted(repr([x for x in row if not hasattr(x, "tzinfo")]) for row in rows) for rows in (ours, theirs)]
        assert keyed[0] == keyed[1], view
        assert keyed[0], view


def test_engines_that_know_nothing_of_us_see_the_same_rows(spark, first_run):
    warehouse, record = first_run
    table = DeltaTable(warehouse / "relations")
    names = ["pmid", "entity_1_id", "entity_2_id", "type", "score"]
    by_deltalake = table.to_pyarrow_table(columns=names).to_pylist()
    by_pandas = table.to_pandas(columns=names).to_dict("records")
    by_spark = [row.asDict() for row in spark.read.parquet(*table.file_uris()).select(*names).collect()]
    relation = duckdb_of(warehouse).execute(f"SELECT {', '.join(names)} FROM relations")
    by_duckdb = [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
    expected = sorted(map(repr, by_deltalake))
    assert len(expected) == record.n_relations > 0
    for found in (by_pandas, by_spark, by_duckdb):
        assert sorted(map(repr, found)) == expected


def test_a_failing_run_publishes_nothing(spark, first_run, tmp_path):
    warehouse, _ = first_run
    before = files_below(warehouse)
    hopeless = [citation(i, f"poison {i}") for i in range(1, 12)]
    with pytest.raises(Exception, match="annotated none of 11 documents"):
        annotate(spark, warehouse, write_file(tmp_path, "pubmed26n0009.xml", *hopeless), run_id="bad")
    assert files_below(warehouse) == before


def test_what_a_killed_run_left_is_neither_seen_nor_kept(spark, first_run, tmp_path):
    shutil.copytree(first_run[0], tmp_path / "w")
    with Run(spark, str(tmp_path / "w")):
        pass  # The script of a warehouse that was moved names its new place from now on.
    leftover = tmp_path / "w" / "relations" / "killed-0" / "part-00000.parquet"
    leftover.parent.mkdir()
    leftover.write_bytes(files_of(tmp_path / "w", "relations")[0].read_bytes())
    table = pq.read_table(leftover)
    killed = pa.array(["killed"] * len(table))
    pq.write_table(table.set_column(table.schema.get_field_index("run_id"), "run_id", killed), leftover)
    # It even came so far as to add its file to the table.
    log = TableWriter(str(tmp_path / "w"))
    log.add("relations", ["killed-0/part-00000.parquet"])
    assert len(log.open("relations").file_uris()) == 2
    register_views(spark, str(tmp_path / "w"))
    assert {r.run_id for r in spark.table("relations").collect()} == {"first"}
    assert {row[0] for row in duckdb_of(tmp_path / "w").execute("SELECT run_id FROM relations").fetchall()} == {"first"}
    # The next run takes it out.
    annotate(spark, tmp_path / "w", write_file(tmp_path, "pubmed26n0003.xml", FIRST[2]), run_id="next")
    assert [path for path in log.open("relations").file_uris() if "/killed-0/" in path] == []


def test_bad_settings_are_named(spark, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file/below.*cannot be written"):
        annotate(spark, tmp_path / "file" / "below", tmp_path)
    with pytest.raises(ConfigError, match="run id 'a/b'"):
        annotate(spark, tmp_path / "w", tmp_path, run_id="a/b")
    with pytest.raises(ConfigError, match="nowhere: no such file"):
        annotate(spark, tmp_path / "w", tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="no committed run"):
        register_views(spark, str(tmp_path / "w"))
