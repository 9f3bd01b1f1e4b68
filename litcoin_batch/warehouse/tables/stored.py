"""The files of one snapshot as tables."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, table_of
from litcoin_batch.warehouse.tables.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Stored:
    """Every row of a snapshot's files, those that readers no longer see included."""

    spark: SparkSession
    storage: Storage
    snapshot: Snapshot

    def has(self, table: str) -> bool:
        return bool(self.snapshot.files(table))

    def read(self, table: str, model_id: str | None = None) -> DataFrame:
        """All of a table, or of one model's annotations what is in files of their own."""
        paths = [self.storage.uri(f"{table}/{file.name}") for file in self.snapshot.files(table, model_id)]
        return self.spark.read.schema(SCHEMAS[table]).parquet(*paths) if paths else self.empty(table)

    def empty(self, table: str) -> DataFrame:
        return table_of(self.spark, (), SCHEMAS[table])
