"""The expensive step in slices: nothing twice after a stop, and poison costs itself only."""

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark import cloudpickle
from pyspark.errors import PythonException

from fake_model import FakeAnnotator, FakeLoader, find
from litcoin_batch.schema import ConfigError, ContractError, Document
from litcoin_batch.warehouse.inference.checkpointed_inference import annotate_in_slices
from litcoin_batch.warehouse.inference.isolation import Limits

cloudpickle.register_pickle_by_value(sys.modules[__name__])
THREE_SLICES = 6  # tasks in all, with the two cores of the test session and ``one_wave``
DOCUMENTS = [Document(i, f"aspirin{i} and gene", "alien good") for i in range(1, 61)]


@pytest.fixture(autouse=True)
def one_wave(monkeypatch):
    """Slices of as many tasks as there are cores."""
    monkeypatch.setattr("litcoin_batch.warehouse.inference.checkpointed_inference._TASKS_PER_CORE", 1)


class Steps:
    """Keeps steps in a folder, and hands back those that are finished."""

    def __init__(self, spark, folder: Path):
        self.spark, self.folder, self.durations_sec = spark, folder, {}

    def stage(self, step, table, schema):
        place = self.folder / step
        if not (place / "_SUCCESS").exists():
            table.write.mode("overwrite").parquet(str(place))
        self.durations_sec[step] = 0.1
        return self.spark.read.schema(schema).parquet(str(place))

    def remember(self, step, facts):
        self.folder.mkdir(exist_ok=True)
        place = self.folder / f"{step}.json"
        if not place.exists():
            place.write_text(json.dumps(facts))
        return json.loads(place.read_text())

    def finished(self):
        return sorted(path.parent.name for path in self.folder.rglob("_SUCCESS"))


def due(spark, documents=DOCUMENTS):
    return spark.createDataFrame(
        [(d.pmid, d.title, d.abstract) for d in documents], "pmid long, title string, abstract string"
    )


def with_words(**words):
    """Some documents have a word each: ``sleeps=7`` is number 7."""
    at = {number: word for word, number in words.items()}
    return [Document(d.pmid, d.title, f"alien {at[d.pmid]}") if d.pmid in at else d for d in DOCUMENTS]


def found(annotated):
    return {row.pmid: [m.text for m in row.mentions] if row.error is None else row.error for row in annotated.collect()}


EXPECTED = {d.pmid: [m.text for m in find(d).mentions] for d in DOCUMENTS}


@dataclass(frozen=True)
class Noting:
    """Notes the PMIDs that the model has seen."""

    folder: str

    def __call__(self):
        return NotingAnnotator(self.folder)


class NotingAnnotator(FakeAnnotator):
    def __init__(self, folder):
        super().__init__("fake-1")
        self._folder = folder

    def annotate(self, documents):
        with open(f"{self._folder}/{os.getpid()}", "a") as stream:
            stream.writelines(f"{d.pmid}\n" for d in documents)
        return super().annotate(documents)


def seen(folder):
    return sorted(int(line) for path in folder.iterdir() for line in path.read_text().split())


def test_slices_give_what_the_model_finds_each_document_once(spark, tmp_path):
    run = Steps(spark, tmp_path)
    annotated = annotate_in_slices(run, due(spark), FakeLoader(), THREE_SLICES)
    rows = annotated.collect()
    assert len(rows) == len(DOCUMENTS)
    assert found(annotated) == EXPECTED
    assert run.finished() == ["0000", "0001", "0002", "due"]
    assert [step for step in run.durations_sec if step != "annotate"] == []
    assert min(spark.read.parquet(str(tmp_path / "annotate" / f"000{i}")).count() for i in range(3)) > 10


class StoppedSteps(Steps):
    def stage(self, step, table, schema):
        if step == "annotate/0002":
            raise OSError("the machine goes down")
        return super().stage(step, table, schema)


def test_a_stopped_run_does_not_repeat_the_slices_it_finished(spark, tmp_path):
    (notes := tmp_path / "notes").mkdir()
    with pytest.raises(OSError, match="goes down"):
        annotate_in_slices(StoppedSteps(spark, tmp_path / "run"), due(spark), Noting(str(notes)), THREE_SLICES)
    resumed = Steps(spark, tmp_path / "run")
    finished = [name for name in resumed.finished() if name.isdigit()]
    assert "due" in resumed.finished()
    assert finished in (["0000"], ["0001"], ["0000", "0001"])
    kept = {
        row.pmid for name in finished for row in spark.read.parquet(str(tmp_path / "run" / "annotate" / name)).collect()
    }
    # Other cores on the next start: the slices stay those that were cut.
    annotated = annotate_in_slices(resumed, due(spark), Noting(str(notes)), THREE_SLICES * 2)
    assert found(annotated) == EXPECTED
    times_seen = Counter(seen(notes))
    assert {times_seen[pmid] for pmid in kept} == {1}
    assert set(times_seen) == set(EXPECTED)


def test_poison_costs_itself_only(spark, tmp_path):
    """What ends the worker, what hangs it, what fills it, what raises."""
    some = with_words(crashes=5, backtracks=21, poison=33, devours=50)
    limits = Limits(batch_sec=4, document_sec=3)
    rows = found(annotate_in_slices(Steps(spark, tmp_path), due(spark, some), FakeLoader(), 2, limits))
    assert {pmid: rows.pop(pmid) for pmid in (5, 21, 33, 50)} == {
        5: "the model's process died with signal 11 (SIGSEGV)",
        21: "the model gave no result within 3 s",
        33: "RuntimeError: cannot digest PMID 33",
        50: "MemoryError",
    }
    assert rows == {pmid: texts for pmid, texts in EXPECTED.items() if pmid in rows}
    assert len(rows) == len(DOCUMENTS) - 4


def test_the_other_slices_are_not_done_again(spark, tmp_path, caplog):
    (notes := tmp_path / "notes").mkdir()
    slice_of = {r.pmid: r.slice for r in due(spark).selectExpr("pmid", "pmod(hash(pmid), 3) AS slice").collect()}
    some = with_words(outgrows=30)
    rows = found(annotate_in_slices(Steps(spark, tmp_path / "run"), due(spark, some), Noting(str(notes)), THREE_SLICES))
    assert rows.pop(30).startswith("the model's process died with signal 9")
    assert rows == {pmid: texts for pmid, texts in EXPECTED.items() if pmid != 30}
    times_seen = Counter(seen(notes))
    assert {times_seen[pmid] for pmid in rows if slice_of[pmid] != slice_of[30]} == {1}
    assert [
        f"slice {slice_of[30] + 1} of 3 is done again" in r.message for r in caplog.records if "again" in r.message
    ] == [True]


def test_a_model_that_annotates_nothing_is_found_out_early(spark, tmp_path):
    poison = [Document(i, "poison", None) for i in range(1, 201)]
    run = Steps(spark, tmp_path)
    with pytest.raises(ContractError, match="annotated none of [0-9]+ documents.*RuntimeError: cannot digest"):
        annotate_in_slices(run, due(spark, poison), FakeLoader(), THREE_SLICES * 3)
    assert "0008" not in run.finished()


def test_what_a_worker_raises_on_purpose_is_raised_at_once(spark, tmp_path):
    run = Steps(spark, tmp_path)
    with pytest.raises(PythonException, match="ConfigError: no such device"):
        annotate_in_slices(run, due(spark), Unloadable(), 2)


@dataclass(frozen=True)
class Unloadable:
    def __call__(self):
        raise ConfigError("no such device")
