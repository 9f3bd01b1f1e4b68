"""Host and accelerator at work at the same time: the host prepares what the accelerator will take next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``work`` of each item, in order, the next one done in a thread while the caller uses the last."""
    rest = iter(items)
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        waiting = [pool.submit(work, item) for item in _some(rest, 1)]
        while waiting:
            result = waiting.pop().result()
            waiting = [pool.submit(work, item) for item in _some(rest, 1)]
            yield result


def _some(items: Iterator[Item], n: int) -> list[Item]:
    return [item for _, item in zip(range(n), items, strict=False)]
