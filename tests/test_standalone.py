"""A real master and a real worker, in processes of their own, with GPUs that are made up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyspark
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
SPARK_HOME = Path(pyspark.__file__).parent
SETTINGS = REPOSITORY / "conf" / "spark-defaults-standalone-gpu.conf"
DEPLOY = "org.apache.spark.deploy"
# Processes that live for seconds: starting quickly is all they have to.
JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
# All of it is 25 s of computing; where others compute, too, each step can take minutes.
PATIENCE_SEC = 600
# Two of the host's GPUs may be used, in this order; CUDA counts them from 0.
VISIBLE = "6,4"

PROGRAM = """
import json, sys, time
from pyspark import TaskContext
from pyspark.sql import SparkSession
from litcoin_batch.warehouse.devices import device_of_task

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
        "SPARK_DAEMON_JAVA_OPTS": JVM,
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
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            pass
        end(process, signal.SIGKILL)
        process.wait()


def end(process: subprocess.Popen, how: signal.Signals) -> None:
    """With what it has started, even where it is gone itself."""
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        pass


def wait_for(pattern: str, process: subprocess.Popen, log: Path) -> str:
    """What the first group of ``pattern`` matches once it stands in the log."""
    until = time.monotonic() + PATIENCE_SEC
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"{pattern!r} is not in the log:\n{log.read_text()[-3000:]}")


def exit_code(process: subprocess.Popen, log: Path) -> int:
    try:
        return process.wait(PATIENCE_SEC)
    except subprocess.TimeoutExpired:
        pytest.fail(f"no end after {PATIENCE_SEC} s:\n{log.read_text()[-3000:]}")


def test_tasks_of_the_shipped_settings_take_the_gpu_that_the_worker_gave_them(start, tmp_path):
    settings, program, answer = tmp_path / "spark.conf", tmp_path / "program.py", tmp_path / "answer.json"
    here = SETTINGS.read_text().replace("/opt/litcoin-batch/.venv/bin/python", sys.executable)
    settings.write_text(here.replace("/opt/litcoin-batch", str(REPOSITORY)))
    program.write_text(PROGRAM)

    listen = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    url = wait_for(r"(spark://127\.0\.0\.1:\d+)", *start("spark-class", f"{DEPLOY}.master.Master", *listen))
    # Cores are a number to Spark: 16 make room for two executors of 8, one for each GPU.
    worker = (*listen, "--cores", 16, "--memory", "1g", "--work-dir", tmp_path / "work", "--properties-file", settings)
    wait_for("(Successfully registered)", *start("spark-class", f"{DEPLOY}.worker.Worker", *worker, url))

    small = {
        "spark.driver.memory": "512m",
        "spark.executor.memory": "512m",
        "spark.ui.enabled": "false",
        # No task before both executors are there.
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{PATIENCE_SEC}s",
        "spark.cores.max": "16",
        "spark.executor.extraJavaOptions": JVM,
        "spark.driver.extraJavaOptions": JVM,
    }
    options = [word for key, value in small.items() for word in ("--conf", f"{key}={value}")]
    job, log = start("spark-submit", "--master", url, "--properties-file", settings, *options, program, answer)
    assert exit_code(job, log) == 0, log.read_text()[-3000:]

    placed = Counter((*addresses, device, cpu) for addresses, device, cpu in json.loads(answer.read_text()))
    assert placed == {("6", "cuda:0", "cpu"): 2, ("4", "cuda:1", "cpu"): 2}
