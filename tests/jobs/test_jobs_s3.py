"""The job with everything but its tables at ``s3://``: inputs, checkpoint, record of the run."""

import importlib.util
import json
import os
import sys
import tempfile
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable
from pyspark import cloudpickle

from citations import citation, citation_file
from fake_model import FakeAnnotator, FakeLoader
from litcoin_batch.commands.work import annotate as work
from litcoin_batch.warehouse.files.objects import list_objects, read_object
from s3_server import KEY_ID, SECRET
from tiny_models import tiny_checkpoint, write_tiny_vocabulary

# Workers need not have the tests on their path.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
TABLES = ("documents", "annotations", "mentions", "relations", "rejects")


@dataclass(frozen=True)
class ModelWithoutFiles(FakeLoader):
    """In the place of ``CheckpointLoader``."""

    checkpoint: str = ""
    device: str = ""
    lexicon: tuple[str, ...] = ()
    batch_pieces: int = 0
    precision: str = ""
    vocabulary: str | None = None

    def __call__(self) -> FakeAnnotator:
        return FakeAnnotator("fake-1")

    def verify_early(self) -> str:
        return "fake-1"


@pytest.fixture(scope="module")
def job(pytestconfig):
    spec = importlib.util.spec_from_file_location("annotate_job", pytestconfig.rootpath / "jobs" / "annotate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """One for all tests: workers are kept as long as their environment stays the same."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture
def call(job, spark, bucket, monkeypatch, temporary):
    """Run the job in this process, its workers with the environment of this test."""
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("LITCOIN_BATCH_CACHE", str(temporary / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    environment = spark.sparkContext.environment
    before = dict(environment)
    wanted = {k: v for k, v in os.environ.items() if k.startswith(("AWS_", "LITCOIN_")) or k in ("TMPDIR", "NO_PROXY")}
    environment.update(wanted)
    yield lambda *arguments: CliRunner().invoke(job.main, [str(argument) for argument in arguments])
    environment.clear()
    environment.update(before)


def parquet(rows):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(rows), sink)
    return sink.getvalue().to_pybytes()


FILES = {
    "in/pubmed26n0001.xml.gz": citation_file(
        citation(1, "aspirin blocks gene"), citation(2, None), citation(3, "alarm")
    ),
    "in/pubmed26n0002.xml.gz": citation_file(citation(1, "aspirin and gene, revised"), delete=(3,)),
    "in/pubmed26n0002.xml.gz.md5": b"MD5(pubmed26n0002.xml.gz)= 0",
    "in/deep/with space.parquet": parquet({"pmid": [80, 81], "title": ["gene", "b"], "abstract": ["alarm", "gone"]}),
    "in/cut.xml.gz": citation_file(citation(4, "gene"))[:-60],
    "in/empty.xml": b"",
    "in/liar.parquet": b"this is no Parquet",
}


def stored(warehouse):
    return {
        table: sorted(DeltaTable(warehouse / table).to_pyarrow_table().drop_columns(["run_id"]).to_pylist(), key=repr)
        for table in TABLES
    }


def test_tables_are_those_of_the_same_files_on_disk_and_the_record_of_the_run_is_put_and_put_again(
    job, call, s3, bucket, tmp_path, temporary, monkeypatch
):
    monkeypatch.setattr(work, "CheckpointLoader", ModelWithoutFiles)
    bucket(FILES)
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    s3.calm()
    s3.disturb("PUT /bucket/records/night-1.json", "busy", times=99)
    from_s3 = ("s3://bucket/in", "--warehouse", tmp_path / "far", "--run-id", "night-1", "--records")
    failed = call(*from_s3, "s3://bucket/records")
    assert failed.exit_code == 1
    assert (
        "error: run night-1 is committed, but its record is missing: s3://bucket/records/night-1.json" in failed.stderr
    )
    # Each file was fetched for its checksum and by the task that read it, and nothing of it is left.
    fetched = {request: n for request, n in s3.seen.items() if request.startswith("GET /bucket/in/")}
    assert fetched.pop("GET /bucket/in/pubmed26n0002.xml.gz.md5") == 1
    assert set(fetched.values()) == {2}
    assert len(fetched) == 5  # not the empty file
    assert list(temporary.glob("litcoin-batch-*")) == []

    s3.calm()
    assert call(*from_s3, "s3://bucket/records/").exit_code == 0
    record = json.loads(read_object("s3://bucket/records/night-1.json"))
    row = pq.read_table(tmp_path / "far" / "runs").to_pylist()[0]
    assert (record["run_id"], record["n_annotated"]) == ("night-1", row["n_annotated"])
    assert record["started"] == row["started"].isoformat()
    applied = {"pubmed26n0001.xml.gz", "pubmed26n0002.xml.gz", "with space.parquet"}
    assert {source["source"] for source in record["sources"]} == {*applied, "cut.xml.gz", "empty.xml", "liar.parquet"}
    assert [KEY_ID in text or SECRET in text for text in (json.dumps(record), failed.output, str(row))] == [False] * 3

    result = call(tmp_path / "in", "--warehouse", tmp_path / "near")
    assert result.exit_code == 0, result.output
    far, near = stored(tmp_path / "far"), stored(tmp_path / "near")
    assert {table: len(rows) for table, rows in far.items()} == {table: len(rows) for table, rows in near.items()}
    for table in ("annotations", "mentions", "relations"):
        assert far[table] == near[table]
    assert {row["source"] for row in far["rejects"]} == {"cut.xml.gz", "empty.xml", "liar.parquet"}


def test_checkpoint_and_vocabulary_are_downloaded_once_for_driver_and_workers(call, s3, bucket, tmp_path):
    folder = tiny_checkpoint("lstm", tmp_path / "lstm")
    vocabulary_id = write_tiny_vocabulary(tmp_path / "words")
    places = {"lstm": folder, "words": tmp_path / "words"}
    files = {f"models/{name}/{path.name}": path for name, of in places.items() for path in of.iterdir()}
    bucket({key: path.read_bytes() for key, path in files.items()})
    bucket({"in.xml": citation_file(*(citation(i, f"Aspirin inhibits COX-{i} in mice.") for i in range(1, 9)))})
    s3.calm()
    options = ("--partitions", 3, "--device", "cpu", "--warehouse", tmp_path / "w")
    given = ("--checkpoint", "s3://bucket/models/lstm/", "--vocabulary", "s3://bucket/models/words")
    result = call("s3://bucket/in.xml", *options, *given)
    assert result.exit_code == 0, result.output
    rows = stored(tmp_path / "w")["annotations"]
    model_id = json.loads((folder / "manifest.json").read_text())["model_id"]
    assert [(row["pmid"], row["model_id"]) for row in rows] == [(i, f"{model_id}+{vocabulary_id}") for i in range(1, 9)]
    assert s3.seen["GET /bucket"] >= 3  # driver and workers looked for it
    assert {s3.seen[f"HEAD /bucket/{key}"] for key in files} == {1}


def test_a_vocabulary_that_is_not_what_its_manifest_says_stops_the_job(job, call, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "open_session", lambda: pytest.fail("Spark was started"))
    write_tiny_vocabulary(tmp_path / "words")
    bucket({f"models/words/{path.name}": path.read_bytes() for path in (tmp_path / "words").iterdir()})
    bucket({"models/words/entries.bin": b"?"})
    checkpoint = tiny_checkpoint("rnn", tmp_path / "rnn")
    places = ("--checkpoint", checkpoint, "--vocabulary", "s3://bucket/models/words")
    result = call(*places, "--warehouse", tmp_path / "w")
    assert result.exit_code == 2
    assert "error: s3://bucket/models/words: " in result.stderr
    assert "entries.bin: 1 bytes, expected" in result.stderr


def test_a_checkpoint_that_is_not_what_its_manifest_says_stops_the_job(job, call, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "open_session", lambda: pytest.fail("Spark was started"))
    folder = tiny_checkpoint("rnn", tmp_path / "rnn")
    bucket({f"models/rnn/{path.name}": path.read_bytes() for path in folder.iterdir()})
    bucket({"models/rnn/config.json": b"{}"})
    result = call("--checkpoint", "s3://bucket/models/rnn", "--warehouse", tmp_path / "w")
    assert result.exit_code == 2
    assert "error: s3://bucket/models/rnn: " in result.stderr
    assert "config.json: 2 bytes, expected" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("s3://bucket/none*",), "input s3://bucket/none*: no such file"),
        (("s3://nowhere/in",), "s3://nowhere/in cannot be listed: no such bucket"),
        (("--checkpoint", "s3://bucket/models/none"), "s3://bucket/models/none: no such folder"),
        (("--records", "/var/records"), "expected s3://bucket/key"),
        (("--records", f"s3://{KEY_ID}:{SECRET}@bucket/x"), "without credentials"),
    ],
)
def test_what_is_wrong_with_an_address_is_one_line(job, call, tmp_path, arguments, message, monkeypatch):
    if "--checkpoint" not in arguments:
        monkeypatch.setattr(work, "CheckpointLoader", ModelWithoutFiles)
    result = call(*arguments, "--warehouse", tmp_path / "w")
    assert result.exit_code == 2, result.output
    assert [line for line in result.stderr.splitlines() if line.startswith("error: ")] == [
        result.stderr.splitlines()[-1]
    ]
    assert message in result.stderr
    assert SECRET not in result.output


