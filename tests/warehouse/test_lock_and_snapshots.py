"""One writer at a time, and snapshots that appear whole, once."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.nightly import lock as locks
from litcoin_batch.warehouse.nightly.lock import PLACE, Lock, Locked
from litcoin_batch.warehouse.tables.snapshots import EMPTY, DataFile, Snapshot, Snapshots

FIRST = Snapshot(1, 0, "night-1", "run", "model-1", 26, tables={"documents": (DataFile("a.parquet", 7),)})


@pytest.fixture
def storage(spark, tmp_path):
    return Storage(spark, str(tmp_path))


def holder(tmp_path, **changes):
    facts = {
        "run_id": "other",
        "host": "elsewhere",
        "pid": 1,
        "born": "1",
        "started": "then",
        "heartbeat": time.time(),
        **changes,
    }
    (tmp_path / PLACE).write_text(json.dumps(facts))


def test_the_second_run_is_refused_and_told_by_whom(storage):
    with (
        Lock(storage, "night-1"),
        pytest.raises(Locked, match=rf"run night-1 works on it \(process {os.getpid()} on {socket.gethostname()}"),
    ):
        Lock(storage, "night-2").__enter__()
    with Lock(storage, "night-3"):
        pass
    assert storage.names("") == []


def test_the_second_run_waits_where_it_may(storage, monkeypatch):
    monkeypatch.setattr(locks, "_POLL_SEC", 0.05)
    first = Lock(storage, "night-1").__enter__()
    threading.Timer(0.3, first.__exit__).start()
    started = time.monotonic()
    with Lock(storage, "night-2", wait_minutes=1) as second:
        assert second.held()
    assert 0.2 < time.monotonic() - started < 30


@pytest.mark.parametrize(
    "changes, is_stale",
    [
        ({}, False),
        ({"heartbeat": time.time() - 3_600}, True),
        ({"heartbeat": None}, True),
        # A process of this host that is gone, and one whose number another process has now.
        ({"host": socket.gethostname(), "pid": 0}, True),
        ({"host": socket.gethostname(), "pid": os.getpid(), "born": "another"}, True),
    ],
)
def test_a_lock_is_stale_where_its_holder_is_gone(storage, tmp_path, changes, is_stale):
    holder(tmp_path, **changes)
    if is_stale:
        with Lock(storage, "night-2") as lock:
            assert lock.held()
    else:
        with pytest.raises(Locked):
            Lock(storage, "night-2").__enter__()


def test_a_lock_that_cannot_be_read_is_stale(storage, tmp_path):
    (tmp_path / PLACE).write_text('{"run_id": "oth')
    with Lock(storage, "night-2") as lock:
        assert lock.held()


def test_a_killed_process_leaves_a_stale_lock(storage, tmp_path):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    holder(tmp_path, host=socket.gethostname(), pid=process.pid, born=locks._born(process.pid))
    with pytest.raises(Locked):
        Lock(storage, "night-2").__enter__()
    process.kill()
    # Not waited for: what is dead and not yet buried is dead.
    time.sleep(0.2)
    with Lock(storage, "night-2") as lock:
        assert lock.held()
    process.wait()


def test_who_lost_the_lock_must_not_publish_and_does_not_take_it_away(storage, tmp_path):
    with Lock(storage, "night-1") as lock:
        lock.check()
        holder(tmp_path)
        with pytest.raises(Locked, match="run night-1 lost its lock to run other"):
            lock.check()
    assert json.loads((tmp_path / PLACE).read_text())["run_id"] == "other"


def test_the_heartbeat_goes_on(storage, tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "_BEAT_SEC", 0.05)
    with Lock(storage, "night-1"):
        beats = {json.loads((tmp_path / PLACE).read_text())["heartbeat"] for _ in range(40) if not time.sleep(0.02)}
    assert len(beats) > 2


def test_a_snapshot_comes_back_and_its_number_is_taken_once(storage):
    snapshots = Snapshots(storage)
    assert snapshots.newest() == EMPTY
    published = snapshots.publish(FIRST)
    assert snapshots.newest() == published == replace(FIRST, created=published.created)
    with pytest.raises(
        ContractError,
        match="exists already, so another run has published since snapshot 0; nothing of run late is published",
    ):
        snapshots.publish(replace(FIRST, run_id="late"))
    assert snapshots.newest() == published
    later = snapshots.publish(replace(FIRST, number=2, parent=1))
    assert (snapshots.numbers(), snapshots.newest()) == ([1, 2], later)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda text: text.replace("a.parquet", "b.parquet"), "damaged, its content is not what its SHA-256 says"),
        (lambda text: text[:-20], "not a snapshot"),
        (
            lambda text: text.replace('"schema_version": 1', '"schema_version": 9'),
            "snapshot schema 9, this version reads 1",
        ),
    ],
)
def test_a_damaged_snapshot_is_not_read(storage, tmp_path, change, message):
    Snapshots(storage).publish(FIRST)
    place = tmp_path / "snapshots" / "000000001.json"
    place.write_text(change(place.read_text()))
    with pytest.raises(ContractError, match=message):
        Snapshots(storage).newest()
