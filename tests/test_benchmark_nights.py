"""The nights of the benchmark are nights: what it counts as changed has changed."""

from litcoin_batch.benchmark.corpus import read_corpus
from litcoin_batch.benchmark.nights import Mirror, measure_nights


def test_a_night_with_changes_and_one_without(spark, tmp_path):
    mirror = Mirror(spark, read_corpus(None), tmp_path, 200)
    baseline, nothing, changed, read = measure_nights([mirror], 40, 0)
    assert (baseline["documents"], baseline["n_annotated"], baseline["n_rejected"]) == (200, 200, 0)
    assert (nothing["documents"], nothing["what"]) == (0, "nothing new")
    # 30 revised and 8 new; 2 of those to be revised are deleted.
    assert (changed["documents"], changed["n_annotated"], changed["n_deleted"]) == (40, 38, 2)
    assert 0 < changed["n_bytes"] < baseline["n_bytes"]
    assert read["relations"] > 1_000