def test_a_file_that_never_comes_whole_is_rejected_and_the_others_are_annotated(
    job, call, s3, bucket, tmp_path, monkeypatch
):
    monkeypatch.setattr(work, "CheckpointLoader", ModelWithoutFiles)
    bucket(FILES)
    s3.disturb("GET /bucket/in/pubmed26n0002.xml.gz", "flip", times=999)
    records = ("--records", "s3://bucket/records", "--run-id", "night-1")
    result = call("s3://bucket/in/pubmed*", "--warehouse", tmp_path / "w", "--max-reject-share", "1", *records)
    assert result.exit_code == 0, result.output
    assert json.loads(read_object("s3://bucket/records/night-1.json"))["n_rejected"] == 1
    (reject,) = stored(tmp_path / "w")["rejects"]
    assert (reject["source"], reject["record"]) == ("pubmed26n0002.xml.gz", 0)
    assert "s3://bucket/in/pubmed26n0002.xml.gz: its CRC32 is not what the store says, 3 times over" in reject["reason"]


def test_a_warehouse_at_s3_is_told_the_scheme_of_spark(call):
    result = call("--warehouse", "s3://bucket/warehouse")
    assert result.exit_code == 2
    assert "Spark writes to S3 as s3a:// (conf/s3a.conf)" in result.stderr
    assert list_objects("s3://bucket/") == []
