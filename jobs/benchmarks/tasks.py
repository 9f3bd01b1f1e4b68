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
