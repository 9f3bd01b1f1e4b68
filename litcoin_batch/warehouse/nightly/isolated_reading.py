"""Files that kill the process that reads them, kept from taking the others along.

What raises is caught where it happens (``ingest``). What kills the process, as damaged bytes may do to native code, can
only be survived from outside: files are read in a child of the Spark worker, which is replaced where it dies.
"""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa
from pyspark import cloudpickle

from litcoin_batch.warehouse.inference.isolation import describe_exit, die_with_parent, volunteer_for_memory_killer

# A child that is gone has closed its pipe; its exit status follows at once.
_EXIT_SEC = 10.0
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
    child = _Child(work)
    try:
        for call in calls:
            last = 0
            try:
                for batch in child.batches(call):
                    last = max(filter(None, batch["record"].to_pylist()), default=last)
                    yield batch
            except _ReaderDied:
                yield from lost(call, last, f"the process that read it {child.end()}")
    finally:
        child.end()


class _ReaderDied(Exception):
    """The child ended in the midst of a call."""


class _Child:
    """Started at first need, and anew after its end."""

    def __init__(self, work: Callable[..., Iterator[pa.RecordBatch]]) -> None:
        self._work = cloudpickle.dumps(work)
        # None where there is no child.
        self._process: Any = None
        self._connection: Any = None

    def batches(self, call: tuple) -> Iterator[pa.RecordBatch]:
        """Raises what ``work`` raised, ``_ReaderDied`` where the child is gone."""
        if self._process is None:
            self._start()
        answer = self._answer(call)
        while answer is not None:
            if isinstance(answer, Exception):
                raise answer
            yield answer
            answer = self._answer()

    def _answer(self, call: tuple | None = None) -> pa.RecordBatch | Exception | None:
        try:
            if call is not None:
                self._connection.send(call)
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise _ReaderDied from error

    def _start(self) -> None:
        # A fresh process, no fork: what threads of native code hold does not survive one.
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_serve, args=(theirs, self._work), daemon=True)
        self._process.start()
        theirs.close()

    def end(self) -> str:
        """How it ended; of one that lives, it is ended now."""
        if self._process is None:
            return ""
        self._connection.close()
        self._process.join(_EXIT_SEC)
        code = self._process.exitcode
        self._process.kill()
        self._process.join()
        self._process = self._connection = None
        return describe_exit(code)


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
