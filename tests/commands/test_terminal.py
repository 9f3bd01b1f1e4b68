"""A person at the terminal: what is wrong is said in a line, at once; help as written; Ctrl-C ends with what is true."""

from __future__ import annotations

import doctest
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from litcoin_batch import config, readers, writers
from litcoin_batch.commands import checks, export, front_door, query, topics
from litcoin_batch.model.cpu.hardware import PRECISIONS
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.spark import progress
from litcoin_batch.warehouse.tables import queries
from litcoin_batch.warehouse.topics import lda

# Words of a command line -> part of the one line that it ends with. In a folder with a file "file" and a folder "wh".
WRONG = {
    ("annotate", "nowhere.xml"): "input nowhere.xml: no such file",
    ("annotate", "none*.xml"): "input none*.xml: no such file, or a folder or pattern without files",
    ("annotate", "--warehouse", "file/below"): "output folder file/below: cannot be written",
    ("annotate", "--warehouse", "s3://bucket/w"): "Spark writes to S3 as s3a://",
    ("annotate", "--device", "abacus"): "device 'abacus': expected auto, cpu or cuda",
    ("annotate", "--device", "cuda"): "device 'cuda': this machine has no GPU; use cpu or auto",
    ("annotate", "--precision", "float7"): "precision 'float7': expected auto, float32",
    ("annotate", "--checkpoint", "gru"): "checkpoint 'gru': neither a folder nor one of the shipped checkpoints (lstm,",
    ("annotate", "--lexicon", "none.tsv"): "lexicon none.tsv: no such file",
    ("annotate", "--run-id", "a b"): "run id 'a b': expected letters",
    ("annotate", "--max-drop", "1.5"): "'max_drop': expected a share from 0 to 1, found 1.5",
    ("annotate", "--max-reject-share", "nan"): "'max_reject_share': expected a share from 0 to 1, found nan",
    ("annotate", "--config", "none.yaml"): "none.yaml: cannot be read",
    ("query", "--warehouse", "nowhere", "SELECT 1"): "warehouse nowhere: no committed run in it",
    ("query", "--warehouse", "wh"): "expected one query: either SQL text or --file",
    ("maintain", "status", "--warehouse", "nowhere"): "warehouse nowhere: no committed run in it",
    ("maintain", "rollback", "--warehouse", "wh", "--to", "a/b"): "run id 'a/b': expected letters",
    ("export", "--warehouse", "wh", "--format", "kgx", "--output", "-"): "format kgx is several files",
    ("export", "--warehouse", "wh", "--format", "jsonl", "--output", "none/x"): "there is no folder",
    ("topics", "--warehouse", "nowhere"): "warehouse nowhere: no committed run in it",
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "wh").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    monkeypatch.setattr(checks, "_GPUS", ())
    return tmp_path


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_settings_are_one_line_before_anything_is_imported_or_made(words, place, monkeypatch):
    monkeypatch.setattr("litcoin_batch.commands.terminal.importlib", None)
    done = CliRunner().invoke(front_door.main, words)
    assert done.exit_code == 2, done.output
    assert done.output.splitlines() == [done.stderr.strip()]
    assert done.stderr.startswith("error: ") and WRONG[words] in done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["file", "wh"]


def test_checking_settings_imports_neither_spark_nor_torch():
    code = (
        "import sys; from litcoin_batch.commands import annotate, export, maintain, query, topics;"
        " print({'torch', 'pyspark', 'pandas', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("verb", front_door.VERBS)
def test_examples_of_help_stand_as_written(verb):
    told = CliRunner().invoke(front_door.main, [verb, "--help"], terminal_width=60).output
    examples = [line.strip() for line in told.splitlines() if line.strip().startswith(f"litcoin-batch {verb}")]
    module = sys.modules[f"litcoin_batch.commands.{verb}"]
    assert examples == [line.strip() for line in module.__doc__.splitlines() if line.startswith("    litcoin-batch")]
    assert len(examples) >= 2


def test_choices_of_options_are_those_of_the_rooms():
    assert config.FORMATS == readers.FORMATS
    assert checks.PRECISIONS == PRECISIONS
    assert export._FORMATS == writers.FORMATS
    assert tuple(name for name in writers.FORMATS if len(writers.files_of(name)) > 1) == export._OF_SEVERAL
    assert topics._CRITERIA == lda.CRITERIA
    assert query._FORMATS == queries.FORMATS


def test_patterns_and_names_with_pattern_characters_are_found(place):
    (place / "a[1].xml").touch()
    checks.check_inputs(["a[1].xml", "a*.xml", str(place), (place / "a[1].xml").as_uri(), "hdfs://host/none"])
    for missing in ("a[2].xml", "b*.xml", (place / "a[2].xml").as_uri()):
        with pytest.raises(ConfigError, match="no such file, or a folder or pattern without files"):
            checks.check_inputs(["a[1].xml", missing])


def test_times_and_rates_are_told_as_in_the_examples():
    failed, tried = doctest.testmod(progress)
    assert (failed, tried >= 3) == (0, True)


INTERRUPTED = """
import pathlib, sys, time, types
from litcoin_batch.commands import terminal
terminal._PATIENCE_SEC = {patience}
def work(stop):
    stop.line = "stopped; nothing is published"
    print("working", flush=True)
    try:
        time.sleep(600)
    finally:
        print("noise of what ends", file=sys.stderr)
        pathlib.Path("ending").touch()
        {ending}
sys.modules["litcoin_batch.commands.work.example"] = types.SimpleNamespace(work=work)
terminal.run("example")
"""


@pytest.mark.parametrize(
    ("ending", "presses"),
    [("pass", 1), ("raise RuntimeError('no answer from Java')", 1), ("time.sleep(600)", 1), ("time.sleep(600)", 2)],
)
def test_ctrl_c_is_one_line_and_code_130(ending, presses, tmp_path):
    # Pressed once, nobody waits for longer than so; pressed twice, nobody waits.
    code = INTERRUPTED.format(ending=ending, patience=0.1 if presses == 1 else 600)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout.readline() == "working\n"
    os.kill(process.pid, signal.SIGINT)
    if presses == 2:
        while process.poll() is None and not (tmp_path / "ending").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert (process.returncode, told) == (130, "stopped; nothing is published\n")


STARTING = """
import sys, time, types
from litcoin_batch.commands import start
def main(prog_name):
    print(prog_name, flush=True)
    time.sleep(600)
sys.modules["litcoin_batch.commands.front_door"] = types.SimpleNamespace(main=main)
start.main()
"""


def test_ctrl_c_while_everything_is_imported_is_one_line_and_code_130():
    process = subprocess.Popen(
        [sys.executable, "-c", STARTING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "litcoin-batch\n"
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert (process.returncode, told) == (130, "stopped; nothing was done\n")
