"""Documents that the model fails on, kept from taking their neighbours along.

What raises is caught where it happens (``annotate_surviving``). What kills or stalls the process can only
be survived from outside: ``IsolatedAnnotator`` runs the model in a child of the Spark worker. Where the
child dies or gives no answer in time, it is replaced, and the few documents it had are handed over again
one by one, so that the guilty ones are known and everything else is annotated.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Protocol

from litcoin_batch.schema import Annotation, ContractError, Document, LitcoinBatchError, RecordError
from litcoin_batch.warehouse.spark.child_process import Child, ChildDied, die_with_parent, volunteer_for_memory_killer
from litcoin_batch.warehouse.tables.nested_rows import reason_of

# Documents that the child is given at once: enough that the hand-over does not weigh, few enough that
# giving them again one by one after a crash does not either.
_DOCUMENTS_PER_EXCHANGE = 32
# As many documents in a row that kill or stall the model are no poisonous documents but a broken model.
_HOPELESS = 10
# Loading reads files and, the first time, the packages of the model from a disk that may be slow.
_LOAD_SEC = 600.0


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


class IsolatedAnnotator:
    """The model in a child process, for the length of a ``with``; started at first need.

    ``load``: what ``inference.Loader`` is; it must need nothing that only a Spark task knows.
    """

    def __init__(self, load: Callable[[], AnnotatesDocuments], limits: Limits) -> None:
        self._load, self._limits = load, limits
        self._child: Child | None = None
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
        found = self._answer(child, self._limits.document_sec, documents)
        self._n_lost_in_a_row = 0
        return found

    def _start(self) -> Child:
        if self._child is not None:
            return self._child
        child = self._child = Child(_serve, self._load)
        try:
            answer = self._answer(child, _LOAD_SEC)
        except _ModelDied as error:
            raise ContractError(f"while the model was loaded, {error}") from error
        if isinstance(answer, Exception):
            self._end()
            raise answer
        self._model_id = answer
        return child

    def _answer(self, child: Child, limit_sec: float, documents: Sequence[Document] | None = None) -> Any:
        try:
            if documents is not None:
                child.send(documents)
            return child.receive(limit_sec)
        except ChildDied as error:
            self._child = None
            raise _ModelDied(f"the model's process {error}") from error
        except TimeoutError as error:
            self._end()
            raise _ModelDied(f"the model gave no result within {limit_sec:g} s") from error

    def _end(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            child.kill()


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
