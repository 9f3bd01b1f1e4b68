import importlib.util
import json

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pyspark.errors import PySparkException

from citations import citation, write_file
from litcoin_batch.commands.work import annotate as work
from tiny_models import tiny_checkpoint


@pytest.fixture(scope="module")
def job(pytestconfig):
    spec = importlib.util.spec_from_file_location("annotate_job", pytestconfig.rootpath / "jobs" / "annotate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint("lstm", tmp_path_factory.mktemp("lstm"))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    texts = ["Aspirin inhibits COX-1 in human platelets.", "Mutations of BRCA1 cause breast cancer in mice.", None]
    citations = [citation(100 + i, text, title=f"Finding {i} on aspirin") for i, text in enumerate(texts * 4)]
    return write_file(tmp_path_factory.mktemp("source"), "pubmed26n0001.xml.gz", *citations)


def call(job, *arguments):
    return CliRunner().invoke(job.main, [str(a) for a in arguments])


def test_tables_of_the_real_model_do_not_depend_on_partitions_or_batches(spark, job, checkpoint, source, tmp_path):
    for name, partitions, pieces in (("one", 1, 16384), ("three", 3, 32)):
        options = ("--partitions", partitions, "--batch-pieces", pieces, "--run-id", "x", "--device", "cpu")
        result = call(job, source, "--warehouse", tmp_path / name, "--checkpoint", checkpoint, *options)
        assert result.exit_code == 0, result.output
        assert "12 records" in result.stdout
        assert "pubmed26n0001.xml.gz" in result.stdout
    tables = {
        t: [pq.read_table(tmp_path / n / t).to_pylist() for n in ("one", "three")] for t in ("mentions", "relations")
    }
    assert len(tables["mentions"][0]) > 5
    for name, (one, three) in tables.items():
        assert one == three, name
    row = pq.read_table(tmp_path / "one" / "runs").to_pylist()[0]
    checkpoint_id = json.loads((checkpoint / "manifest.json").read_text())["model_id"]
    assert row["model_id"] == f"{checkpoint_id}+{row['vocabulary_id']}"
    assert (row["n_annotated"], row["n_without_text"]) == (8, 4)


def test_problems_of_the_tables_place_and_inputs_are_one_line(spark, job, checkpoint, source, tmp_path):
    (tmp_path / "file").write_text("")
    for arguments, message in (
        ((source, "--warehouse", tmp_path / "file" / "below"), "cannot be written"),
        ((tmp_path / "nowhere.xml", "--warehouse", tmp_path / "w"), "nowhere.xml: no such file"),
        ((source, "--warehouse", tmp_path / "w", "--run-id", "a b"), "run id 'a b'"),
    ):
        result = call(job, *arguments, "--checkpoint", checkpoint)
        assert result.exit_code == 2
        assert _error_of(result).startswith("error: ")
        assert message in _error_of(result)


def _error_of(result):
    lines = [line for line in result.stderr.splitlines() if line.startswith("error")]
    assert len(lines) == 1
    assert "Traceback" not in result.stderr
    return lines[0]


def test_what_can_be_known_before_spark_starts_is_said_before(job, checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "open_session", lambda: pytest.fail("Spark was started"))
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    settings = tmp_path / "settings.yaml"
    settings.write_text("chekpoint: lstm\n")
    damaged = tiny_checkpoint("rnn", tmp_path / "rnn")
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    for arguments, message in (
        (("--config", settings), "unknown key chekpoint; known keys: paths, warehouse"),
        (("--config", tmp_path / "none.yaml"), "none.yaml: cannot be read"),
        (("--checkpoint", tmp_path / "none"), "neither a folder nor one of the shipped checkpoints"),
        (("--checkpoint", damaged), "the checkpoint is damaged"),
        (("--checkpoint", checkpoint, "--device", "abacus"), "expected auto, cpu or cuda"),
        (("--checkpoint", checkpoint, "--lexicon", tmp_path / "none.tsv"), "none.tsv: no such file"),
        (("--checkpoint", checkpoint, "--partitions", "0"), "at least 1, found 0"),
        (("--checkpoint", checkpoint, "--max-drop", "-0.5"), "'max_drop': expected a share from 0 to 1, found -0.5"),
    ):
        result = call(job, *arguments)
        assert result.exit_code == 2, result.output
        assert message in _error_of(result)


def test_an_unknown_format_lists_the_known(job):
    result = call(job, "--format", "docx")
    assert result.exit_code == 2
    assert "pubtator" in result.stderr


def test_a_failure_of_spark_is_one_line_and_another_code(job, checkpoint, monkeypatch):
    def fail():
        raise PySparkException(
            "Job aborted\n\n  at somewhere\nCaused by: a step\n  at a place\nCaused by: a full disk\n\tat another\n\t... 39 more\n"
        )

    monkeypatch.setattr(work, "open_session", fail)
    result = call(job, "--checkpoint", checkpoint)
    assert result.exit_code == 1
    assert _error_of(result) == (
        "error: Spark failed, nothing is published; the same command goes on from what is done: Job aborted ... Caused by: a full disk"
    )
