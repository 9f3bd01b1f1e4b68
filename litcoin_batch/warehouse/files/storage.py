"""Files of inputs and warehouses through Hadoop's file systems: whatever Spark can reach (local, hdfs, s3a).

Inputs may lie at ``s3://``, too, which needs no jars: ``objects`` lists and reads those.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.local_files import find_local, is_local, is_named_locally, path_of
from litcoin_batch.warehouse.files.objects import find_objects, is_object, read_object

_OBJECT_STORES = {"s3a", "gs", "abfs", "abfss", "wasb", "wasbs"}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """``path`` carries its scheme: ``file:/data/x.xml``; ``modified`` in milliseconds since 1970, 0 if not known.

    ``problem``: why it cannot be read, empty as a rule.
    """

    path: str
    n_bytes: int
    modified: int = 0
    problem: str = ""

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def find_files(spark: SparkSession, paths: list[str] | tuple[str, ...]) -> list[StoredFile]:
    """All files that the paths (files, folders with what is below them, glob patterns) name, each once, sorted.

    Hidden files and checksum companions (``.md5``) are left out. Raises ``ConfigError`` for a path where nothing is.
    """
    found: dict[str, StoredFile] = {}
    for path in paths:
        if is_object(path):
            files = [StoredFile(found.uri, found.n_bytes, found.modified) for found in find_objects(path)]
        else:
            files = _files_at(spark, path)
        if not files:
            raise ConfigError(f"input {path}: no such file, or a folder or pattern without files")
        found.update((file.path, file) for file in files)
    return sorted(found.values(), key=lambda file: file.path)


def escape(path: str) -> str:
    """For where Spark takes a path as a pattern: the same path, meant literally."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def read_companion(spark: SparkSession, file: StoredFile, suffix: str) -> str:
    """The text of a small file beside ``file``, such as NLM's ``.md5``; empty where there is none."""
    path = file.path + suffix
    if is_object(path):
        return read_object(path).decode("utf-8", "replace") if find_objects(path) else ""
    if is_local(path):
        try:
            return Path(path_of(path)).read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, IsADirectoryError):
            return ""
    where = java_class(spark, "org.apache.hadoop.fs.Path")(path)
    files = where.getFileSystem(spark._jsc.hadoopConfiguration())
    try:
        stream = files.open(where)
    except Py4JJavaError as error:
        if not _is_missing(error):
            raise
        return ""
    return bytes(java_class(spark, "org.apache.commons.io.IOUtils").toByteArray(stream)).decode("utf-8", "replace")


def _files_at(spark: SparkSession, path: str) -> list[StoredFile]:
    if is_named_locally(path) and (is_local(path) or _is_local_by_default(spark)):
        return [StoredFile(*file) for file in find_local(path)]
    hadoop_path = java_class(spark, "org.apache.hadoop.fs.Path")
    try:
        where = hadoop_path(path)
        files = where.getFileSystem(spark._jsc.hadoopConfiguration())
        # A name that exists is meant literally, even where it holds pattern characters.
        statuses = [files.getFileStatus(where)] if files.exists(where) else (files.globStatus(where) or [])
        return [file for status in statuses for file in _below(files, status, wanted=True)]
    except Py4JJavaError as error:
        raise ConfigError(f"input {path}: cannot be listed: {java_message(error)}") from error


def _is_local_by_default(spark: SparkSession) -> bool:
    return (spark._jsc.hadoopConfiguration().get("fs.defaultFS") or "file:///").startswith("file:")


def _below(files: Any, status: Any, wanted: bool = False) -> list[StoredFile]:
    name = status.getPath().getName()
    # A file that was named is wanted whatever its name.
    if not wanted and (name.startswith((".", "_")) or name.endswith(".md5")):
        return []
    if status.isDirectory():
        return [file for child in files.listStatus(status.getPath()) for file in _below(files, child)]
    return [StoredFile(status.getPath().toString(), status.getLen(), status.getModificationTime())]


