"""Documents that kill or stall the model: they alone are rejected, with the reason."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest
from pyspark import cloudpickle

from fake_model import DEADLY, MODEL_ID, FakeLoader, find
from litcoin_batch.schema import Annotation, ConfigError, ContractError, Document, RecordError
from litcoin_batch.warehouse.inference.isolation import IsolatedAnnotator, Limits
from litcoin_batch.warehouse.inference.workers import annotate_with
from litcoin_batch.warehouse.spark.child_process import describe_exit

cloudpickle.register_pickle_by_value(sys.modules[__name__])
# What answers has all the time it needs; only who waits for what never answers waits for as long as this.
PATIENT, IMPATIENT = (Limits(batch_sec=600, document_sec=sec, isolated=True) for sec in (300, 3))
HANG = ("sleeps", "backtracks")
REASONS = {
    "exits": "the model's process ended with exit code 3",
    "crashes": "the model's process died with signal 11 (SIGSEGV)",
    "outgrows": "the model's process died with signal 9 (SIGKILL, as when memory runs out)",
    **dict.fromkeys(HANG, "the model gave no result within 3 s"),
    "devours": "MemoryError",
    "poison": "RuntimeError: cannot digest PMID",
}


def documents(n, **words):
    """``n`` of them; the one of each given number has the word."""
    at = {number: word for word, number in words.items()}
    return [Document(i, f"aspirin{i} and gene", f"alien {at.get(i, 'good')}") for i in range(1, n + 1)]


def isolated(loader=None, limits=PATIENT):
    return IsolatedAnnotator(loader or FakeLoader(), limits)


def test_each_deadly_word_has_its_reason():
    assert set(REASONS) == {*DEADLY, "poison"}


# Of each group the first two are handed over together, the others with innocent ones alone.
@pytest.mark.parametrize("words", [HANG, tuple(word for word in REASONS if word not in HANG)])
def test_the_guilty_documents_alone_are_lost(words):
    at = dict(zip(words, (3, 30, 40, 80, 120), strict=False))
    some = documents(130, **at)
    with isolated(limits=IMPATIENT if words == HANG else PATIENT) as annotator:
        found = annotator.annotate_surviving(some)
        assert annotator.model_id == MODEL_ID
    lost = {d.pmid: f for d, f in zip(some, found, strict=True) if isinstance(f, Exception)}
    assert set(lost) == set(at.values())
    for word, number in at.items():
        assert isinstance(lost[number], RecordError)
        assert str(lost[number]).startswith(REASONS[word])
    innocent = [find(d) for d in some if d.pmid not in lost]
    assert [f for f in found if isinstance(f, Annotation)] == innocent


def test_what_an_isolated_annotator_finds_is_what_the_model_finds():
    some = documents(100)
    with isolated() as annotator:
        assert annotator.annotate_surviving(some) == [find(d) for d in some]
        assert annotator.annotate_surviving([]) == []


@dataclass(frozen=True)
class Broken:
    """Fails to load: by raising, or by dying."""

    error: Exception | None

    def __call__(self):
        if self.error is None:
            os._exit(7)
        raise self.error


@pytest.mark.parametrize(
    ("broken", "kind", "message"),
    [
        (Broken(ContractError("checkpoint x: damaged")), ContractError, "^checkpoint x: damaged"),
        (Broken(ConfigError("no such device")), ConfigError, "^no such device"),
        (Broken(OSError(5, "disk")), RuntimeError, r"OSError: \[Errno 5\] disk"),
        (Broken(None), ContractError, "while the model was loaded, the model's process ended with exit code 7"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_no_fault_of_a_document(broken, kind, message):
    with isolated(broken) as annotator, pytest.raises(kind, match=message):
        annotator.annotate_surviving(documents(3))


def test_a_model_that_survives_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr("litcoin_batch.warehouse.inference.isolation._HOPELESS", 3)
    hopeless = [Document(i, "exits", None) for i in range(1, 41)]
    with (
        isolated() as annotator,
        pytest.raises(ContractError, match="3 documents in a row, the last of them PMID 3: .*code 3"),
    ):
        annotator.annotate_surviving(hopeless)


def test_losses_with_survivors_between_them_are_no_reason_to_give_up(monkeypatch):
    monkeypatch.setattr("litcoin_batch.warehouse.inference.isolation._HOPELESS", 2)
    mixed = [Document(i, "exits" if i % 2 else "gene", None) for i in range(1, 7)]
    with isolated() as annotator:
        found = annotator.annotate_surviving(mixed)
    assert [isinstance(f, Exception) for f in found] == [bool(d.pmid % 2) for d in mixed]


def test_exits_are_described():
    assert describe_exit(0) == "ended with exit code 0"
    assert describe_exit(-15) == "died with signal 15 (SIGTERM)"
    assert describe_exit(-99) == "died with signal 99 (unknown)"


_PARENT = """
import multiprocessing, sys, threading, time
sys.path[:0] = {path!r}
from fake_model import FakeLoader
from litcoin_batch.schema import Document
from litcoin_batch.warehouse.inference.isolation import IsolatedAnnotator, Limits
if __name__ == "__main__":
    annotator = IsolatedAnnotator(FakeLoader(), Limits(document_sec=600))
    assert annotator.model_id
    threading.Timer(0.3, lambda: print(annotator._child.pid, flush=True)).start()
    annotator.annotate_surviving([Document(1, "backtracks", None)])
"""


def test_the_child_does_not_outlive_a_worker_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(_PARENT.format(path=[path for path in sys.path if path]))
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 300
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def test_the_child_imports_no_more_than_it_needs():
    program = "import sys, litcoin_batch.warehouse.inference.isolation; print(sorted({'torch', 'boto3', 'pandas'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_tasks_annotate_isolated_where_asked_to(spark):
    some = documents(50, exits=3, crashes=20, poison=45)
    frame = spark.createDataFrame(
        [(d.pmid, d.title, d.abstract) for d in some], "pmid long, title string, abstract string"
    )
    rows = {row.pmid: row for row in annotate_with(frame, FakeLoader(), 2, PATIENT).collect()}
    assert sorted(rows) == [d.pmid for d in some]
    assert {pmid: row.error.split(" (")[0] for pmid, row in rows.items() if row.error} == {
        3: "the model's process ended with exit code 3",
        20: "the model's process died with signal 11",
        45: "RuntimeError: cannot digest PMID 45",
    }
    expected = {d.pmid: [m.text for m in find(d).mentions] for d in some}
    assert {p: [m.text for m in r.mentions] for p, r in rows.items() if not r.error} == {
        p: texts for p, texts in expected.items() if not rows[p].error
    }
