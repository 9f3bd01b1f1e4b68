"""The benchmark's own modules on the workers: they stand beside the jobs, in no wheel that a worker has installed."""

from __future__ import annotations

from pathlib import Path
from shutil import make_archive
from tempfile import mkdtemp

from pyspark.sql import SparkSession

JOBS = Path(__file__).resolve().parents[1]


def with_benchmarks(spark: SparkSession) -> SparkSession:
    """The session itself, after ``benchmarks`` was sent to all its workers."""
    archive = make_archive(str(Path(mkdtemp(prefix="litcoin-batch-")) / "benchmarks"), "zip", JOBS, "benchmarks")
    spark.sparkContext.addPyFile(archive)
    return spark
