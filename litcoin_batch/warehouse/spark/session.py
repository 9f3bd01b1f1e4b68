"""The Spark session of the jobs."""

from __future__ import annotations

import os
import re
import sys

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

# What Spark raises when its work fails, be it in Python or in Java.
SPARK_FAILURES = (PySparkException, Py4JJavaError)

# Exit codes of the jobs; 0 is success, a run that was committed before included.
EXIT_FAILED, EXIT_SETTINGS, EXIT_LOCKED, EXIT_GATE = 1, 2, 3, 4

# Only what the jobs need for themselves; master, memory and deploy mode belong to spark-submit.
_DEFAULTS = {
    # Documents handed to the model at once: enough to sort by length, few enough for a worker's memory.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    # The default, INT96, is deprecated and other engines do not see its statistics.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.session.timeZone": "UTC",
}


def open_session() -> SparkSession:
    """The session that spark-submit configured, or a local one; settings that the user gave are left alone."""
    spark = SparkSession.builder.getOrCreate()
    context = spark.sparkContext
    given = context.getConf()
    if not given.contains("spark.log.level"):
        context.setLogLevel("WARN")
    if context.master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
        # Spark would take whatever python3 comes first on the PATH; here the packages are known to be.
        context.pythonExec = sys.executable
    for key, value in _DEFAULTS.items():
        if not given.contains(key):
            spark.conf.set(key, value)
    return spark


def shorten(failure: Exception) -> str:
    """Of the pages that a failure of Spark says, the line that names it and its first cause."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    told = [line for line in lines if not re.match(r"at |\.\.\. \d+ more", line)] or lines
    causes = [line for line in told if line.startswith("Caused by:")]
    return " ... ".join(dict.fromkeys((told[0], (causes or told)[-1])))
