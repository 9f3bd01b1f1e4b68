"""Work in the making of one run, kept step by step, so that a restart goes on from what is finished.

    WAREHOUSE/_staging/<run_id>/<step>-<attempt>/     rows of a step, of each process apart
    WAREHOUSE/_staging/<run_id>/<step>.done           names the folder of the attempt that finished the step
    WAREHOUSE/_staging/<run_id>/<step>.json           a few facts in place of rows
    WAREHOUSE/<table>/<run_id>-<attempt>/             rows for a table, where they stay; not in its log yet

Where a driver is killed, Spark may write on for a moment: into a folder that nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Collection
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from litcoin_batch.warehouse.files.storage import Storage, escape
from litcoin_batch.warehouse.spark.progress import report_progress
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, conform

LOG = logging.getLogger("litcoin_batch")
_FOLDER = "_staging"
_FINGERPRINT, _DONE = "fingerprint.txt", ".done"
# The mark of success is ours: ``.done``.
_PARQUET = {"compression": "zstd", "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false"}


class Staging:
    """``run_id`` is fixed by ``open``; ``durations_sec`` of the steps that this process did or found done."""

    def __init__(self, spark: SparkSession, storage: Storage, run_id: str) -> None:
        self.spark, self.storage, self.run_id = spark, storage, run_id
        self.durations_sec: dict[str, float] = {}

    @classmethod
    def open(
        cls, spark: SparkSession, storage: Storage, run_id: str, work: Any, folders_in_use: Callable[[], set[str]]
    ) -> Staging:
        """For ``work`` (JSON-ready, whatever decides what is computed) under the name ``run_id``.

        What a stopped run has staged for other work is of no use any more and removed, but for ``folders_in_use``
        (<table>/<folder>): it may have stopped after its commit.
        """
        staging = cls(spark, storage, run_id)
        wanted = hashlib.sha256(json.dumps(work, sort_keys=True, default=str).encode()).hexdigest()
        for name in storage.names(_FOLDER):
            if name == run_id and staging._fingerprint() == wanted:
                LOG.info("run %s was stopped: going on with it", name)
            else:
                cls(spark, storage, name).discard(folders_in_use())
        storage.make_folder(staging._place())
        storage.replace_text(staging._place(_FINGERPRINT), wanted)
        return staging

    @classmethod
    def stopped(cls, spark: SparkSession, storage: Storage, work: Any) -> str | None:
        """The id of a run that stopped in the midst of the same work."""
        wanted = hashlib.sha256(json.dumps(work, sort_keys=True, default=str).encode()).hexdigest()
        found = (name for name in storage.names(_FOLDER) if cls(spark, storage, name)._fingerprint() == wanted)
        return next(found, None)

    def _place(self, name: str = "") -> str:
        return f"{_FOLDER}/{self.run_id}/{name}".rstrip("/")

    def _fingerprint(self) -> str | None:
        return self._text(_FINGERPRINT)

    def _text(self, name: str) -> str | None:
        try:
            return self.storage.read_text(self._place(name))
        except FileNotFoundError:
            return None

    def stage(self, step: str, rows: DataFrame, schema: StructType, table: str | None = None) -> DataFrame:
        """Compute ``rows`` once and hand back what was kept; below ``table`` where they are to be a part of it."""
        started = time.monotonic()
        place = self.finished(step)
        if place is None:
            attempt = secrets.token_hex(4)
            place = self._place(f"{step}-{attempt}") if table is None else f"{table}/{self.run_id}-{attempt}"
            with report_progress(self.spark, step):
                conform(rows, schema).write.options(**_PARQUET).mode("overwrite").parquet(self.storage.uri(place))
            self._tidy(place)
            self.storage.make_folder(self._place(step).rpartition("/")[0])
            if not self.storage.create_text(self._place(step + _DONE), place):
                place = self.finished(step) or place
        self.durations_sec[step] = round(time.monotonic() - started, 3)
        return self.spark.read.schema(schema).parquet(escape(self.storage.uri(place)))

    def _tidy(self, place: str) -> None:
        """Away with Hadoop's hidden checksums: tables hold Parquet alone."""
        for name in self.storage.names(place):
            if not name.endswith(".parquet"):
                self.storage.delete(f"{place}/{name}")

    def finished(self, step: str) -> str | None:
        """The folder with the rows of a finished step."""
        return self._text(step + _DONE)

    def files(self, step: str) -> tuple[str, list[str]]:
        """A folder of the warehouse, and in it the Parquet files of a finished step."""
        above, _, folder = (self.finished(step) or "").rpartition("/")
        names = self.storage.names(f"{above}/{folder}") if folder else ()
        return above, [f"{folder}/{name}" for name in names if name.endswith(".parquet")]

    def n_bytes(self, step: str) -> int:
        """Of a finished step, or of all steps below a name."""
        return self.storage.n_bytes(self.finished(step) or self._place(step))

    def remember(self, step: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Keep a few facts, JSON-ready, and hand back what was kept first."""
        self.storage.create_text(self._place(f"{step}.json"), json.dumps(facts))
        kept = self._text(f"{step}.json")
        return facts if kept is None else json.loads(kept)

    def discard(self, kept: Collection[str] = ()) -> None:
        """Remove what is staged, and the rows for tables that are not in the folders ``kept``."""
        for table in SCHEMAS:
            for name in self.storage.names(table):
                if name.rpartition("-")[0] == self.run_id and f"{table}/{name}" not in kept:
                    self.storage.delete(f"{table}/{name}")
        self.storage.delete(self._place())
        if not self.storage.names(_FOLDER):
            self.storage.delete(_FOLDER)
