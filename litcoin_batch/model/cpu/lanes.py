"""Host and accelerator at work at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_lanes(
    work: Callable[[Item], Result], items: Sequence[Item], n_lanes: int, device: torch.device
) -> Iterator[Result]:
    """``work`` of each item, in order and as it is done, in so many threads: while one waits for the device, another decodes.

    On a GPU each thread queues its kernels in a stream of its own, as a copy to the host waits for all
    that was queued before it.
    """
    if n_lanes == 1 or len(items) < 2:
        yield from map(work, items)
        return

    def enter() -> None:
        if device.type == "cuda":
            torch.cuda.set_stream(torch.cuda.Stream(device))

    def calmly(item: Item) -> Result:
        # Belongs to the thread, as the stream does.
        with torch.inference_mode():
            return work(item)

    with ThreadPoolExecutor(n_lanes, thread_name_prefix="lane", initializer=enter) as pool:
        yield from pool.map(calmly, items)


def halving(work: Callable[[list[Item]], list[Result]], items: list[Item]) -> list[Result]:
    """``work`` of all items at once, of halves where the device has not the memory. Raises what one item alone raises."""
    try:
        return work(items)
    except torch.OutOfMemoryError:
        if len(items) == 1:
            raise
    # Outside of the handler, as the traceback holds on to what is to be freed.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(items) // 2
    return halving(work, items[:middle]) + halving(work, items[middle:])
