"""The Spark session of the jobs, and what it says: nothing, unless somebody asks (``--conf spark.log.level=WARN``)."""

from __future__ import annotations

import atexit
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

# What Spark raises when its work fails, be it in Python or in Java.
SPARK_FAILURES = (PySparkException, Py4JJavaError)
# What Spark says where a process that worked for it is gone.
_DEATHS = re.compile(
    "Python worker (exited unexpectedly|failed to connect back|process terminated)|ExecutorLostFailure"
    "|Executor heartbeat timed out|Connection reset|Broken pipe"
)

# Only what the jobs need for themselves; master, memory and deploy mode belong to spark-submit.
_DEFAULTS = {
    # Documents handed to the model at once: enough to sort by length, few enough for a worker's memory.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "2000",
    # The default, INT96, is deprecated and other engines do not see its statistics.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.session.timeZone": "UTC",
}
# Classes that pyspark asks for by their short names, at every column and every call with several.
_CLASSES = ("functions", "PythonUtils", "PythonSQLUtils")
# What has to be said before there is a context. Bars of tasks would cross the lines of our own.
_AT_START = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}


def open_session() -> SparkSession:
    """The session that spark-submit configured, or a local one; settings that the user gave are left alone.

    Failures of Spark are told by whoever called it, in a line: the log, with a trace of each, is off.
    """
    builder = SparkSession.builder
    if SparkSession.getActiveSession() is None:
        with _quiet_java():
            SparkContext._ensure_initialized()
            given = SparkConf()
            for key, value in _AT_START.items():
                if not given.contains(key):
                    builder = builder.config(key, value)
            spark = builder.getOrCreate()
    else:
        spark = builder.getOrCreate()
    context = spark.sparkContext
    given = context.getConf()
    if context.master.startswith("local") and "PYSPARK_PYTHON" not in os.environ:
        # Spark would take whatever python3 comes first on the PATH; here the packages are known to be.
        context.pythonExec = sys.executable
    for key, value in _DEFAULTS.items():
        if not given.contains(key):
            spark.conf.set(key, value)
    remember_classes(spark)
    return spark


def remember_classes(spark: SparkSession) -> None:
    """Ask for each class once: a short name is looked for in every archive of Spark, in vain, each time that it is asked for,
    which is a tenth of what the driver of a small night computes.
    """
    for name in _CLASSES:
        setattr(spark._jvm, name, getattr(spark._jvm, name))


@contextmanager
def _quiet_java() -> Iterator[None]:
    """A JVM that is started here writes to a file what it has to say; one that cannot be started is told with it.

    The file goes at the end. Where spark-submit started the JVM, what it writes is its own affair.
    """
    if "PYSPARK_GATEWAY_PORT" in os.environ or SparkContext._gateway is not None:
        yield
        return
    descriptor, name = tempfile.mkstemp(prefix="litcoin-batch-spark-", suffix=".log")
    atexit.register(Path(name).unlink, missing_ok=True)
    sys.stderr.flush()
    ours = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    except PySparkException as error:
        said = [line for line in Path(name).read_text(errors="replace").splitlines() if line.strip()]
        raise PySparkException(f"{shorten(error)} ... {said[-1] if said else 'Java said nothing'}") from error
    finally:
        os.dup2(ours, 2)
        os.close(ours)
        os.close(descriptor)


def tells_of_death(failure: Exception) -> bool:
    """Whether a worker's process ended, or was ended, in the midst of its work."""
    return _DEATHS.search(str(failure)) is not None


def shorten(failure: Exception) -> str:
    """Of the pages that a failure of Spark says, the line that names it and its first cause."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    told = [line for line in lines if not re.match(r"at |\.\.\. \d+ more", line)] or lines
    causes = [line for line in told if line.startswith("Caused by:")]
    return " ... ".join(dict.fromkeys((told[0], (causes or told)[-1])))
