"""Files that kill the process that reads them, kept from taking the others along.

What raises is caught where it happens (``ingest``). What kills the process, as damaged bytes may do to native code, can
only be survived from outside: files are read in a child of the Spark worker, which is replaced where it dies.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection

import pyarrow as pa

from litcoin_batch.warehouse.spark.child_process import Child, ChildDied, die_with_parent, volunteer_for_memory_killer

# Of a call, the last record that came, and what became of the child: what stands in the place of the rest.
Lost = Callable[[tuple, int, str], Iterator[pa.RecordBatch]]


def work_isolated(
    calls: Iterable[tuple],
    work: Callable[..., Iterator[pa.RecordBatch]],
    lost: Lost,
) -> Iterator[pa.RecordBatch]:
    """``work`` of each of ``calls`` (its arguments), in a child process. Of one on which the child dies come the batches
    that it has handed over, then what ``lost`` gives.
    """
    child: Child | None = None
    try:
        for call in calls:
            last = 0
            child = child or Child(_serve, work)
            try:
                for batch in _batches(child, call):
                    last = max(filter(None, batch["record"].to_pylist()), default=last)
                    yield batch
            except ChildDied as death:
                child = None
                yield from lost(call, last, f"the process that read it {death}")
    finally:
        if child is not None:
            child.end()


def _batches(child: Child, call: tuple) -> Iterator[pa.RecordBatch]:
    """Raises what ``work`` raised, ``ChildDied`` where the child is gone."""
    child.send(call)
    while (answer := child.receive()) is not None:
        if isinstance(answer, Exception):
            raise answer
        yield answer


def _serve(connection: Connection, pickled_work: bytes) -> None:
    """The child: answers each call with its batches and None, until nobody asks any more."""
    die_with_parent()
    volunteer_for_memory_killer()
    work = pickle.loads(pickled_work)
    while True:
        try:
            call = connection.recv()
        except EOFError:
            return
        try:
            for batch in work(*call):
                connection.send(batch)
            connection.send(None)
        except Exception as error:  # what is of no file stops the run, as it does without a child
            connection.send(error)
