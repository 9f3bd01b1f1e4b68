"""Work on input files in Spark tasks that open them themselves: what is wrong with one file stays with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.downloads import download
from litcoin_batch.warehouse.files.local_files import is_local, path_of
from litcoin_batch.warehouse.files.objects import is_object
from litcoin_batch.warehouse.files.storage import StoredFile
from litcoin_batch.warehouse.nightly.reading.isolated_reading import Lost, work_isolated

# A task has at least so much to read: to start one costs as much as to read this. And at most, if it can be helped.
_MIN_TASK_BYTES, _MAX_TASK_BYTES = 4 << 20, 128 << 20
_OPEN_BYTES = 1 << 18  # what opening a file counts as
_MAX_PROBLEM_CHARS = 300
# An object store that gives no answer, or rights and settings that are wrong: what fails for all files stops the run.
NOT_OF_THE_FILE = (ConnectionError, ConfigError)


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or these row groups of a large Parquet file."""

    path: str
    n_bytes: int
    groups: tuple[int, ...] | None = None


def opens_itself(path: str) -> bool:
    """Whether a task can open it, or Spark must (``hdfs:``, ``s3a:`` and the like)."""
    return is_local(path) or is_object(path)


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The bytes of a file; of an object, after it was downloaded to a folder that is gone afterwards."""
    if is_local(path):
        with open(path_of(path), "rb") as stream:
            yield stream
        return
    with TemporaryDirectory(prefix="litcoin-batch-") as folder:
        local = Path(folder) / "input"
        download(path, local)
        with local.open("rb") as stream:
            yield stream


def in_tasks(
    spark: SparkSession,
    parts: Sequence[Part],
    work: Callable[[Part], Iterator[pa.RecordBatch]],
    schema: StructType | str,
    lost: Lost | None = None,
) -> DataFrame:
    """The rows that ``work`` makes of each part; small ones share a task. With ``lost`` as ``work_isolated`` does it."""
    packs = _packed(parts, spark.sparkContext.defaultParallelism)

    def do(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for number in (number for batch in batches for number in batch["id"].to_pylist()):
            if lost is not None:
                yield from work_isolated(((part,) for part in packs[number]), work, lost)
                continue
            for part in packs[number]:
                yield from work(part)

    return spark.range(0, len(packs), 1, numPartitions=max(1, len(packs))).mapInArrow(do, schema)


def parts_of(files: Sequence[StoredFile]) -> list[Part]:
    """Each file as one part; a large Parquet file on disk in several."""
    return [part for file in files for part in _split(file)]


def _split(file: StoredFile) -> list[Part]:
    whole = Part(file.path, file.n_bytes)
    if file.n_bytes <= _MAX_TASK_BYTES or not is_local(file.path) or not file.name.endswith(".parquet"):
        return [whole]
    try:
        metadata = pq.ParquetFile(path_of(file.path)).metadata
        sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
    except Exception:  # the task that reads it says what is wrong
        return [whole]
    if len(sizes) < 2:
        return [whole]
    n_parts = min(len(sizes), -(-file.n_bytes // _MAX_TASK_BYTES))
    step = -(-len(sizes) // n_parts)
    groups = [tuple(range(begin, min(begin + step, len(sizes)))) for begin in range(0, len(sizes), step)]
    return [Part(file.path, file.n_bytes // len(groups), some) for some in groups]


def _packed(parts: Sequence[Part], n_cores: int) -> list[list[Part]]:
    """Parts by task, those with the most to do first."""
    total = sum(part.n_bytes + _OPEN_BYTES for part in parts)
    limit = min(_MAX_TASK_BYTES, max(_MIN_TASK_BYTES, total // max(1, n_cores)))
    packs: list[list[Part]] = []
    size = limit
    for part in sorted(parts, key=lambda part: -part.n_bytes):
        if size + part.n_bytes + _OPEN_BYTES > limit:
            packs.append([])
            size = 0
        packs[-1].append(part)
        size += part.n_bytes + _OPEN_BYTES
    return packs


def problem_of(error: Exception) -> str:
    """What went wrong with a file, in one line."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {' '.join(said.split())}"[:_MAX_PROBLEM_CHARS].rstrip(": ")
