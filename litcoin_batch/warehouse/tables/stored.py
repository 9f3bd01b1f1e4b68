"""The tables of one committed state as Spark reads them."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.warehouse.files.storage import Storage, escape
from litcoin_batch.warehouse.tables.log import State, TableLog
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, table_of


@dataclass(frozen=True, slots=True)
class Stored:
    """Every row that committed runs wrote, those that readers no longer see included."""

    spark: SparkSession
    storage: Storage
    log: TableLog
    state: State

    def has(self, *tables: str) -> bool:
        return any(self.log.files(self.state, table) for table in tables)

    def n_bytes(self, table: str) -> int:
        return sum(file.n_bytes for file in self.log.files(self.state, table))

    def read(self, table: str, model_id: str | None = None) -> DataFrame:
        """All of a table, or of one model's annotations what is in files of their own."""
        files = self.log.files(self.state, table, model_id)
        # A list of files, not Spark's own idea of a folder: there is no Delta in this session.
        paths = [escape(self.storage.uri(f"{table}/{file.path}")) for file in files]
        return self.spark.read.schema(SCHEMAS[table]).parquet(*paths) if paths else self.empty(table)

    def read_documents(self) -> DataFrame:
        """``documents`` and what compactions have taken out of it, but for what an older baseline said."""
        rows = self.read("documents").unionAll(self.read("history"))
        year = self.state.baseline
        return rows if year is None else rows.where(f"source_order IS NULL OR source_order >= {year * 1_000_000}")

    def empty(self, table: str) -> DataFrame:
        return table_of(self.spark, (), SCHEMAS[table])
