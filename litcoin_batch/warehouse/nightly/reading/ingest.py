"""Files to rows: every input is read once, each record becomes one row of ``READ``."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import reduce
from io import BytesIO
from typing import BinaryIO, Protocol

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import ArrayType, StructField, StructType

from litcoin_batch.readers import Rules, read_stream
from litcoin_batch.readers.tables.parquet import read_row_groups
from litcoin_batch.schema import Document, Reject
from litcoin_batch.warehouse.files.storage import StoredFile, escape
from litcoin_batch.warehouse.nightly.reading.file_tasks import (
    NOT_OF_THE_FILE,
    Part,
    in_tasks,
    opened,
    opens_itself,
    parts_of,
    problem_of,
)
from litcoin_batch.warehouse.nightly.reading.isolated_reading import Lost, work_isolated
from litcoin_batch.warehouse.spark.session import SPARK_FAILURES, tells_of_death
from litcoin_batch.warehouse.tables.schemas import RECORDS, STRING, arrow_schema, table_of

LOG = logging.getLogger("litcoin_batch")
# Records as they are read: with what their readers note about them.
READ = StructType([*RECORDS.fields, StructField("notes", ArrayType(STRING))])
EXCERPT_CHARS = 200
# Rows travel from a worker in batches of so many: enough to amortise the hand-over, few enough to stay flat.
_ROWS_PER_BATCH = 1_000
_LABELS = re.compile(r"(entities|relations)(?=_[^/]*\.csv$)")


@dataclass(frozen=True, slots=True)
class Reading:
    """``fallback_texts``: see ``readers.Rules``; ``isolated``: in processes of their own, see ``isolated_reading``."""

    format: str = "auto"
    fallback_texts: bool = False
    isolated: bool = False


class StagesSteps(Protocol):
    """What of ``runs.Run`` is needed here: a table computed once and kept under the name of its step."""

    spark: SparkSession

    def stage(self, step: str, table: DataFrame, schema: StructType) -> DataFrame: ...


def stage_records(
    run: StagesSteps, sources: Mapping[StoredFile, str], reading: Reading, rejects: Sequence[Reject]
) -> DataFrame:
    """``read_records``, kept. Where a file kills the process that reads it, all are read again, isolated."""
    try:
        return run.stage("read", read_records(run.spark, sources, reading, rejects), READ)
    except SPARK_FAILURES as error:
        if not tells_of_death(error):
            raise
    LOG.warning("reading the files: a worker died; they are read again, in processes of their own")
    return run.stage("read", read_records(run.spark, sources, replace(reading, isolated=True), rejects), READ)


def read_records(
    spark: SparkSession,
    sources: Mapping[StoredFile, str],
    reading: Reading = Reading(),
    rejects: Sequence[Reject] = (),
) -> DataFrame:
    """All records of all files, as ``READ``; ``sources``: the name that the rows of a file carry.

    ``rejects``: of files that are not read.

    Files are read each by itself, whatever its format, by tasks that open them (``file_tasks``); those that only
    Spark can reach, as a whole through it.
    """
    named = {file.path: source for file, source in sources.items()}
    rules = Rules(gold=False, fallback_texts=reading.fallback_texts)
    read, lost = _reader(named, reading.format, rules), _loser(named) if reading.isolated else None
    filled = [file for file in sources if file.n_bytes]
    ours = [file for file in filled if opens_itself(file.path)]
    others = [file for file in filled if not opens_itself(file.path)]
    parts = []
    if ours:
        parts.append(in_tasks(spark, parts_of(ours), read, READ, lost))
    if others:
        parts.append(_read_bytes(spark, others, read, lost))
    # Nobody reads empty files; whoever sent one wants to know.
    empty = (Reject(source, 0, "empty file: 0 bytes") for file, source in sources.items() if not file.n_bytes)
    refused = [(r.source, *_reject_row(r)) for r in (*rejects, *empty)]
    parts.append(table_of(spark, refused, READ))
    return reduce(DataFrame.unionByName, parts)


def without_labels(files: list[StoredFile]) -> list[StoredFile]:
    """LitCoin's label tables left out where the abstracts they label are read: documents are wanted, not gold."""
    paths = {file.path for file in files}
    return [f for f in files if _LABELS.sub("abstracts", f.path) not in paths - {f.path}]


