"""Signs of life during long steps, in what people count: documents where they can be counted, tasks elsewhere."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from litcoin_batch.warehouse.spark.concurrency import regularly

LOG = logging.getLogger("litcoin_batch")
_INTERVAL_SEC = 5.0
# Name of the step in the staging area, up to a slash -> what a person calls it.
_WORDS = {
    "read": "reading the files",
    "keys": "comparing with what is stored",
    "restore": "looking up texts that come back",
    "held": "looking up annotations that are there",
    "decisions": "deciding what to annotate",
    "settled": "noting what the model failed on",
    "carry": "taking over annotations that are there",
    "due": "choosing documents",
    "annotate": "annotating",
}
_COUNTED_ELSEWHERE = re.compile(r"annotate/\d+")  # slices, by ``report_documents`` around them all
# The step of a query that hands rows to Python and takes them back, and what it counts.
_NODE, _METRIC = "MapInArrow", "number of output rows"


def words_of(step: str) -> str:
    """
    >>> words_of("keys"), words_of("annotate/0003"), words_of("mentions/a-model")
    ('comparing with what is stored', 'annotating', 'writing the table mentions')
    """
    name = step.partition("/")[0]
    return _WORDS.get(name, f"writing the table {name}")


@contextmanager
def report_progress(spark: SparkSession, step: str, interval_sec: float = _INTERVAL_SEC) -> Iterator[None]:
    """Log how many tasks of the running stages are done, every few seconds, and the time at the end."""
    if _COUNTED_ELSEWHERE.fullmatch(step):
        yield
        return

    def tell(seconds: float) -> str | None:
        done, total = count_tasks(spark)
        return f"{done} of {total} tasks, {describe_time(seconds)}" if total else None

    with _watch(words_of(step), tell, interval_sec):
        yield


@contextmanager
def report_documents(spark: SparkSession, step: str, total: int, interval_sec: float = _INTERVAL_SEC) -> Iterator[None]:
    """Log how many of ``total`` documents Python has handed back since now, the rate and the rest."""
    rows = RowsOfPython(spark)

    def tell(seconds: float) -> str | None:
        done = rows.count()
        return None if done is None else describe_progress(min(done, total), total, seconds)

    with _watch(words_of(step), tell, interval_sec):
        yield


@contextmanager
def _watch(name: str, tell: Callable[[float], str | None], interval_sec: float) -> Iterator[None]:
    started = time.monotonic()

    def say() -> None:
        if line := tell(time.monotonic() - started):
            LOG.info("%s: %s", name, line)

    with regularly(say, interval_sec, f"progress of {name}"):
        yield
    LOG.info("%s: done in %s", name, describe_time(time.monotonic() - started))


def describe_progress(done: int, total: int, seconds: float) -> str:
    """
    >>> describe_progress(1200, 4000, 60)
    '1,200 of 4,000 documents, 20 per second, about 2 min 20 s left'
    >>> describe_progress(0, 4000, 60)
    '0 of 4,000 documents'
    """
    so_far = f"{done:,} of {total:,} documents"
    if not done or not seconds:
        return so_far
    rate = done / seconds
    told_rate = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
    left = f", about {describe_time((total - done) / rate)} left" if done < total else ""
    return f"{so_far}, {told_rate} per second{left}"


def describe_time(seconds: float) -> str:
    """
    >>> describe_time(4.26), describe_time(59.7), describe_time(7_265)
    ('4.3 s', '1 min 0 s', '2 h 1 min')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count_tasks(spark: SparkSession) -> tuple[int, int]:
    """Finished tasks and all tasks of the stages that run now."""
    tracker = spark.sparkContext.statusTracker()
    # A stage may end between being listed and being asked about.
    stages = [s for s in map(tracker.getStageInfo, tracker.getActiveStageIds()) if s is not None]
    return sum(s.numCompletedTasks for s in stages), sum(s.numTasks for s in stages)


class RowsOfPython:
    """Rows that ``mapInArrow`` gives in the queries that begin from now on, running ones included, as of the last heartbeat.

    Spark shows them on its pages; to ask for them is no public interface.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._ended: dict[int, int] = {}
        executions = self._executions()
        self._first = max((execution.executionId() for execution in executions), default=-1) + 1

    def count(self) -> int | None:
        """None where Spark does not say."""
        try:
            return sum(map(self._rows_of, self._executions()))
        except (Py4JError, TypeError, ValueError):
            return None

    def _executions(self) -> list[Any]:
        self._store = self._spark._jsparkSession.sharedState().statusStore()
        return _elements(self._store.executionsList())

    def _rows_of(self, execution: Any) -> int:
        id_ = execution.executionId()
        if id_ < self._first or id_ in self._ended:
            return self._ended.get(id_, 0)
        values = self._store.executionMetrics(id_)
        counted = 0
        for node in _elements(self._store.planGraph(id_).allNodes()):
            for metric in _elements(node.metrics()) if node.name() == _NODE else ():
                found = values.get(metric.accumulatorId()) if metric.name() == _METRIC else None
                if found is not None and found.isDefined():
                    counted += int(str(found.get()).replace(",", ""))
        if execution.completionTime().isDefined():
            self._ended[id_] = counted
        return counted


def _elements(sequence: Any) -> list[Any]:
    """Of one of Scala."""
    return [sequence.apply(i) for i in range(sequence.size())]
