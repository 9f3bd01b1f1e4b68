"""A real master and real workers, in processes of their own, with GPUs that are made up."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyspark
import pytest

from citations import citation, write_file
from damage.kills import look
from litcoin_batch.warehouse.inference.loading import CheckpointLoader
from quick_spark import conf, java_options
from tiny_models import documents, tiny_checkpoint
from warehouses import annotate

REPOSITORY = Path(__file__).resolve().parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
SETTINGS = REPOSITORY / "conf" / "spark-defaults-standalone-gpu.conf"
DEPLOY = "org.apache.spark.deploy"
# All of it is 25 s of computing; where others compute, too, each step can take minutes.
PATIENCE_SEC = 600
# Two of the host's GPUs may be used, in this order; CUDA counts them from 0.
VISIBLE = "6,4"

PROGRAM = """
import json, sys, time
from pyspark import TaskContext
from pyspark.sql import SparkSession
from litcoin_batch.warehouse.inference.devices import device_of_task

def placed(_):
    time.sleep(1)  # all tasks run at once: none can take a slot that another has left
    return TaskContext.get().resources()["gpu"].addresses, device_of_task("auto"), device_of_task("cpu")

context = SparkSession.builder.getOrCreate().sparkContext
with open(sys.argv[1], "w") as stream:
    json.dump(context.parallelize(range(4), 4).map(placed).collect(), stream)
"""


@pytest.fixture
def start(tmp_path):
    """Start a command of Spark, its output in a file that is returned; all of them end with the test."""
    started = []
    tools = tmp_path / "tools"
    tools.mkdir()
    smi = tools / "nvidia-smi"
    smi.write_text("#!/bin/sh\nfor i in 0 1 2 3 4 5 6 7; do echo $i, GPU-0000-$i; done\n")
    smi.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
    environment = {
        **kept,
        "PATH": f"{tools}{os.pathsep}{kept['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "SPARK_HOME": str(SPARK_HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "128m",
        "SPARK_DAEMON_JAVA_OPTS": java_options(),
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false",
        "CUDA_VISIBLE_DEVICES": VISIBLE,
    }

    def run(program: str, *arguments: object) -> tuple[subprocess.Popen, Path]:
        log = tmp_path / f"{len(started)}.log"
        command = [str(SPARK_HOME / "bin" / program), *map(str, arguments)]
        with log.open("wb") as stream:
            # A group of its own, so that executors can be ended with their worker; no session of its own, as
            # to some schedulers that is another claim on the processor.
            process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream, process_group=0)
        started.append(process)
        return process, log

    yield run
    for process in reversed(started):
        end(process, signal.SIGTERM)
    for process in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        end(process, signal.SIGKILL)
        process.wait()


def end(process: subprocess.Popen, how: signal.Signals) -> None:
    """With what it has started, even where it is gone itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, how)


def wait_for(pattern: str, process: subprocess.Popen, log: Path) -> str:
    """What the first group of ``pattern`` matches once it stands in the log."""
    return wait_until(lambda: re.search(pattern, log.read_text()), process, log)[1]


def wait_until(condition: Callable[[], Any], process: subprocess.Popen, log: Path) -> Any:
    until = time.monotonic() + PATIENCE_SEC
    while time.monotonic() < until and process.poll() is None:
        if found := condition():
            return found
        time.sleep(0.1)
    pytest.fail(f"waited in vain:\n{log.read_text()[-3000:]}")


def exit_code(process: subprocess.Popen, log: Path) -> int:
    try:
        return process.wait(PATIENCE_SEC)
    except subprocess.TimeoutExpired:
        pytest.fail(f"no end after {PATIENCE_SEC} s:\n{log.read_text()[-3000:]}")


LISTEN = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")


def start_master(start) -> str:
    return wait_for(r"(spark://127\.0\.0\.1:\d+)", *start("spark-class", f"{DEPLOY}.master.Master", *LISTEN))


def start_worker(start, url: str, *options: object) -> subprocess.Popen:
    process, log = start("spark-class", f"{DEPLOY}.worker.Worker", *LISTEN, *options, url)
    wait_for("(Successfully registered)", process, log)
    return process


def small(cores: int) -> list[str]:
    """Options of spark-submit for so many cores in executors that take little."""
    return conf(
        {
            "spark.driver.memory": "512m",
            "spark.executor.memory": "512m",
            # No task before all executors are there.
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{PATIENCE_SEC}s",
            "spark.cores.max": str(cores),
            "spark.executor.extraJavaOptions": java_options(),
            "spark.driver.extraJavaOptions": java_options(),
        }
    )


def test_tasks_of_the_shipped_settings_take_the_gpu_that_the_worker_gave_them(start, tmp_path):
    settings, program, answer = tmp_path / "spark.conf", tmp_path / "program.py", tmp_path / "answer.json"
    here = SETTINGS.read_text().replace("/opt/litcoin-batch/.venv/bin/python", sys.executable)
    settings.write_text(here.replace("/opt/litcoin-batch", str(REPOSITORY)))
    program.write_text(PROGRAM)

    url = start_master(start)
    # Cores are a number to Spark: 16 make room for two executors of 8, one for each GPU.
    start_worker(
        start, url, "--cores", 16, "--memory", "1g", "--work-dir", tmp_path / "work", "--properties-file", settings
    )
    job, log = start("spark-submit", "--master", url, "--properties-file", settings, *small(16), program, answer)
    assert exit_code(job, log) == 0, log.read_text()[-3000:]

    placed = Counter((*addresses, device, cpu) for addresses, device, cpu in json.loads(answer.read_text()))
    assert placed == {("6", "cuda:0", "cpu"): 2, ("4", "cuda:1", "cpu"): 2}


def test_a_worker_that_dies_in_mid_run_costs_nothing(start, spark, tmp_path):
    checkpoint = tiny_checkpoint("lstm", tmp_path / "model")
    citations = [citation(d.pmid, d.abstract, title=d.title) for d in documents(300)]
    source = write_file(tmp_path, "pubmed26n0001.xml.gz", *citations)
    loader = CheckpointLoader(str(checkpoint), device="cpu")
    # In one task: one process of this session loads the model.
    annotate(spark, tmp_path / "calm", source, run_id="night", partitions=1, model_id=loader.verify(), loader=loader)

    url = start_master(start)
    workers = [
        start_worker(start, url, "--cores", 1, "--memory", "512m", "--work-dir", tmp_path / f"work{i}")
        for i in range(2)
    ]
    python = (
        "--conf",
        f"spark.pyspark.python={sys.executable}",
        "--conf",
        f"spark.pyspark.driver.python={sys.executable}",
    )
    work = (source, "--warehouse", tmp_path / "w", "--checkpoint", checkpoint, "--run-id", "night", "--partitions", 8)
    # Spark's own log is off unless it is asked for; what it says of the worker is looked for below.
    loud = ("--conf", "spark.log.level=WARN")
    job, log = start(
        "spark-submit", "--master", url, *python, *loud, *small(2), REPOSITORY / "jobs" / "annotate.py", *work
    )
    # The slice's folder is made before its first task.
    wait_until(lambda: list((tmp_path / "w").glob("_staging/night/annotate/0000-*")), job, log)
    end(workers[1], signal.SIGKILL)
    assert exit_code(job, log) == 0, log.read_text()[-3000:]
    assert re.search("Lost executor|ExecutorLostFailure|Executor .* removed|Command exited", log.read_text()), (
        log.read_text()[-3000:]
    )

    seen, expected = look(tmp_path / "w"), look(tmp_path / "calm")
    assert len(expected["mentions"]) > 300
    assert seen == expected
