"""Steps at the same time: all results, one failure that stops the rest, and their time as one step."""

import threading
import time
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pyspark.errors import PySparkException

from litcoin_batch.warehouse.spark.concurrency import run_concurrently, timed_step
from litcoin_batch.warehouse.tables.schemas import FILES, RUNS, SCHEMAS, arrow_schema, table_of


def test_steps_run_at_the_same_time_and_each_result_keeps_its_name(spark):
    both = threading.Barrier(2, timeout=300)

    def meet(n):
        both.wait()
        return spark.range(n).count()

    assert run_concurrently(spark, {"b": lambda: meet(3), "a": lambda: meet(5)}) == {"b": 3, "a": 5}
    assert run_concurrently(spark, {"alone": threading.current_thread}) == {"alone": threading.current_thread()}


def test_steps_inherit_what_spark_knows_of_the_thread_that_begins_them(spark):
    context = spark.sparkContext
    context.setLocalProperty("spark.scheduler.pool", "nightly")

    def pool_and_name():
        return context.getLocalProperty("spark.scheduler.pool"), context.getLocalProperty("spark.job.description")

    assert run_concurrently(spark, {"a": pool_and_name, "b": pool_and_name}) == {
        "a": ("nightly", "a"),
        "b": ("nightly", "b"),
    }
    context.setLocalProperty("spark.scheduler.pool", None)
    assert context.getLocalProperty("spark.job.description") is None, "nothing comes back to the caller's thread"


def test_no_more_steps_at_once_than_asked_for(spark):
    # Pairs meet: with fewer at once, none would.
    at_once, most, pair = [], [], threading.Barrier(2, timeout=300)

    def step():
        at_once.append(1)
        most.append(len(at_once))
        pair.wait()
        at_once.pop()

    run_concurrently(spark, {str(i): step for i in range(6)}, at_once=2)
    assert len(most) == 6 and max(most) == 2


def test_the_first_failure_stops_the_others_and_what_spark_does_for_them(spark):
    begun, after = threading.Event(), []

    def endless(batches):
        time.sleep(600)
        yield from batches

    def long_job():
        begun.set()
        spark.range(2, numPartitions=1).mapInArrow(endless, "id long").count()

    def fail():
        begun.wait(300)
        # Until Spark knows of the other's job.
        while not spark.sparkContext.statusTracker().getActiveJobsIds():
            time.sleep(0.05)
        raise OSError("the disk is full")

    started = time.monotonic()
    with pytest.raises(OSError, match="the disk is full"):
        run_concurrently(spark, {"long": long_job, "fails": fail, "never": lambda: after.append(1)}, at_once=2)
    assert time.monotonic() - started < 500 and not after
    with pytest.raises(PySparkException):
        run_concurrently(
            spark, {"one": lambda: spark.sql("SELECT 1").count(), "two": lambda: spark.sql("SELECT missing")}
        )
    assert spark.range(3).count() == 3


def test_what_a_block_times_counts_timed_step():
    durations = {"read": 2.0}
    with timed_step(durations, "write"):
        durations |= {"documents": 7e6, "rejects": 8e6}
    assert durations.keys() == {"read", "write"} and durations["read"] == 2.0 and durations["write"] < 1e6


def test_rows_that_the_driver_knows_need_no_job(spark):
    context, tracker = spark.sparkContext, spark.sparkContext.statusTracker()
    context.setJobGroup("rows", "of the driver")
    for schema in SCHEMAS.values():
        empty = table_of(spark, (), schema)
        assert empty.schema == schema and empty.collect() == []
    rejects = [("a.xml", 3, "cut off", "<Pubmed", "r1"), ("b.xml", 0, "empty file", None, "r1")]
    assert [tuple(row) for row in table_of(spark, rejects, SCHEMAS["rejects"]).collect()] == rejects
    assert not tracker.getJobIdsForGroup("rows")
    spark.range(3).count()
    assert tracker.getJobIdsForGroup("rows"), "jobs would have been seen"
    context.setLocalProperty("spark.jobGroup.id", None)
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        table_of(spark, [("name",) * len(FILES)], FILES)


def test_nested_values_come_back_as_they_were(spark):
    now = datetime(2026, 11, 25, 12, 30, 1, 250, tzinfo=UTC)
    values = {
        "run_id": "r1",
        "started": now,
        "durations_sec": {"read": 1.5, "write": 0.25},
        "configuration": {},
        "versions": None,
    }
    values["sources"] = [{"source": "a.xml", "records": 2, "annotated": 2}]
    row = table_of(spark, [tuple(values.get(field.name) for field in RUNS)], RUNS).first()
    assert row.durations_sec == values["durations_sec"] and row.configuration == {} and row.versions is None
    assert (row.sources[0].source, row.sources[0].annotated, row.sources[0].deleted) == ("a.xml", 2, None)
    assert row.started.astimezone(UTC) == now
    assert arrow_schema(RUNS).field("started").type == pa.timestamp("us", "UTC")
