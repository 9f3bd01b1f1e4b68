"""Which input files are read: each one once, by name and content, and none that is not what its checksum says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import cast

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from litcoin_batch.readers.pubmed import source_order
from litcoin_batch.schema import ConfigError, Reject
from litcoin_batch.warehouse.files.storage import StoredFile, escape, read_companion
from litcoin_batch.warehouse.nightly.reading.file_tasks import (
    NOT_OF_THE_FILE,
    Part,
    in_tasks,
    opened,
    opens_itself,
    problem_of,
)
from litcoin_batch.warehouse.nightly.reading.ingest import name_sources

# What became of an input file.
NEW, CHANGED, APPLIED, DAMAGED, OUTDATED = "new", "changed", "applied before", "damaged", "outdated"
_MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")
_MD5_OF_NOTHING = hashlib.md5(b"", usedforsecurity=False).hexdigest()
_YEAR = 1_000_000
_DIGESTED = "path string, md5 string, problem string"
_MAX_BYTES = 2**31 - 1  # of a file that Spark hands over as a whole


@dataclass(frozen=True, slots=True)
class Input:
    """``status``: NEW, CHANGED (another content was applied under the same name), APPLIED, DAMAGED or OUTDATED."""

    file: StoredFile
    source: str
    md5: str
    status: str
    reason: str = ""

    @property
    def order(self) -> int | None:
        return source_order(self.file.name)


@dataclass(frozen=True, slots=True)
class Selection:
    """``baseline``: the year whose baseline the warehouse then holds; ``replaces``: it replaces all that is there."""

    inputs: tuple[Input, ...] = ()
    baseline: int | None = None
    replaces: bool = False

    @property
    def to_read(self) -> tuple[Input, ...]:
        return tuple(i for i in self.inputs if i.status in (NEW, CHANGED))

    @property
    def rejects(self) -> tuple[Reject, ...]:
        """Files that are not read at all."""
        return tuple(Reject(i.source, 0, i.reason) for i in self.inputs if i.status in (DAMAGED, OUTDATED))

    def of(self, status: str) -> tuple[Input, ...]:
        return tuple(i for i in self.inputs if i.status == status)


def select(
    spark: SparkSession, files: Sequence[StoredFile], applied: DataFrame, known_baseline: int | None, baseline: bool
) -> Selection:
    """``applied``: the table ``files`` of the warehouse. Raises ``ConfigError`` where the inputs contradict each other
    or the warehouse: two contents under one of NLM's names, a year that is not that of the baseline, a baseline with gaps.
    """
    history = _history(applied, {file.name for file in files})
    unread = [f for f in files if not any(_is_same_file(f, row) for row in history.get(f.name, ()))]
    digests, problems = digest(spark, unread)
    inputs: dict[tuple[str, str], Input] = {}
    for file in files:
        if file.path in problems:
            inputs[file.path, ""] = Input(file, file.name, "", DAMAGED, problems[file.path])
            continue
        checked = _judge(spark, file, digests.get(file.path), history.get(file.name, ()))
        key = (file.name, checked.md5)
        twice = inputs.get(key)
        inputs[key if twice is None else (file.path, "")] = checked if twice is None else _again(checked, twice)
    chosen = list(inputs.values())
    _check_names(chosen)
    years = {i.order // _YEAR for i in chosen if i.order is not None and i.status in (NEW, CHANGED)}
    year = _year_of(years, known_baseline, baseline)
    if baseline and year is not None:
        _check_complete([i.order for i in chosen if i.order is not None and i.order // _YEAR == year])
    replaces = baseline and known_baseline is not None
    judged = [_refuse_older(i, year) for i in chosen]
    named = name_sources([i.file for i in judged if i.status != APPLIED])
    return Selection(tuple(replace(i, source=named.get(i.file.path, i.source)) for i in judged), year, replaces)


def _history(applied: DataFrame, names: set[str]) -> dict[str, list]:
    rows = applied.where(F.col("name").isin(*names)).collect() if names else []
    history: dict[str, list] = {}
    for row in sorted(rows, key=lambda row: row.run_number):
        history.setdefault(row.name, []).append(row)
    return history


def _is_same_file(file: StoredFile, row) -> bool:
    """Without reading it: nothing that the file system tells has changed."""
    return bool(file.modified) and (file.path, file.n_bytes, file.modified) == (row.path, row.n_bytes, row.modified)


def _judge(spark: SparkSession, file: StoredFile, md5: str | None, before: Sequence) -> Input:
    if md5 is None:
        return Input(file, file.name, before[-1].md5, APPLIED)
    said = _MD5.search(read_companion(spark, file, ".md5"))
    if said and said[0].lower() != md5:
        reason = f"file is damaged or incomplete: its MD5 is {md5}, {file.name}.md5 says {said[0].lower()}"
        return Input(file, file.name, md5, DAMAGED, reason)
    if before and before[-1].md5 == md5:
        return Input(file, file.name, md5, APPLIED)
    return Input(file, file.name, md5, CHANGED if before else NEW)


def _again(checked: Input, twice: Input) -> Input:
    """One of two equal inputs."""
    status = APPLIED if twice.status in (NEW, CHANGED, APPLIED) else twice.status
    return Input(checked.file, checked.source, checked.md5, status, twice.reason)


def _check_names(inputs: Sequence[Input]) -> None:
    """Of NLM's names, each one stands for one content; of others, the folder tells them apart."""
    seen: dict[str, Input] = {}
    for one in inputs:
        if one.order is None or one.status not in (NEW, CHANGED):
            continue
        other = seen.setdefault(one.file.name, one)
        if other is not one:
            raise ConfigError(
                f"inputs {other.file.path} and {one.file.path}: two contents under one name; give one of them"
            )


