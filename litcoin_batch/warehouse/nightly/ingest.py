"""Files to rows: every input is read once, each record becomes one row of ``tables.RECORDS``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from litcoin_batch.readers import read_stream
from litcoin_batch.schema import ConfigError, Document, Reject
from litcoin_batch.warehouse.files.downloads import download
from litcoin_batch.warehouse.files.objects import is_object
from litcoin_batch.warehouse.files.storage import StoredFile, as_uri, escape, read_end
from litcoin_batch.warehouse.tables.schemas import RECORDS, STRING, arrow_schema, columns, conform, table_of

EXCERPT_CHARS = 200
# Rows travel from a worker in batches of so many: enough to amortise the hand-over, few enough to stay flat.
_ROWS_PER_BATCH = 1_000
_LABELS = re.compile(r"(entities|relations)(?=_[^/]*\.csv$)")
_PARQUET_MARK = b"PAR1"
_NEEDED = ("pmid", "title", "abstract")


def read_records(
    spark: SparkSession, sources: Mapping[StoredFile, str], format: str = "auto", rejects: Sequence[Reject] = ()
) -> DataFrame:
    """All records of all files, as ``tables.RECORDS``; ``sources``: the name that the rows of a file carry.

    ``rejects``: of files that are not read.

    Parquet files are read by Spark itself, row groups in parallel; of the other formats one file is
    one task, as compressed XML cannot be split. So is a file at ``s3://`` of whatever format.
    """
    files = list(sources)
    named = {file.path: source for file, source in sources.items()}
    parquet = [f for f in files if not is_object(f.path) and _is_parquet(spark, f, format)]
    empty = [f for f in files if f.n_bytes == 0]
    others = [f for f in files if f not in {*parquet, *empty}]
    remote = [f for f in others if is_object(f.path)]
    others = [f for f in others if f not in remote]
    parts = []
    if remote:
        parts.append(_read_objects(spark, remote, named, format))
    if others:
        parts.append(_read_bytes(spark, others, named, format))
    if parquet:
        parts.append(_read_parquet(spark, parquet, named))
    # Spark passes over empty files; whoever sent one wants to know.
    refused = [*rejects, *(Reject(named[f.path], 0, "empty file: 0 bytes") for f in empty)]
    parts.append(table_of(spark, [(r.source, *_reject_row(r)) for r in refused], RECORDS))
    return reduce(DataFrame.unionByName, parts)


def without_labels(files: list[StoredFile]) -> list[StoredFile]:
    """LitCoin's label tables left out where the abstracts they label are read: documents are wanted, not gold."""
    paths = {file.path for file in files}
    return [f for f in files if _LABELS.sub("abstracts", f.path) not in paths - {f.path}]


def _is_parquet(spark: SparkSession, file: StoredFile, format: str) -> bool:
    """By name and the mark at the end; a file that only calls itself Parquet is for the readers to reject."""
    named = format == "parquet" or (format == "auto" and file.name.endswith(".parquet"))
    return named and read_end(spark, file, len(_PARQUET_MARK)) == _PARQUET_MARK


def name_sources(files: Iterable[StoredFile]) -> dict[str, str]:
    """Path -> the name its rows carry: the file's name, the whole path where two inputs have the same name."""
    paths = {file.path: file.name for file in files}
    count = Counter(paths.values())
    return {path: name if count[name] == 1 else path for path, name in paths.items()}


def _read_bytes(spark: SparkSession, files: list[StoredFile], sources: dict[str, str], format: str) -> DataFrame:
    content = spark.read.format("binaryFile").load([escape(file.path) for file in files]).select("path", "content")
    named = {file.path: sources[file.path] for file in files}
    return content.mapInArrow(_parser(named, format), RECORDS)


def _read_objects(spark: SparkSession, files: list[StoredFile], sources: dict[str, str], format: str) -> DataFrame:
    numbered = spark.range(0, len(files), 1, numPartitions=len(files))
    named = [(file.path, sources[file.path]) for file in files]
    return numbered.mapInArrow(_fetcher(named, format), RECORDS)


