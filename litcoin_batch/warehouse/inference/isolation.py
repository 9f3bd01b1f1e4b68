"""Documents that the model fails on, kept from taking their neighbours along.

What raises is caught where it happens (``annotate_surviving``). What kills or stalls the process can only
be survived from outside: ``IsolatedAnnotator`` runs the model in a child of the Spark worker. Where the
child dies or gives no answer in time, it is replaced, and the few documents it had are handed over again
one by one, so that the guilty ones are known and everything else is annotated.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

from pyspark import cloudpickle

from litcoin_batch.schema import Annotation, ContractError, Document, LitcoinBatchError, RecordError
from litcoin_batch.warehouse.tables.nested_rows import reason_of

# Documents that the child is given at once: enough that the hand-over does not weigh, few enough that
# giving them again one by one after a crash does not either.
_DOCUMENTS_PER_EXCHANGE = 32
# As many documents in a row that kill or stall the model are no poisonous documents but a broken model.
_HOPELESS = 10
# Loading reads files and, the first time, the packages of the model from a disk that may be slow.
_LOAD_SEC = 600.0
# A child that is gone has closed its pipe; its exit status follows at once, where the machine is not overloaded.
_EXIT_SEC = 60.0
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


class AnnotatesDocuments(Protocol):
    """What a worker calls: documents in, annotations out."""

    model_id: str

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the model may be silent, and whether it runs where it can do no harm (``isolated``)."""

    batch_sec: float = 600.0
    document_sec: float = 60.0
    isolated: bool = False


class _Child(NamedTuple):
    process: multiprocessing.process.BaseProcess
    pipe: Connection


class _ModelDied(Exception):
    """The child ended, or was ended because it gave no answer in time."""


def annotate_surviving(annotator: AnnotatesDocuments, documents: Sequence[Document]) -> list[Annotation | Exception]:
    """Annotations in order; in the place of a document that the model fails on, what it raised.

    A failing batch is halved until the guilty documents stand alone, so that one of them costs a few
    passes more, not one pass for each of its neighbours.
    """
    if not documents:
        return []
    try:
        return list(annotator.annotate(documents))
    except Exception as error:  # whatever it is, it must not take the neighbours along
        if len(documents) == 1:
            return [error]
    middle = len(documents) // 2
    return annotate_surviving(annotator, documents[:middle]) + annotate_surviving(annotator, documents[middle:])


def volunteer_for_memory_killer() -> None:
    """Where memory runs out, Linux shall end this process, which can be replaced, and not the JVM."""
    try:
        with open("/proc/self/oom_score_adj", "w") as stream:
            stream.write("1000")
    except OSError:  # another system, or one that forbids it: its own choice stands
        return


class IsolatedAnnotator:
    """The model in a child process, for the length of a ``with``; started at first need.

    ``load``: what ``inference.Loader`` is; it must need nothing that only a Spark task knows.
    """

    def __init__(self, load: Callable[[], AnnotatesDocuments], limits: Limits) -> None:
        self._load, self._limits = load, limits
        self._child: _Child | None = None
        self._model_id = ""
        self._n_lost_in_a_row = 0

    def __enter__(self) -> IsolatedAnnotator:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def model_id(self) -> str:
        self._start()
        return self._model_id

    def annotate_surviving(self, documents: Sequence[Document]) -> list[Annotation | Exception]:
        """As the function of this name; ``RecordError`` stands where a document killed or stalled the model.

        Raises what loading the model raised, and ``ContractError`` where it fails document after document.
        """
        found: list[Annotation | Exception] = []
        for begin in range(0, len(documents), _DOCUMENTS_PER_EXCHANGE):
            some = documents[begin : begin + _DOCUMENTS_PER_EXCHANGE]
            try:
                found += self._exchange(some)
            except _ModelDied as error:
                # One by one, not by halves: a child that died costs more to replace than a few passes.
                alone = [self._alone(document) for document in some] if len(some) > 1 else [self._lose(some[0], error)]
                found += alone
        return found

    def _alone(self, document: Document) -> Annotation | Exception:
        try:
            (found,) = self._exchange([document])
        except _ModelDied as error:
            return self._lose(document, error)
        return found

    def _lose(self, document: Document, error: _ModelDied) -> RecordError:
        self._n_lost_in_a_row += 1
        if self._n_lost_in_a_row >= _HOPELESS:
            raise ContractError(
                f"the model failed on {_HOPELESS} documents in a row, the last of them PMID {document.pmid}: {error}"
            ) from error
        return RecordError(str(error))

    def _exchange(self, documents: Sequence[Document]) -> list[Annotation | Exception]:
        child = self._start()
        try:
            child.pipe.send(documents)
        except OSError as error:
            raise self._died(child) from error
        found = self._receive(child, self._limits.document_sec)
        self._n_lost_in_a_row = 0
        return found

    def _start(self) -> _Child:
        if self._child is not None:
            return self._child
        # A fresh process, no fork: what torch and CUDA hold does not survive one.
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_serve, args=(theirs, cloudpickle.dumps(self._load)), daemon=True)
        process.start()
        child = self._child = _Child(process, ours)
        theirs.close()
        try:
            answer = self._receive(child, _LOAD_SEC)
        except _ModelDied as error:
            raise ContractError(f"while the model was loaded, {error}") from error
        if isinstance(answer, Exception):
            self._end()
            raise answer
        self._model_id = answer
        return child

    def _receive(self, child: _Child, limit_sec: float) -> Any:
        try:
            if child.pipe.poll(limit_sec):
                return child.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died(child) from error
        self._end()
        raise _ModelDied(f"the model gave no result within {limit_sec:g} s")

    def _died(self, child: _Child) -> _ModelDied:
        child.process.join(_EXIT_SEC)
        code = child.process.exitcode
        self._end()
        return _ModelDied(f"the model's process {describe_exit(code)}")

    def _end(self) -> None:
        if self._child is None:
            return
        child, self._child = self._child, None
        child.process.kill()
        child.process.join()
        child.pipe.close()


def describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    hint = ", as when memory runs out" if -code == signal.SIGKILL else ""
    return f"died with signal {-code} ({name}{hint})"


def _serve(connection: Connection, pickled_load: bytes) -> None:
    """The child: sends the ``model_id`` (or what loading raised), then answers until nobody asks any more."""
    die_with_parent()
    volunteer_for_memory_killer()
    try:
        annotator = pickle.loads(pickled_load)()
        connection.send(annotator.model_id)
    except Exception as error:  # the parent raises it
        connection.send(error if isinstance(error, LitcoinBatchError) else RuntimeError(reason_of(error)))
        return
    while True:
        try:
            documents = connection.recv()
        except EOFError:
            return
        found = annotate_surviving(annotator, documents)
        # Not every exception survives pickling; what it says does.
        connection.send([RecordError(reason_of(f)) if isinstance(f, Exception) else f for f in found])


def die_with_parent() -> None:
    """A worker that is killed cannot end its child, and one that hangs does not see the pipe close."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it died before it was asked for
            os._exit(1)