class Storage:
    """One folder tree; places are relative to its root, parts joined with ``/``."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self._spark = spark
        self._path = java_class(spark, "org.apache.hadoop.fs.Path")
        self._configuration = spark._jsc.hadoopConfiguration()
        try:
            files = self._path(root).getFileSystem(self._configuration)
        except Py4JJavaError as error:
            hint = "; Spark writes to S3 as s3a:// (conf/s3a.conf)" if root.startswith(("s3:", "s3a:")) else ""
            raise ConfigError(f"output folder {root}: cannot be written: {java_message(error)}{hint}") from error
        self.root = files.makeQualified(self._path(root)).toString()
        # On local disks the raw file system moves Spark's files without their hidden checksum companions.
        self._files = files.getRawFileSystem() if files.getScheme() == "file" else files
        self._local = Path(self._path(self.root).toUri().getPath()) if files.getScheme() == "file" else None

    def uri(self, place: str = "") -> str:
        return f"{self.root}/{place}" if place else self.root

    def make_folder(self, place: str = "") -> None:
        """Raises ``ConfigError`` where the folder cannot be written."""
        try:
            made, reason = self._files.mkdirs(self._at(place)), "not created"
        except Py4JJavaError as error:
            made, reason = False, java_message(error)
        if not made:
            raise ConfigError(f"output folder {self.uri(place)}: cannot be written: {reason}")

    def exists(self, place: str) -> bool:
        return self._files.exists(self._at(place))

    def names(self, place: str) -> list[str]:
        """Sorted names of what lies in a folder; none where there is no such folder."""
        if self._local is not None:
            with suppress(FileNotFoundError):
                return sorted(os.listdir(self._local / place))
            return []
        try:
            found = self._files.listStatus(self._at(place))
        except Py4JJavaError as error:
            if not _is_missing(error):
                raise
            return []
        return sorted(status.getPath().getName() for status in found)

    def n_bytes(self, place: str) -> int:
        return self._files.getContentSummary(self._at(place)).getLength()

    def move(self, source: str, target: str) -> None:
        """On a file system, not an object store, in one step. Raises ``ConfigError`` where it fails."""
        if not self._files.rename(self._at(source), self._at(target)):
            raise ConfigError(f"output {self.uri(target)}: cannot be written (moved from {self.uri(source)})")

    def delete(self, place: str) -> None:
        self._files.delete(self._at(place), True)

    def read_text(self, place: str) -> str:
        """Raises ``FileNotFoundError``."""
        if self._local is not None:
            return _read_local(self._local / place)
        try:
            stream = self._files.open(self._at(place))
        except Py4JJavaError as error:
            if not _is_missing(error):
                raise
            raise FileNotFoundError(self.uri(place)) from None
        return java_class(self._spark, "org.apache.commons.io.IOUtils").toString(stream, "UTF-8")

    def create_text(self, place: str, text: str) -> bool:
        """Whether this call created the file; False where there is one. Readers see it whole or not at all."""
        if self._local is not None:
            return _create_local(self._local / place, text)
        if self._files.exists(self._at(place)):
            return False
        if self._files.getScheme() in _OBJECT_STORES:
            # To rename there is to copy; what is written appears when it is complete.
            self._write(place, text)
            return True
        temporary = _temporary(place)
        self._write(temporary, text)
        if self._files.rename(self._at(temporary), self._at(place)):
            return True
        self.delete(temporary)
        return False

    def replace_text(self, place: str, text: str) -> None:
        """Readers see the old text or the new one, whole."""
        if self._local is not None:
            unfinished = self._local / _temporary(place)
            _write_local(unfinished, text)
            unfinished.replace(self._local / place)
        elif self._files.getScheme() in _OBJECT_STORES:
            self._write(place, text)
        else:
            temporary = _temporary(place)
            self._write(temporary, text)
            context = java_class(self._spark, "org.apache.hadoop.fs.FileContext").getFileContext(
                self._files.getUri(), self._configuration
            )
            options = java_class(self._spark, "org.apache.hadoop.fs.Options").Rename
            how = self._spark.sparkContext._gateway.new_array(options, 1)
            how[0] = options.OVERWRITE
            context.rename(self._at(temporary), self._at(place), how)

    def _write(self, place: str, text: str) -> None:
        stream = self._files.create(self._at(place), True)
        try:
            stream.write(bytearray(text.encode("utf-8")))
        finally:
            stream.close()

    def _at(self, place: str) -> Any:
        return self._path(self.uri(place))


def _temporary(place: str) -> str:
    folder, _, name = place.rpartition("/")
    return f"{folder}/.{name}.{uuid4().hex}" if folder else f".{name}.{uuid4().hex}"


def _create_local(path: Path, text: str) -> bool:
    temporary = path.with_name(_temporary(path.name))
    _write_local(temporary, text)
    try:
        # The one call that both refuses an existing name and shows the file complete.
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    return True


def _read_local(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except (IsADirectoryError, NotADirectoryError) as error:
        raise FileNotFoundError(str(path)) from error


def _write_local(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _is_missing(error: Py4JJavaError) -> bool:
    """What is asked beforehand whether it is there may be gone a moment later: this is told by who opens it."""
    return bool(error.java_exception.getClass().getName() == "java.io.FileNotFoundException")


def java_class(spark: SparkSession, name: str) -> Any:
    """Asked for by its whole name: of ``_jvm.org.apache`` Java would look for a class "org" in every archive, then for "apache"."""
    return getattr(spark._jvm, name)


def java_message(error: Py4JJavaError) -> str:
    """The first line of what Java says, without the trace."""
    cause = error.java_exception
    return f"{cause.getClass().getSimpleName()}: {str(cause.getMessage()).splitlines()[0]}"
