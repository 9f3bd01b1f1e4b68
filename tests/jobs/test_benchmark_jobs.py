"""The commands that measure, on corpora so small that their figures say nothing."""

import json
import os
import shlex
import subprocess
import sys

from html_page import Reader
from quick_spark import conf, java_options
from tiny_models import tiny_checkpoint


def measure(root, output, job, *arguments):
    """Standard output, and the rows that the job wrote, the one about the machine first."""
    quick = shlex.join(conf({"spark.driver.memory": "1g", "spark.driver.extraJavaOptions": java_options()}))
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f"{quick} pyspark-shell",
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    command = [sys.executable, str(root / "jobs" / f"{job}.py"), *map(str, arguments), "--output", str(output)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1_800, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    (lines,) = output.glob("*.jsonl")
    return done.stdout, [json.loads(line) for line in lines.read_text().splitlines()]


def test_a_long_run_is_told_by_its_speed_evenness_and_memory(pytestconfig, tmp_path):
    checkpoint = tiny_checkpoint("rnn", tmp_path / "rnn")
    told, rows = measure(
        pytestconfig.rootpath,
        tmp_path / "scale",
        "benchmark_scale",
        "--ingest",
        60,
        "--annotate",
        30,
        "--checkpoint",
        checkpoint,
        "--cores",
        2,
    )
    assert [(row.get("what"), row.get("documents")) for row in rows] == [(None, None), ("ingest", 60), ("job", 30)]
    assert rows[2]["file_bytes"] and rows[2]["memory_over_time"]["workers_bytes"] and rows[2]["n_tasks"] == 2
    assert "documents 60" in told and "longest / median task" in told
    seen = Reader((tmp_path / "scale" / "scale.html").read_text())
    assert ["documents", "30"] in seen.tables["Figures"] and seen.tags["svg"] == 1


def test_everything_is_measured_once_in_every_turn(pytestconfig, tmp_path):
    checkpoint = tiny_checkpoint("transformer", tmp_path / "transformer")
    config = tmp_path / "small.yaml"
    config.write_text("{sizes: [12, 24], cores: [1], repeats: 1, recognition_documents: 12, pair_marker_documents: 6}")
    small = ("--config", config, "--checkpoint", checkpoint)
    told, rows = measure(pytestconfig.rootpath, tmp_path / "speed", "benchmark", *small)
    turns = [[row["what"] for row in rows if row.get("turn") == turn] for turn in (0, 1)]
    assert turns[0] == turns[1]
    assert set(turns[0]) == {"cold start", "job", "ingest", "bare encoder", "stages", "pair marker", "recognition"}
    jobs = {row["size"]: row for row in rows[1:] if row["what"] == "job"}
    # What is done once for a session weighs on neither size.
    assert turns[0].index("cold start") < turns[0].index("job")
    stages = {row["precision"]: row for row in rows[1:] if row["what"] == "stages"}
    # The job and the loop without Spark find the same in the same documents: neither leaves work out.
    assert stages["auto"]["digest"] == jobs[12]["digest"]
    assert "padded / real pieces" in told
    assert (tmp_path / "speed" / "benchmark.html").is_file()
