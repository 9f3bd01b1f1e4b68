"""One run of the job: its staging area, its immutable files, and the record that commits it.

    WAREHOUSE/_staging/<run_id>/<step>/          work in the making, gone after the commit
    WAREHOUSE/<table>/<run_id>.part-00000.parquet     never changed once written
    WAREHOUSE/runs/<run_id>.part-00000.parquet        written last, in one step: the commit record

A run that stops anywhere before the last move has written nothing that readers see (``views``).
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.progress import report_progress
from litcoin_batch.warehouse.storage import Storage
from litcoin_batch.warehouse.tables import FATES, RUNS, SCHEMAS, conform
from litcoin_batch.warehouse.views import duckdb_script

LOG = logging.getLogger("litcoin_batch")
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_STAGING = "_staging"
# Files of about this size: few enough to list, small enough to read in parallel.
_BYTES_PER_FILE = 128 * 2**20


def new_run_id() -> str:
    """The time of the start, so that names sort by age, and a tail against two starts in one second."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


class Run:
    """``committed`` is the record of an earlier run of the same id: then nothing is to be done."""

    def __init__(self, spark: SparkSession, warehouse: str, run_id: str | None = None) -> None:
        """Raises ``ConfigError`` for a run id that cannot name a file or a warehouse that cannot be written."""
        self.run_id = new_run_id() if run_id is None else run_id
        if not _RUN_ID.fullmatch(self.run_id):
            raise ConfigError(f"run id {self.run_id!r}: expected letters, digits and - _ only, at most 100")
        self.started = datetime.now(UTC)
        self.durations_sec: dict[str, float] = {}
        self.spark = spark
        self._warehouse = warehouse.rstrip("/")
        self._storage = Storage(spark, warehouse)
        self._staging = f"{_STAGING}/{self.run_id}"
        self.committed = self._read_record()
        if self.committed is None:
            self._clean()
            self._storage.make_folder(self._staging)

    def stage(self, step: str, table: DataFrame, schema: StructType) -> DataFrame:
        """Compute ``table`` once, keep it in the staging area, and hand back what was kept."""
        place = f"{self._staging}/{step}"
        started = time.monotonic()
        with report_progress(self.spark, step):
            conform(table, schema).write.option("compression", "zstd").parquet(self._storage.uri(place))
        self.durations_sec[step] = round(time.monotonic() - started, 3)
        return self.spark.read.schema(schema).parquet(self._storage.uri(place))

    def keep(self, table: str, rows: DataFrame, order: tuple[str, ...], like: str) -> DataFrame:
        """Stage the rows of a table of the warehouse, sorted, in files of a good size.

        ``like`` is the step whose size says how many files that takes.
        """
        n_files = 1 + self._storage.n_bytes(f"{self._staging}/{like}") // _BYTES_PER_FILE
        stamped = conform(rows.withColumn("run_id", F.lit(self.run_id)), SCHEMAS[table])
        spread = stamped.coalesce(1) if n_files == 1 else stamped.repartitionByRange(n_files, order[0])
        return self.stage(table, spread.sortWithinPartitions(*order), SCHEMAS[table])

    def commit(
        self, counts: dict[str, Counter[str]], n_rows: dict[str, int], facts: dict[str, Any]
    ) -> Row:
        """Publish the kept tables and then the record of the run, which makes them count; returns the record.

        ``facts``: model_id, configuration, versions.
        """
        total = sum(counts.values(), Counter())
        sources = [
            {"source": source, "records": c.total(), **{fate: c[fate] for fate in FATES}}
            for source, c in counts.items()
        ]
        record = {
            "run_id": self.run_id,
            "started": self.started,
            "finished": datetime.now(UTC),
            "n_records": total.total(),
            **{f"n_{fate}": total[fate] for fate in FATES},
            "n_mentions": n_rows["mentions"],
            "n_relations": n_rows["relations"],
            "sources": sources,
            "durations_sec": self.durations_sec,
            **facts,
        }
        row = self.spark.createDataFrame([tuple(record[field.name] for field in RUNS)], RUNS)
        self.stage("runs", row.coalesce(1), RUNS)
        for table in SCHEMAS:
            self._publish(table)
        self._storage.write_text("views.sql", duckdb_script(self._warehouse))
        self._clear_staging()
        return self._read_record()

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self.committed is None:
            self._clean()

    def _publish(self, table: str) -> None:
        self._storage.make_folder(table)
        parts = [n for n in self._storage.names(f"{self._staging}/{table}") if n.endswith(".parquet")]
        for number, name in enumerate(parts):
            self._storage.move(f"{self._staging}/{table}/{name}", f"{table}/{self._file(number)}")

    def _file(self, number: int) -> str:
        return f"{self.run_id}.part-{number:05d}.parquet"

    def _clean(self) -> None:
        """Remove what an earlier start of this run, never committed, has left."""
        self._clear_staging()
        for table in SCHEMAS:
            for name in self._storage.names(table):
                if name.startswith(f"{self.run_id}.part-"):
                    self._storage.delete(f"{table}/{name}")

    def _clear_staging(self) -> None:
        self._storage.delete(self._staging)
        if not self._storage.names(_STAGING):
            self._storage.delete(_STAGING)

    def _read_record(self) -> Row | None:
        if self._file(0) not in self._storage.names("runs"):
            return None
        return self.spark.read.schema(RUNS).parquet(self._storage.uri(f"runs/{self._file(0)}")).first()
