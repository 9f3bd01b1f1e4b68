"""What is measured of Spark: nights that are nights, and all tasks of a job."""

from collections import Counter
from threading import Thread

from benchmarks.corpus import read_corpus
from benchmarks.measured.nights import GENES, Mirror, measure_nights
from benchmarks.tasks import watch_tasks
from benchmarks.workers import with_benchmarks


def test_a_night_with_changes_and_one_without(spark, tmp_path):
    mirror = Mirror(with_benchmarks(spark), read_corpus(None), tmp_path, 200)
    baseline, nothing, changed, read, *rest = measure_nights([mirror], [40], 0)
    compaction, before, after = (
        [row for row in rest if row["what"] == what] for what in ("compaction", "one gene", "one gene, compacted")
    )
    assert (baseline["documents"], baseline["n_annotated"], baseline["n_rejected"]) == (200, 200, 0)
    assert (nothing["documents"], nothing["what"]) == (0, "nothing new")
    # 30 revised and 8 new; 2 of those to be revised are deleted.
    assert (changed["documents"], changed["n_annotated"], changed["n_deleted"]) == (40, 38, 2)
    assert 0 < changed["n_bytes"] < baseline["n_bytes"]
    assert read["relations"] > 1_000
    assert min(row["cpu_sec"] for row in (baseline, nothing, changed, *compaction)) > 0
    # Nothing new is told by the names of the files: no table is read or staged for it.
    assert nothing["jobs"] < 10 < changed["jobs"]
    assert nothing["n_bytes_to_files"] < 2_000 < changed["n_bytes"] < changed["n_bytes_to_files"]
    assert changed["n_bytes_shuffled"] > 0
    assert [row["relations"] for row in before] == [row["relations"] for row in after]
    assert before[0]["gene"] == GENES[0] and before[0]["relations"] > 0


def test_tasks_that_other_threads_start_are_watched(spark):
    def work() -> None:
        # As the slices of the expensive step do.
        spark.sparkContext.setJobGroup("slices", "another thread's")
        spark.range(0, 30, 1, 3).selectExpr("sum(id)").collect()

    spark.range(5).collect()
    with watch_tasks(spark) as tasks:
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert sorted(Counter(task.stage for task in tasks.all).values()) == [1, 3]
