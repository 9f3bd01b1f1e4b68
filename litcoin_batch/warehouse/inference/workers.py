"""The expensive step: documents through a model, loaded once in each worker process.

Which model, a ``Loader`` knows; here nothing imports one, so that workers whose model is elsewhere start quickly.

The way through Spark was chosen by measurement (jobs/benchmark_udf.py, figures in the README): Arrow
batches come back 4 times as fast as through ``pandas_udf``, by ``mapInArrow`` and ``arrow_udf`` alike. SQL
needs a function, hence an Arrow UDF there.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from litcoin_batch.schema import Annotation, Document
from litcoin_batch.warehouse.inference.ahead import ahead
from litcoin_batch.warehouse.inference.isolation import (
    AnnotatesDocuments,
    IsolatedAnnotator,
    Limits,
    annotate_surviving,
)
from litcoin_batch.warehouse.spark.child_process import volunteer_for_memory_killer
from litcoin_batch.warehouse.tables.nested_rows import SCHEMA, annotated_batch, documents_of
from litcoin_batch.warehouse.tables.schemas import ANNOTATED

if TYPE_CHECKING:
    from litcoin_batch.model.annotator import Annotator
    from litcoin_batch.text.pieces import Pieces

# Work is cut into tasks of about this many characters (3,000 abstracts): a task lost is minutes lost,
# and progress can be seen, while loading the model once per worker does not weigh.
_CHARS_PER_TASK = 5_000_000
# What one call of the SQL function returns.
SQL_RESULT = StructType([f for f in ANNOTATED if f.name != "pmid"])


class Loader(Protocol):
    """Travels to the workers (pickled, hashable) and loads the model there.

    Where it has a method ``for_task``, that is called in the task and gives the loader to use: one that
    works outside of Spark's own processes, too.
    """

    def __call__(self) -> AnnotatesDocuments: ...


@dataclass(frozen=True, slots=True)
class Size:
    """Of documents, and of their texts together."""

    n_documents: int
    n_chars: int

    def n_tasks(self, spark: SparkSession) -> int:
        """One for each core, more where the texts are many, but always as many for each: else cores wait for the last ones."""
        n_cores = spark.sparkContext.defaultParallelism
        return n_cores * max(1, -(-self.n_chars // (n_cores * _CHARS_PER_TASK)))


def annotate_with(
    documents: DataFrame, loader: Loader, partitions: int | None = None, limits: Limits = Limits()
) -> DataFrame:
    """``loading.annotate`` with a loader of one's own.

    A worker whose model is silent for ``limits.batch_sec`` over one batch ends itself. A task that Spark
    tries again, and every task where ``limits.isolated``, runs the model in a child process (``isolated``).
    """
    texts = with_text(documents)
    # An explicit number of partitions is one that adaptive execution leaves alone.
    spread = texts.repartition(partitions or measure(texts).n_tasks(documents.sparkSession))
    return spread.mapInArrow(_annotator_of_batches(loader, limits), ANNOTATED)


def with_text(documents: DataFrame) -> DataFrame:
    """What the model needs of the documents that it can do something with."""
    return documents.select("pmid", "title", "abstract").where("title IS NOT NULL OR abstract IS NOT NULL")


def measure(documents: DataFrame) -> Size:
    n_chars = F.sum(F.length(F.coalesce("title", F.lit(""))) + F.length(F.coalesce("abstract", F.lit(""))))
    n_documents, total = documents.select(F.count("*"), n_chars).first()
    return Size(n_documents, total or 0)


def register_with(spark: SparkSession, loader: Loader, name: str) -> None:
    """``loading.register_sql`` with a loader of one's own."""

    def annotate_columns(columns: Iterator[tuple[pa.Array, pa.Array, pa.Array]]) -> Iterator[pa.Array]:
        for pmid, title, abstract in columns:
            yield _annotate_columns(loaded(loader), pmid, title, abstract)

    spark.udf.register(name, F.arrow_udf(annotate_columns, SQL_RESULT))


