"""One local Spark session for all tests (a pytest plugin, named in conftest.py)."""

from __future__ import annotations

import os
import sys

import pytest

_SETTINGS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    # Queries over a few rows: compiling them would cost more than running them.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Where in the code each expression was made is not worth a tenth of the time.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    # On a heap of this size G1 takes what Spark allocates for large objects, each of which may start a marking of everything.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    # Plans of queries that are done are kept for pages that are not shown here.
    "spark.sql.ui.retainedExecutions": "50",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@pytest.fixture(scope="session")
def spark():
    # Imported here, so that tests without Spark do not pay for it.
    sql = pytest.importorskip("pyspark.sql")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = sql.SparkSession.builder.master("local[2]").appName("tests")
    for key, value in _SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    pytest.importorskip("litcoin_batch.warehouse.spark.session").remember_classes(session)
    yield session
    session.stop()
