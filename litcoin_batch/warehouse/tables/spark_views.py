"""The views in a Spark session."""

from __future__ import annotations

from pyspark.sql import SparkSession

from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.tables.declared import OTHERS
from litcoin_batch.warehouse.tables.log import State, TableLog
from litcoin_batch.warehouse.tables.stored import Stored
from litcoin_batch.warehouse.tables.views import STORED, VIEWS, committed_state, up_to


def register_views(spark: SparkSession, warehouse: str, as_of: str | None = None) -> State:
    """Make the views temporary views of the session, of one state until they are registered again.

    Raises ``ConfigError`` where nothing is committed.
    """
    storage = Storage(spark, warehouse)
    log = TableLog(storage.root)
    state = committed_state(log, as_of)
    stored = Stored(spark, storage, log, state)
    for table in OTHERS:
        stored.read(table).createOrReplaceTempView(STORED + table)
    stored.read("runs").where(up_to(state)).createOrReplaceTempView(f"{STORED}runs")
    for name, select in VIEWS.items():
        spark.sql(select).createOrReplaceTempView(name)
    return state