def _annotate_columns(
    annotator: AnnotatesDocuments, pmid: pa.Array, title: pa.Array, abstract: pa.Array
) -> pa.StructArray:
    documents = documents_of(pmid, title, abstract)
    wanted = [i for i, d in enumerate(documents) if d.pmid is not None and (d.title or d.abstract)]
    rows = _annotate_documents(annotator, [documents[i] for i in wanted])
    struct = pa.StructArray.from_arrays(rows.columns[1:], fields=list(SCHEMA)[1:])
    place = {document: row for row, document in enumerate(wanted)}
    return struct.take(pa.array([place.get(i) for i in range(len(documents))], pa.int64()))


def _annotator_of_batches(
    loader: Loader, limits: Limits
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def annotate_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Whatever ended the first attempt, a second like it would gain nothing.
        isolated = limits.isolated or TaskContext.get().attemptNumber() > 0
        annotate_batch = _annotate_isolated if isolated else _annotate_in_process
        documents = (
            documents_of(batch["pmid"].cast(pa.int64()), batch["title"], batch["abstract"]) for batch in batches
        )
        return annotate_batch(filter(None, documents), loader, limits)

    return annotate_batches


def _annotate_in_process(batches: Iterator[list[Document]], loader: Loader, limits: Limits) -> Iterator[pa.RecordBatch]:
    volunteer_for_memory_killer()
    first = next(batches, None)
    if first is None:
        return
    # Any: of the lanes and the pieces of an annotator of ours those that only annotate documents know nothing.
    annotator: Any = loaded(loader)
    batches = chain([first], batches)
    # Where an accelerator computes, the host is free to cut the next documents into pieces.
    lanes = getattr(annotator, "lanes", 1)
    prepared = (
        ahead(partial(_Prepared.of, annotator), batches) if lanes > 1 else (_Prepared(annotator, d) for d in batches)
    )
    some: Any
    for some in prepared:
        with _end_worker_after(limits.batch_sec):
            rows = _annotate_documents(some, some.documents)
        yield rows


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An annotator that has ``documents`` in pieces already; of others it does what it always does."""

    annotator: Any
    documents: Sequence[Document]
    pieces: Sequence[Pieces] | None = None

    @classmethod
    def of(cls, annotator: Annotator, documents: Sequence[Document]) -> _Prepared:
        try:
            return cls(annotator, documents, annotator.split(documents))
        except Exception:  # whose fault it is, is found out where each document can be tried alone
            return cls(annotator, documents)

    @property
    def model_id(self) -> str:
        return self.annotator.model_id

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        if self.pieces is None or documents is not self.documents:
            return self.annotator.annotate(documents)
        return self.annotator.annotate(documents, pieces=self.pieces)


def _annotate_isolated(batches: Iterator[list[Document]], loader: Loader, limits: Limits) -> Iterator[pa.RecordBatch]:
    # The child will hold the model: this process need not hold it, too.
    _LOADED.clear()
    with IsolatedAnnotator(_for_task(loader), limits) as annotator:
        for documents in batches:
            yield annotated_batch(documents, annotator.annotate_surviving(documents), annotator.model_id)


@contextmanager
def _end_worker_after(limit_sec: float) -> Iterator[None]:
    """End this process, with the traces of its threads on stderr, unless left in time.

    Works where the model hangs in native code and holds the interpreter's lock.
    """
    faulthandler.dump_traceback_later(limit_sec, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _annotate_documents(annotator: AnnotatesDocuments, documents: Sequence[Document]) -> pa.RecordBatch:
    return annotated_batch(documents, annotate_surviving(annotator, documents), annotator.model_id)


_LOADED: dict[Any, AnnotatesDocuments] = {}


def loaded(loader: Loader) -> AnnotatesDocuments:
    """The model of this worker process: loaded at first need, kept for all its tasks on the same device."""
    here = _for_task(loader)
    if here not in _LOADED:
        # One model at a time: a worker that changes over must not hold both.
        _LOADED.clear()
        _LOADED[here] = here()
    return _LOADED[here]


def _for_task(loader: Loader) -> Loader:
    return loader.for_task() if hasattr(loader, "for_task") else loader