def name_sources(files: Iterable[StoredFile]) -> dict[str, str]:
    """Path -> the name its rows carry: the file's name, the whole path where two inputs have the same name."""
    paths = {file.path: file.name for file in files}
    count = Counter(paths.values())
    return {path: name if count[name] == 1 else path for path, name in paths.items()}


def _reader(named: Mapping[str, str], format: str, rules: Rules) -> Callable[[Part], Iterator[pa.RecordBatch]]:
    def read(part: Part, content: BinaryIO | None = None) -> Iterator[pa.RecordBatch]:
        return _batches(part.path, _items(part, named[part.path], format, rules, content))

    return read


def _loser(named: Mapping[str, str]) -> Lost:
    def lost(call: tuple, last: int, what: str) -> Iterator[pa.RecordBatch]:
        path = call[0].path
        return _batches(path, [_cannot_be_read(named[path], last, what)])

    return lost


def _cannot_be_read(source: str, last: int, why: str) -> Reject:
    """``last``: the record before."""
    return Reject(source, last + 1 if last else 0, f"file cannot be read{' further' if last else ''}: {why}")


def _read_bytes(spark: SparkSession, files: list[StoredFile], read: Callable, lost: Lost | None) -> DataFrame:
    content = spark.read.format("binaryFile").load([escape(file.path) for file in files]).select("path", "content")

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        calls = (
            (Part(path.as_py(), len(content)), BytesIO(content.as_py()))
            for batch in batches
            for path, content in zip(*batch.columns, strict=True)
        )
        if lost is not None:
            yield from work_isolated(calls, read, lost)
            return
        for call in calls:
            yield from read(*call)

    return content.mapInArrow(parse, READ)


def parse_file(path: str, source: str, content: bytes, format: str) -> Iterator[pa.RecordBatch]:
    """One file's records as batches of ``READ``."""
    return _batches(path, _items(Part(path, len(content)), source, format, Rules(gold=False), BytesIO(content)))


def _items(part: Part, source: str, format: str, rules: Rules, content: BinaryIO | None) -> Iterator[Document | Reject]:
    """What is in the file; where reading it fails in whatever way, a reject with the reason is the last."""
    last = 0
    try:
        with nullcontext(content) if content else opened(part.path) as stream:
            if part.groups is None:
                items = read_stream(stream, source, format, rules=rules)
            else:
                items = read_row_groups(stream, source, part.groups)
            for item in items:
                last = item.record
                yield item
    except NOT_OF_THE_FILE:
        raise
    except Exception as error:  # the other files are read
        yield _cannot_be_read(source, last, problem_of(error))


def _batches(path: str, items: Iterable[Document | Reject]) -> Iterator[pa.RecordBatch]:
    schema = arrow_schema(READ)
    rows: list[tuple] = []
    for item in items:
        rows.append((path, *(_document_row(item) if isinstance(item, Document) else _reject_row(item))))
        if len(rows) == _ROWS_PER_BATCH:
            yield _batch(rows, schema)
            rows = []
    if rows:
        yield _batch(rows, schema)


def _batch(rows: list[tuple], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _document_row(document: Document) -> tuple:
    d = document
    title, abstract = _text(d.title), _text(d.abstract)
    try:
        digest = None if title is abstract is None else d.text_sha256
    except UnicodeEncodeError as error:
        return _reject_row(
            Reject(d.source, d.record, f"text is not Unicode: {error.reason}", ascii(d.text)[:EXCERPT_CHARS])
        )
    described = (d.pmid, d.version, title, abstract, d.year, _text(d.journal), d.revised, d.source)
    return (*described, d.source_order, d.deleted, digest, d.record, None, None, d.notes or None)


def _reject_row(reject: Reject) -> tuple:
    excerpt = _printable(reject.excerpt) or None
    return (*[None] * 7, reject.source, None, False, None, reject.record, _printable(reject.reason), excerpt, None)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _text(value: str | None) -> str | None:
    return value if value and not value.isspace() else None