def _year_of(years: set[int], known: int | None, baseline: bool) -> int | None:
    """The year of the baseline that the warehouse holds after this run."""
    newest = max(years, default=None)
    if baseline and (newest is None or (known is not None and newest <= known)):
        found = (
            f"the newest of the new inputs is of 20{newest:02d}"
            if newest is not None
            else "none of the inputs is a new one"
        )
        holds = f"; the warehouse holds that of 20{known:02d}" if known is not None else ""
        raise ConfigError(f"--baseline: expected all files of a new baseline of NLM (pubmedYYnNNNN), {found}{holds}")
    if newest is None or known is None:
        return known if newest is None else newest
    if not baseline and newest > known:
        raise ConfigError(
            f"inputs of 20{newest:02d} (pubmed{newest:02d}n...): the warehouse holds the baseline of 20{known:02d}; NLM's"
            " new baseline replaces everything: give all its files, and --baseline"
        )
    return max(newest, known)


def _check_complete(orders: list[int]) -> None:
    """A baseline with a gap would delete what the missing file holds."""
    numbers = {order % _YEAR for order in orders}
    missing = sorted(set(range(1, max(numbers) + 1)) - numbers)
    if missing:
        shown = ", ".join(map(str, missing[:10])) + (" ..." if len(missing) > 10 else "")
        raise ConfigError(
            f"--baseline: {len(missing)} of NLM's files 1 to {max(numbers)} are not among the inputs: {shown}"
        )


def _refuse_older(one: Input, year: int | None) -> Input:
    if one.order is None or year is None or one.order // _YEAR >= year or one.status not in (NEW, CHANGED):
        return one
    reason = f"file is older than the baseline of 20{year:02d}, which has replaced it"
    return replace(one, status=OUTDATED, reason=reason)


def digest(spark: SparkSession, files: Sequence[StoredFile]) -> tuple[dict[str, str], dict[str, str]]:
    """Path -> MD5 of the content in hex; and path -> why there is none, of files that cannot be read."""
    problems = {file.path: f"file {file.problem}" for file in files if file.problem}
    found = {file.path: _MD5_OF_NOTHING for file in files if file.n_bytes == 0 and not file.problem}
    filled = [file for file in files if file.n_bytes and not file.problem]
    ours = [Part(file.path, file.n_bytes) for file in filled if opens_itself(file.path)]
    for path, md5, problem in in_tasks(spark, ours, _digest, _DIGESTED).collect() if ours else ():
        (problems if md5 is None else found)[path] = md5 or f"file cannot be read: {problem}"
    others = [file for file in filled if not opens_itself(file.path)]
    problems.update((f.path, f"file is larger than {_MAX_BYTES} bytes") for f in others if f.n_bytes > _MAX_BYTES)
    small = [file.path for file in others if file.n_bytes <= _MAX_BYTES]
    if small:
        reader = spark.read.format("binaryFile").option("ignoreCorruptFiles", True).option("ignoreMissingFiles", True)
        found.update(reader.load([escape(p) for p in small]).select("path", F.md5("content")).toLocalIterator())
        problems.update((path, "file cannot be read") for path in small if path not in found)
    return found, problems


def _digest(part: Part) -> Iterator[pa.RecordBatch]:
    md5 = problem = None
    try:
        with opened(part.path) as stream:
            md5 = hashlib.file_digest(cast(BytesIO, stream), lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except NOT_OF_THE_FILE:
        raise
    except Exception as error:  # the other files are read
        problem = problem_of(error)
    columns = [pa.array([value], pa.string()) for value in (part.path, md5, problem)]
    yield pa.RecordBatch.from_arrays(columns, ["path", "md5", "problem"])
