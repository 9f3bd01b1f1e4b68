"""A file that kills the process that reads it: it alone is lost, from where it was read to, with the reason."""

import os
import signal
import sys

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark import cloudpickle
from pyspark.errors import PySparkException

from litcoin_batch.readers import Rules, read_stream
from litcoin_batch.warehouse.nightly.reading import ingest
from litcoin_batch.warehouse.nightly.reading.file_tasks import Part
from litcoin_batch.warehouse.nightly.reading.isolated_reading import work_isolated
from warehouses import annotate

cloudpickle.register_pickle_by_value(sys.modules[__name__])
DEADLY = {
    "exits": lambda: os._exit(3),
    "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
}
REASONS = {
    "exits": "the process that read it ended with exit code 3",
    "crashes": "the process that read it died with signal 11 (SIGSEGV)",
    "killed": "the process that read it died with signal 9 (SIGKILL, as when memory runs out)",
}


def batch(name, record):
    return pa.RecordBatch.from_pydict({"name": [name], "record": pa.array([record], pa.int64())})


def work(name):
    yield batch(name, 1)
    if name == "of no file":
        raise ConnectionError("no answer")
    if name in DEADLY:
        DEADLY[name]()
    yield batch(name, 2)


def lost(call, last, what):
    yield batch(f"{call[0]} lost behind {last}: {what}", None)


@pytest.mark.parametrize("word", DEADLY)
def test_what_kills_the_reader_is_lost_alone_from_where_it_was_read_to(word):
    found = list(work_isolated([("a",), (word,), (word,), ("b",)], work, lost))
    names = [b["name"][0].as_py() for b in found]
    gone = f"{word} lost behind 1: {REASONS[word]}"
    assert names == ["a", "a", word, gone, word, gone, "b", "b"]


def test_what_is_of_no_file_is_raised_as_without_a_child():
    with pytest.raises(ConnectionError, match="no answer"):
        list(work_isolated([("of no file",)], work, lost))


def test_memory_that_runs_out_is_a_reject_of_the_file(monkeypatch, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"pmid": 1, "title": "t"}\n')

    def devour(*_, **__):
        raise MemoryError

    monkeypatch.setattr(ingest, "read_stream", devour)
    (reject,) = ingest._items(Part(f"file:{tmp_path}/a.jsonl", 9), "a.jsonl", "auto", Rules(), None)
    assert (reject.record, reject.reason) == (0, "file cannot be read: MemoryError")


class DyingRun:
    """Loses a worker at whatever is not done in isolation."""

    spark = None

    def __init__(self, message):
        self.message, self.asked = message, []

    def stage(self, step, table, schema):
        self.asked.append((step, table.isolated))
        if not table.isolated:
            raise PySparkException(self.message)
        return table


def test_only_where_a_worker_died_all_is_read_again_in_isolation(monkeypatch):
    monkeypatch.setattr(ingest, "read_records", lambda spark, sources, reading, rejects: reading)
    dying = DyingRun("Python worker exited unexpectedly (crashed)")
    assert ingest.stage_records(dying, {}, ingest.Reading("csv", True), []) == ingest.Reading(
        "csv", True, isolated=True
    )
    assert dying.asked == [("read", False), ("read", True)]
    other = DyingRun("No space left on device")
    with pytest.raises(PySparkException, match="No space"):
        ingest.stage_records(other, {}, ingest.Reading(), [])
    assert other.asked == [("read", False)]


def read_or_die(stream, source, format, rules):
    for number, item in enumerate(read_stream(stream, source, format, rules=rules)):
        if number == 1 and source in DEADLY:
            DEADLY[source]()
        yield item


def test_a_run_survives_files_that_kill_its_workers(spark, tmp_path, monkeypatch):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, name in enumerate(["a", "crashes", "exits", "z"], start=1):
        rows = [
            f'{{"pmid": {10 * number + i}, "title": "gene a{i}", "abstract": "geneA binds geneB."}}' for i in (1, 2)
        ]
        (folder / name).write_text("\n".join(rows))
    monkeypatch.setattr(ingest, "read_stream", read_or_die)
    # Workers import the module as it is on disk unless it travels with the function.
    cloudpickle.register_pickle_by_value(ingest)
    try:
        record = annotate(spark, tmp_path / "out", folder)
    finally:
        cloudpickle.unregister_pickle_by_value(ingest)
    assert (record.n_annotated, record.n_rejected) == (4, 2)
    rejects = DeltaTable(tmp_path / "out" / "rejects").to_pyarrow_table().to_pylist()
    assert {row["source"]: row["reason"] for row in rejects} == {
        word: f"file cannot be read: {REASONS[word]}" for word in ("crashes", "exits")
    }
