"""What Spark knows of the tasks that it ran: when, for how long, and how evenly."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession


@dataclass(frozen=True, slots=True)
class Task:
    """``started`` in seconds since the epoch."""

    stage: int
    started: float
    sec: float


@dataclass(slots=True)
class Tasks:
    """Filled when the block of ``watch_tasks`` ends, unless by an error."""

    all: list[Task] = field(default_factory=list)

    def longest_stage(self) -> list[Task]:
        """The tasks of the stage that took most time in all."""
        return longest_stage(self.all)


def longest_stage(tasks: Sequence[Task]) -> list[Task]:
    total: dict[int, float] = {}
    for task in tasks:
        total[task.stage] = total.get(task.stage, 0.0) + task.sec
    most = max(total, key=lambda stage: (total[stage], stage), default=None)
    return sorted((task for task in tasks if task.stage == most), key=lambda task: task.started)


def balance(tasks: Sequence[Task]) -> float | None:
    """Longest by median task; None where there are none."""
    secs = [task.sec for task in tasks]
    return max(secs) / statistics.median(secs) if secs and statistics.median(secs) else None


@contextmanager
def watch_tasks(spark: SparkSession) -> Iterator[Tasks]:
    """The tasks of all jobs that are started while the block runs, from whatever thread."""
    before, tasks = _jobs(spark).keys(), Tasks()
    yield tasks
    new = [job.stageIds() for number, job in _jobs(spark).items() if number not in before]
    for stage in sorted({stages.apply(i) for stages in new for i in range(stages.size())}):
        tasks.all += _tasks_of(spark, stage)


@dataclass(slots=True)
class Work:
    """Filled when the block of ``watch_work`` ends: jobs of Spark, what it has written to files (staged and kept for good),
    and between the stages of its jobs.
    """

    n_jobs: int = 0
    n_bytes_to_files: int = 0
    n_bytes_shuffled: int = 0

    def told(self) -> dict[str, int]:
        return {
            "jobs": self.n_jobs,
            "n_bytes_to_files": self.n_bytes_to_files,
            "n_bytes_shuffled": self.n_bytes_shuffled,
        }


@contextmanager
def watch_work(spark: SparkSession) -> Iterator[Work]:
    """What Spark did, in this JVM, for whatever the block asks of it."""
    before, n_bytes, work = _jobs(spark).keys(), _bytes_to_files(spark), Work()
    yield work
    work.n_bytes_to_files = _bytes_to_files(spark) - n_bytes
    new = [job.stageIds() for number, job in _jobs(spark).items() if number not in before]
    work.n_jobs = len(new)
    stages = {stages.apply(i) for stages in new for i in range(stages.size())}
    work.n_bytes_shuffled = sum(_bytes_shuffled(spark, stage) for stage in stages)


def _bytes_to_files(spark: SparkSession) -> int:
    every = spark.sparkContext._jvm.org.apache.hadoop.fs.FileSystem.getAllStatistics()
    return sum(every.get(i).getBytesWritten() for i in range(every.size()))


def _bytes_shuffled(spark: SparkSession, stage: int) -> int:
    try:
        return spark.sparkContext._jsc.sc().statusStore().lastStageAttempt(stage).shuffleWriteBytes()
    except Py4JJavaError:
        # Its output was there already.
        return 0


def _jobs(spark: SparkSession) -> dict[int, Any]:
    """What Spark knows of its jobs, by their numbers."""
    context = spark.sparkContext._jsc.sc()
    # Events reach the store with a delay.
    context.listenerBus().waitUntilEmpty()
    jobs = context.statusStore().jobsList(None)
    found = [jobs.apply(i) for i in range(jobs.size())]
    return {job.jobId(): job for job in found}


def _tasks_of(spark: SparkSession, stage: int) -> list[Task]:
    context = spark.sparkContext._jsc.sc()
    try:
        attempt = context.statusStore().lastStageAttempt(stage)
        rows = context.statusStore().taskList(stage, attempt.attemptId(), attempt.numTasks())
    except Py4JJavaError:
        # A stage whose output was there already was never attempted.
        return []
    found = [rows.apply(i) for i in range(rows.size())]
    return [
        Task(stage, t.launchTime().getTime() / 1000, t.duration().get() / 1000)
        for t in found
        if t.duration().isDefined()
    ]
