"""One local Spark session for all tests (a pytest plugin, named in conftest.py)."""

from __future__ import annotations

import os
import sys

import pytest

from quick_spark import FEW_ROWS, java_options

_SETTINGS = {
    **FEW_ROWS,
    # To plan anew after each stage gains nothing with a few rows; commands that tests start do it, as users' do.
    "spark.sql.adaptive.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
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
    # On a heap of this size G1 takes what Spark allocates for large objects, each of which may start a marking of everything.
    builder = builder.config("spark.driver.extraJavaOptions", java_options())
    for key, value in _SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    pytest.importorskip("litcoin_batch.warehouse.spark.session").remember_classes(session)
    yield session
    session.stop()
