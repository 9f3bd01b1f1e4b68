"""Signs of life during long steps."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

LOG = logging.getLogger("litcoin_batch")
_INTERVAL_SEC = 5.0


@contextmanager
def report_progress(spark: SparkSession, step: str, interval_sec: float = _INTERVAL_SEC) -> Iterator[None]:
    """Log how many tasks of the running stages are done, every few seconds, and the time at the end."""
    started, finished = time.monotonic(), threading.Event()

    def watch() -> None:
        while not finished.wait(interval_sec):
            done, total = count_tasks(spark)
            if total:
                LOG.info("%s: %d of %d tasks, %.0f s", step, done, total, time.monotonic() - started)

    watcher = threading.Thread(target=watch, name=f"progress of {step}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
    LOG.info("%s: done in %.1f s", step, time.monotonic() - started)


def count_tasks(spark: SparkSession) -> tuple[int, int]:
    """Finished tasks and all tasks of the stages that run now."""
    tracker = spark.sparkContext.statusTracker()
    # A stage may end between being listed and being asked about.
    stages = [s for s in map(tracker.getStageInfo, tracker.getActiveStageIds()) if s is not None]
    return sum(s.numCompletedTasks for s in stages), sum(s.numTasks for s in stages)
