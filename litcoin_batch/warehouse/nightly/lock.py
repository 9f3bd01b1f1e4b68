"""One writer at a time: a lock file with a heartbeat.

The file is created only where there is none, which file systems (local, HDFS) do in one step. Object stores may let
two writers create it at the same moment; even then only one of them can commit, as the log of ``runs`` takes each
version once (``tables.log``).
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

from litcoin_batch.schema import LitcoinBatchError
from litcoin_batch.warehouse.files.storage import Storage

LOG = logging.getLogger("litcoin_batch")
PLACE = "_lock.json"
_BEAT_SEC = 15.0
# Eight beats missed: whoever held it is gone, or its machine is.
_STALE_SEC = 120.0
_POLL_SEC = 5.0


class Locked(LitcoinBatchError):
    """Another run works on the warehouse."""


class Lock:
    """Context manager. Raises ``Locked`` where another run holds the lock for longer than ``wait_minutes``."""

    def __init__(self, storage: Storage, run_id: str, wait_minutes: float = 0.0) -> None:
        self._storage, self._run_id, self._wait_sec = storage, run_id, wait_minutes * 60
        self._facts = {
            "run_id": run_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "born": _born(os.getpid()),
            "started": _now(),
        }
        self._done = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True, name="lock heartbeat")

    def __enter__(self) -> Lock:
        self._storage.make_folder()
        end = time.monotonic() + self._wait_sec
        while not self._storage.create_text(PLACE, self._text()):
            holder = self._read()
            if holder is None:
                continue
            if reason := why_stale(holder):
                LOG.warning("the lock of run %s is stale (%s): taken over", holder.get("run_id"), reason)
                self._storage.delete(PLACE)
            elif time.monotonic() >= end:
                raise Locked(
                    f"warehouse {self._storage.root}: run {holder.get('run_id')} works on it (process {holder.get('pid')} on"
                    f" {holder.get('host')}, since {holder.get('started')}); wait for it, or give --wait-minutes"
                )
            else:
                time.sleep(_POLL_SEC)
        self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._beats.join()
        if self.held():
            self._storage.delete(PLACE)

    def held(self) -> bool:
        """False where another run has taken the lock over, as after a machine slept."""
        holder = self._read() or {}
        return all(holder.get(key) == self._facts[key] for key in ("run_id", "host", "pid", "started"))

    def check(self) -> None:
        """Raises ``Locked`` where the lock is lost: whoever lost it must not publish."""
        if not self.held():
            holder = self._read() or {}
            raise Locked(
                f"warehouse {self._storage.root}: run {self._run_id} lost its lock to run {holder.get('run_id')}; nothing is published"
            )

    def _beat(self) -> None:
        while not self._done.wait(_BEAT_SEC):
            try:
                if self.held():
                    self._storage.replace_text(PLACE, self._text())
            except Exception as error:
                LOG.warning("lock: heartbeat failed: %s", error)

    def _text(self) -> str:
        return json.dumps({**self._facts, "heartbeat": time.time()}, indent=1)

    def _read(self) -> dict[str, Any] | None:
        """None where it is gone; an empty one where it cannot be read, which is as good as stale."""
        try:
            values = json.loads(self._storage.read_text(PLACE))
        except FileNotFoundError:
            return None
        except ValueError:
            return {}
        return values if isinstance(values, dict) else {}


def why_stale(holder: dict[str, Any]) -> str | None:
    """None where whoever holds the lock is at work."""
    heartbeat = holder.get("heartbeat")
    if not isinstance(heartbeat, float | int):
        return "it cannot be read"
    if holder.get("host") == socket.gethostname() and _born(holder.get("pid")) != holder.get("born"):
        return f"process {holder.get('pid')} is gone"
    silent = time.time() - heartbeat
    return f"no heartbeat for {silent:.0f} s" if silent > _STALE_SEC else None


def _born(pid: Any) -> str | None:
    """What tells a process from a later one with the same number; None where there is none, or where it cannot be told."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
            fields = stream.read().rpartition(")")[2].split()
    except OSError:
        return None
    # Field 22 of proc(5): the start in clock ticks since the machine's boot. A zombie works no more.
    return None if fields[0] == "Z" else fields[19]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
