"""Which GPU a task may use: the one whose address Spark gave it (``conf/discover_gpus.sh`` reports them)."""

from __future__ import annotations

import os

from pyspark import TaskContext

from litcoin_batch.schema import ConfigError

RESOURCE = "gpu"


def device_of_task(requested: str) -> str:
    """``auto`` and ``cuda`` become ``cuda:<index>`` in a task that Spark gave a GPU; anything else is left alone.

    Tasks share a worker process one after the other, and the next may be given another GPU: ask in each task.
    Raises ``ConfigError`` for an address that names no device visible to this process.
    """
    address = _address_of_task()
    if address is None or requested not in ("auto", "cuda"):
        return requested
    return f"cuda:{_visible_index(address, os.environ.get('CUDA_VISIBLE_DEVICES'))}"


def _address_of_task() -> str | None:
    """The first, where there are several: the model runs on one device."""
    task = TaskContext.get()
    # Null, not empty, where a Spark that knows no resources made the context.
    given = (task.resources() or {}).get(RESOURCE) if task is not None else None
    return given.addresses[0] if given is not None and given.addresses else None


def _visible_index(address: str, visible: str | None) -> int:
    """CUDA counts the devices it is shown, from 0; Spark's address is the host's index or UUID of one."""
    if visible is None:
        if address.isascii() and address.isdigit():
            return int(address)
        raise ConfigError(f"GPU address {address!r}: expected an index, as CUDA_VISIBLE_DEVICES is not set")
    shown = [name.strip() for name in visible.split(",")]
    if address not in shown:
        raise ConfigError(
            f"GPU address {address!r}: Spark gave it to this task, but CUDA_VISIBLE_DEVICES is {visible!r}"
        )
    return shown.index(address)
