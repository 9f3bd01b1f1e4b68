"""The whole Spark job, once per call: a session with as many cores as asked for, the files, the tables, the memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pyarrow as pa
import pyarrow.dataset
from pyspark import SparkConf
from pyspark.sql import DataFrame, SparkSession

from benchmarks.measured.stages import Arithmetic, decisions
from benchmarks.processes import Sample, forget_peak, growth, memory_bytes, over_time, own_peaks, watch_memory
from benchmarks.tasks import balance, watch_tasks
from benchmarks.workers import with_benchmarks
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.files.storage import find_files
from litcoin_batch.warehouse.inference.loading import CheckpointLoader
from litcoin_batch.warehouse.nightly.pipeline import How, Inputs, annotate_files
from litcoin_batch.warehouse.nightly.reading.ingest import read_records
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.session import open_session

# Steps of a run that are told apart; what remains is what a night costs beside them.
_STEPS = ("read", "keys", "annotate", "write")


@dataclass(frozen=True, slots=True)
class Job:
    """``paths``: the files; ``partitions``: tasks of the model, None for the default of annotate.py."""

    arithmetic: Arithmetic
    paths: tuple[str, ...]
    partitions: int | None

    def loader(self) -> CheckpointLoader:
        a = self.arithmetic
        return CheckpointLoader(a.checkpoint, device=a.device, batch_pieces=a.batch_pieces, precision=a.precision)


class Sessions:
    """One session at a time, begun anew where another number of cores is asked for."""

    def __init__(self) -> None:
        self.cores = 0
        self._spark: SparkSession | None = None
        self._n_jobs = 0

    def open(self, cores: int) -> tuple[SparkSession, float | None]:
        """The session, and the seconds that starting it took; None where it was there already."""
        if self._spark is not None and self.cores == cores:
            return self._spark, None
        self.close()
        started = time.perf_counter()
        builder = SparkSession.builder.appName("litcoin-batch benchmark")
        for key, value in session_settings(
            SparkConf().get("spark.master", "local[*]"), cores, SparkConf().get("spark.executor.cores", "1")
        ).items():
            builder = builder.config(key, value)
        builder.getOrCreate()
        self._spark, self.cores = with_benchmarks(open_session()), cores
        return self._spark, time.perf_counter() - started

    def close(self) -> None:
        if self._spark is not None:
            self._spark.stop()
            # What was configured for this session must not be taken over by the next.
            SparkSession.builder._options.clear()
        self._spark = None

    def next_name(self) -> str:
        self._n_jobs += 1
        return f"benchmark-{os.getpid()}-{self._n_jobs}"


def session_settings(master: str, cores: int, executor_cores: str) -> dict[str, str]:
    """How to get ``cores`` cores from a master. Raises ``ConfigError`` where executors cannot have so many together."""
    if master.startswith("local"):
        return {"spark.master": f"local[{cores}]"}
    each = int(executor_cores)
    if cores % each:
        raise ConfigError(f"cores {cores}: not a multiple of spark.executor.cores {each}")
    return {
        "spark.cores.max": str(cores),
        "spark.executor.instances": str(cores // each),
        "spark.dynamicAllocation.enabled": "false",
    }


def run_job(sessions: Sessions, cores: int, job: Job, warehouse: Path) -> dict:
    """Files to published tables, as annotate.py does it; the tables are looked at and removed afterwards."""
    spark, _ = sessions.open(cores)
    pid = jvm_pid(spark)
    forgotten = forget_peak() and forget_peak(pid)
    name, loader = sessions.next_name(), job.loader()
    started = time.perf_counter()
    with watch_memory(pid) as samples, watch_tasks(spark) as tasks:
        with Run(spark, str(warehouse), name) as run:
            record = annotate_files(run, Inputs(job.paths), loader, loader.verify(), How(job.partitions))
        sec = time.perf_counter() - started
    steps = record.durations_sec
    if record.n_annotated != record.n_records:
        raise ContractError(
            f"benchmark job: {record.n_annotated} of {record.n_records} documents annotated, expected all"
        )
    row = {
        "documents": record.n_annotated,
        "sec": sec,
        "steps": {
            **{step: steps[step] for step in _STEPS},
            "plan": sec - sum(steps[step] for step in _STEPS),
        },
        "n_tasks": len(tasks.longest_stage()),
        "balance": balance(tasks.longest_stage()),
        "model_id": record.model_id,
        "digest": decisions(pa.dataset.dataset(warehouse / "annotations").to_batches(batch_size=1_000)),
        "memory": {
            **worker_memory(spark, cores, samples),
            "driver_bytes": memory_bytes(),
            "since_start_of_run": forgotten,
        },
        "memory_growth": growth(samples),
        "memory_over_time": over_time(samples),
        "file_bytes": sorted(path.stat().st_size for path in warehouse.rglob("*.parquet")),
    }
    rmtree(warehouse)
    return row


def run_ingest(sessions: Sessions, cores: int, paths: Sequence[str]) -> dict:
    """All files through the reader, and nothing done with what was read but counting it."""
    spark, _ = sessions.open(cores)
    files = find_files(spark, list(paths))
    started = time.perf_counter()
    n = read_records(spark, {file: file.name for file in files}).count()
    return {"documents": n, "sec": time.perf_counter() - started, "n_bytes": sum(file.n_bytes for file in files)}


def jvm_pid(spark: SparkSession) -> int:
    return int(spark._jvm.java.lang.ProcessHandle.current().pid())


def worker_memory(spark: SparkSession, cores: int, samples: Sequence[Sample]) -> dict:
    """Peaks of the Python workers and of the JVMs they work for, asked of the workers themselves.

    Of workers on this host that are gone by now, ``samples`` say what was seen of them while they worked.
    """

    def report(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            # Long enough that no worker does the work of two.
            time.sleep(0.2)
            columns = [pa.array([value]) for value in own_peaks()]
            yield pa.RecordBatch.from_arrays(columns, ["host", "pid", "bytes", "jvm", "jvm_bytes"])

    schema = "host string, pid bigint, bytes bigint, jvm bigint, jvm_bytes bigint"
    rows = spark.range(0, cores, 1, cores).mapInArrow(report, schema).collect()
    workers = {(row.host, row.pid): row.bytes for row in rows}
    jvms = {(row.host, row.jvm): row.jvm_bytes for row in rows}
    return {
        "workers": len(workers),
        "worker_bytes": max(*workers.values(), *(s.worker_bytes for s in samples)),
        "jvms": len(jvms),
        "jvm_bytes": max(jvms.values()),
    }


def count_rows(table: DataFrame) -> tuple[int, float]:
    """Rows of ``table``, all of it computed and none of it kept, and the seconds that took."""
    started = time.perf_counter()
    n = table.mapInArrow(_lengths, "n bigint").groupBy().sum("n").first()[0] or 0
    return n, time.perf_counter() - started


def _lengths(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.RecordBatch.from_arrays([pa.array([batch.num_rows], pa.int64())], ["n"])


def timed_ways(
    ways: dict[str, Callable[[DataFrame], DataFrame]], small: DataFrame, large: DataFrame
) -> dict[str, float]:
    """Seconds of each way with ``large``, after ``small`` has made the workers load what they keep.

    Raises ``ContractError`` for one that does not give a row for each document.
    """
    expected, secs = large.count(), {}
    for name, way in ways.items():
        count_rows(way(small))
        n, secs[name] = count_rows(way(large))
        if n != expected:
            raise ContractError(f"{name}: {n} rows for {expected} documents")
    return secs
