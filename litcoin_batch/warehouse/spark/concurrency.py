"""Steps that do not wait for each other, at the same time: Spark gives one the cores that another leaves free."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar, cast

from pyspark import inheritable_thread_target
from pyspark.sql import SparkSession

T = TypeVar("T")


@contextmanager
def regularly(act: Callable[[], object], interval_sec: float, name: str) -> Iterator[None]:
    """Call ``act`` from a thread of that name, every ``interval_sec`` while the block runs."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(interval_sec):
            act()

    watcher = threading.Thread(target=watch, name=name, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()


def run_concurrently(
    spark: SparkSession, steps: Mapping[str, Callable[[], T]], at_once: int | None = None
) -> dict[str, T]:
    """What each of ``steps`` returns; they are begun in order, ``at_once`` of them at a time. The first failure stops the
    others and is raised.
    """
    if len(steps) == 1:
        return {name: step() for name, step in steps.items()}
    group, failed = f"steps {id(steps)}", threading.Event()

    def in_group(name: str) -> T | None:
        # A thread that is free begins the next step before anybody could cancel it.
        if failed.is_set():
            return None
        # Of the thread: what else the session does is no business of ours.
        spark.sparkContext.setJobGroup(group, name, interruptOnCancel=True)
        try:
            return steps[name]()
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(at_once or len(steps), thread_name_prefix="step") as pool:
        # Made for each step: what Spark knows of the caller's thread (scheduler pool, tags) is copied, not shared.
        futures = {name: pool.submit(inheritable_thread_target(spark)(in_group), name) for name in steps}
        try:
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in done:
                if (error := future.exception()) is not None:
                    raise error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            spark.sparkContext.cancelJobGroup(group)
            raise
    # None stands for what was not begun; then another step has failed, and its error was raised.
    return {name: cast(T, future.result()) for name, future in futures.items()}


@contextmanager
def timed_step(durations_sec: dict[str, float], step: str) -> Iterator[None]:
    """What the block times counts as one step, as long as the block takes: of steps at the same time the sum says nothing."""
    before, started = dict(durations_sec), time.monotonic()
    yield
    durations_sec.clear()
    durations_sec.update(before | {step: round(time.monotonic() - started, 3)})
