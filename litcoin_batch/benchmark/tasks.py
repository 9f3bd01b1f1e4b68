"""What Spark knows of the tasks that it ran: when, for how long, and how evenly."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

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
    """Filled when the block of ``watch_tasks`` ends."""

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
def watch_tasks(spark: SparkSession, name: str) -> Iterator[Tasks]:
    """The tasks of all jobs that the block starts from this thread. ``name`` must be new to the session."""
    context, tasks = spark.sparkContext, Tasks()
    context.setJobGroup(name, name)
    try:
        yield tasks
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)
        context.setLocalProperty("spark.job.description", None)
    tracker = context.statusTracker()
    jobs = filter(None, map(tracker.getJobInfo, tracker.getJobIdsForGroup(name)))
    for stage in sorted({stage for job in jobs for stage in job.stageIds}):
        tasks.all += _tasks_of(spark, stage)


def _tasks_of(spark: SparkSession, stage: int) -> list[Task]:
    context = spark.sparkContext._jsc.sc()
    # Events of tasks reach the store with a delay.
    context.listenerBus().waitUntilEmpty()
    try:
        attempt = context.statusStore().lastStageAttempt(stage)
        rows = context.statusStore().taskList(stage, attempt.attemptId(), attempt.numTasks())
    except Py4JJavaError:
        # A stage whose output was there already was never attempted.
        return []
    found = [rows.apply(i) for i in range(rows.size())]
    return [Task(stage, t.launchTime().getTime() / 1000, t.duration().get() / 1000) for t in found if t.duration().isDefined()]
