"""One writer at a time."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.nightly import lock as locks
from litcoin_batch.warehouse.nightly.lock import PLACE, Lock, Locked


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


def until(condition) -> bool:
    """Whether it comes true, however slow the machine."""
    end = time.monotonic() + 300
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return found


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
    first, begun, events = Lock(storage, "night-1").__enter__(), threading.Event(), []

    def wait() -> None:
        begun.set()
        with Lock(storage, "night-2", wait_minutes=10) as second:
            events.append("second" if second.held() else "nobody")

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert begun.wait(60)
    # Time for many looks; where it is too short for one, the order is the same.
    waiting.join(0.3)
    events.append("first")
    first.__exit__()
    waiting.join(600)
    assert events == ["first", "second"]


def test_a_lock_that_goes_while_it_is_asked_for_is_no_error(storage, tmp_path, monkeypatch):
    holder(tmp_path)
    exists = storage.exists

    def gone(place):
        found = exists(place)
        (tmp_path / place).unlink(missing_ok=True)
        return found

    # Whoever reads must not rely on what it asked a moment before.
    monkeypatch.setattr(storage, "exists", gone)
    storage.exists(PLACE)
    with pytest.raises(FileNotFoundError, match=PLACE):
        storage.read_text(PLACE)
    with Lock(storage, "night-2", wait_minutes=1) as lock:
        assert lock.held()


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
    assert until(lambda: locks._born(process.pid) is None)
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
    beats = set()

    def several() -> bool:
        beats.add(json.loads((tmp_path / PLACE).read_text())["heartbeat"])
        return len(beats) > 2

    with Lock(storage, "night-1"):
        assert until(several)