def _fetcher(
    named: list[tuple[str, str]], format: str
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Each task downloads its file to a folder of its own, which is gone when the rows are out."""

    def fetch(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number in (number for batch in batches for number in batch["id"].to_pylist()):
            path, source = named[number]
            with TemporaryDirectory(prefix="litcoin-batch-") as folder:
                local = Path(folder) / "input"
                download(path, local)
                yield from parse_file(path, source, local.read_bytes(), format)

    return fetch


def _parser(sources: dict[str, str], format: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for path, content in zip(*batch.columns, strict=True):
                yield from parse_file(path.as_py(), sources[path.as_py()], content.as_py(), format)

    return parse


def parse_file(path: str, source: str, content: bytes, format: str) -> Iterator[pa.RecordBatch]:
    """One file's records as batches of ``tables.RECORDS``."""
    schema = arrow_schema(RECORDS)
    rows: list[tuple] = []
    for item in read_stream(BytesIO(content), source, format):
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
    return (*described, d.source_order, d.deleted, digest, d.record, None, None)


def _reject_row(reject: Reject) -> tuple:
    excerpt = reject.excerpt.encode("utf-8", "replace").decode("utf-8") or None
    return (*[None] * 7, reject.source, None, False, None, reject.record, reject.reason, excerpt)


def _text(value: str | None) -> str | None:
    return value if value and not value.isspace() else None


def _read_parquet(spark: SparkSession, files: list[StoredFile], sources: dict[str, str]) -> DataFrame:
    table = spark.read.parquet(*(escape(file.path) for file in files))
    missing = [name for name in _NEEDED if name not in table.columns]
    if missing:
        raise ConfigError(
            f"input {files[0].path}: no column {', '.join(missing)}; expected at least {', '.join(_NEEDED)},"
            f" found {', '.join(table.columns)}"
        )
    pmid = F.col("pmid").try_cast("bigint")
    wrong = F.format_string("PMID '%s' is not a positive whole number below 2**63", F.col("pmid").cast("string"))
    reason = F.when(F.col("pmid").isNull(), "record without PMID").when(pmid.isNull() | (pmid < 1), wrong)
    title, abstract = _blank_as_null("title"), _blank_as_null("abstract")
    text = F.concat(F.coalesce(title, F.lit("")), F.lit(" "), F.coalesce(abstract, F.lit("")))
    rows = table.select(
        F.col("_metadata.file_path").alias("path"),
        F.when(reason.isNull(), pmid).alias("pmid"),
        _optional(table, "version", "int", F.lit(1)),
        title.alias("title"),
        abstract.alias("abstract"),
        _optional(table, "year", "int", F.lit(None)),
        _optional(table, "journal", "string", F.lit(None)),
        _optional(table, "revised", "date", F.lit(None)),
        F.lit(None).cast("bigint").alias("source_order"),
        F.lit(False).alias("deleted"),
        F.when(title.isNotNull() | abstract.isNotNull(), F.sha2(text, 256)).alias("text_sha256"),
        (F.col("_metadata.row_index") + 1).alias("record"),
        reason.alias("reason"),
        F.when(reason.isNotNull(), F.trim(F.substring(text, 1, EXCERPT_CHARS))).alias("excerpt"),
    )
    # Spark gives the path of a row as a URI, with spaces and the like escaped.
    names = table_of(
        spark, [(as_uri(spark, f.path), sources[f.path]) for f in files], columns(path=STRING, source=STRING)
    )
    return conform(rows.join(F.broadcast(names), on="path", how="left"), RECORDS)


def _optional(table: DataFrame, name: str, type_: str, otherwise: Column) -> Column:
    column = F.coalesce(F.col(name).try_cast(type_), otherwise) if name in table.columns else otherwise
    return column.cast(type_).alias(name)


def _blank_as_null(name: str) -> Column:
    text = F.col(name).cast("string")
    return F.when(text.rlike(r"\S"), text)
