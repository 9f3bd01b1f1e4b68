"""Runs killed at random moments and started again at once, while a reader polls.

    python tests/support/damage/kills.py --nights 11

prints a line for each of five kills a night. It ends with 1 where a reader saw anything but the tables before a night or those after
it, where the tables differ from those of nights left alone, or where anything lies about afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyspark

# Started by its path, it finds the package and the helpers beside it.
sys.path[:0] = [str(Path(__file__).resolve().parents[level]) for level in (3, 1)]

from litcoin_batch.warehouse.tables.log import TableLog
from litcoin_batch.warehouse.tables.schemas import SCHEMAS
from quick_spark import conf, java_options

REPOSITORY = Path(__file__).resolve().parents[3]
# A run may survive the last.
KINDS = ("driver", "machine", "jvm", "driver", "worker")
# When a run was made and how long it took is its own; ``runs`` is left out.
TABLES = ("documents", "annotations", "mentions", "relations", "pairs", "rejects", "files")
POLL_SEC = 0.4
PATIENCE_SEC = 900

View = dict[str, list[tuple]]


def look(warehouse: Path) -> View | None:
    """What a reader sees who takes the shipped views now; None where nothing is published."""
    try:
        script = (warehouse / "views" / "duckdb.sql").read_text()
    except FileNotFoundError:
        return None
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute(script)
        return {table: sorted(connection.execute(f"FROM {table}").fetchall(), key=repr) for table in TABLES}


class Reader:
    """Looks again and again, from a thread; every look must show one of the ``allowed`` views."""

    def __init__(self, warehouse: Path) -> None:
        self.warehouse, self.n_looks, self.wrong = warehouse, 0, []
        self.allowed: list[View | None] = [None]
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._done.wait(POLL_SEC):
            try:
                seen = look(self.warehouse)
            except duckdb.Error as error:
                self.wrong.append(str(error))
                continue
            self.n_looks += 1
            if seen not in self.allowed:
                self.wrong.append(f"look {self.n_looks}: neither the tables before the night nor those after it")


@dataclass
class Nightly:
    """``jobs/annotate.py`` in a process of its own, as an operator starts it."""

    folder: Path
    checkpoint: Path
    n_started: int = field(default=0)

    def start(self, night: int, files: Path, warehouse: Path, attempts: int) -> subprocess.Popen:
        self.n_started += 1
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
        environment = {
            **kept,
            "PYTHONPATH": str(REPOSITORY),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
        }
        submit = [str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", f"local[2,{attempts}]"]
        spark = conf({"spark.driver.memory": "1g", "spark.driver.extraJavaOptions": java_options()})
        work = (
            files,
            "--warehouse",
            warehouse,
            "--checkpoint",
            self.checkpoint,
            "--run-id",
            f"night-{night}",
            "--max-reject-share",
            1,
            "--max-drop",
            1,
            "--wait-minutes",
            5,
        )
        job = (REPOSITORY / "jobs" / "annotate.py", *work, "--partitions", 16)
        with self.log().open("wb") as stream:
            return subprocess.Popen(
                [*submit, *spark, *map(str, job)], env=environment, stdout=stream, stderr=stream, process_group=0
            )

    def log(self) -> Path:
        return self.folder / f"{self.n_started}.log"

    def said(self) -> str:
        return self.log().read_text(errors="replace")[-3000:]


def processes_of(process: subprocess.Popen) -> dict[str, list[int]]:
    """Live pids by kind. spark-submit becomes the JVM; the driver is its child, the workers are those of the daemon."""
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(entry.name)] = (entry / "cmdline").read_bytes()
        except (ValueError, OSError, IndexError):
            continue
    below, new = [process.pid], [process.pid]
    while new := [pid for pid, parent in parents.items() if parent in new]:
        below += new
    daemons = [
        pid
        for pid in below
        if b"pyspark.daemon" in commands.get(pid, b"") and b"pyspark.daemon" not in commands.get(parents[pid], b"")
    ]
    return {
        "driver": [
            pid
            for pid in below
            if b"annotate.py" in commands.get(pid, b"")
            and b"java" not in commands[pid].split(b"\0")[0]
            and parents[pid] == process.pid
        ],
        "jvm": [process.pid] if b"SparkSubmit" in commands.get(process.pid, b"") else [],
        "worker": [pid for pid in below if parents.get(pid) in daemons],
        "machine": below,
    }


def kill(process: subprocess.Popen, kind: str, rng: random.Random) -> bool:
    """Whether there was anything to kill."""
    pids = processes_of(process)[kind]
    chosen = [rng.choice(pids)] if kind == "worker" and pids else pids
    for pid in chosen:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(chosen)


def end(processes: Sequence[subprocess.Popen]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass
class Trial:
    """Nights left alone give what is expected; the same nights again, elsewhere, are killed."""

    nightly: Nightly
    folder: Path
    rng: random.Random
    killed: Counter[str] = field(default_factory=Counter)

    def undisturbed(self, night: int, files: Path) -> tuple[View, float]:
        started = time.monotonic()
        self.finish(night, files, self.folder / "calm")
        return look(self.folder / "calm"), time.monotonic() - started

    def finish(self, night: int, files: Path, warehouse: Path) -> None:
        process = self.nightly.start(night, files, warehouse, attempts=1)
        try:
            if process.wait(PATIENCE_SEC) != 0:
                raise AssertionError(f"night {night}: exit {process.returncode}\n{self.nightly.said()}")
        finally:
            end([process])

    def disturbed(self, night: int, files: Path, kinds: Sequence[str], usual_sec: float) -> Iterator[str]:
        """A line for each kill; afterwards the night is finished. A driver's JVM may outlive it: nothing waits for it."""
        lingering = []
        for kind in kinds:
            # Whether Spark or the next start makes good for a worker: both are to work.
            process = self.nightly.start(night, files, self.folder / "w", attempts=self.rng.choice((1, 4)))
            lingering.append(process)
            at = self.wait(process, kind, usual_sec)
            killed = self._kill(process, kind)
            self.killed[killed] += 1
            if killed == "worker":
                process.wait(PATIENCE_SEC)
            yield f"night {night:2d}  {killed:10s} killed after {at:5.1f} s of {usual_sec:.1f}, exit {process.poll()}"
        self.finish(night, files, self.folder / "w")
        end(lingering)

    def wait(self, process: subprocess.Popen, kind: str, usual_sec: float) -> float:
        """Until the moment of the kill: seconds since the start."""
        # A run that goes on where another stopped is shorter; workers are there while files are read and the model runs.
        at = self.rng.uniform(0.15, 0.5 if kind == "worker" else 0.75) * usual_sec
        time.sleep(at)
        return at

    def _kill(self, process: subprocess.Popen, kind: str) -> str:
        """What was killed: workers come and go, one is waited for; "nothing" where the run has ended."""
        while process.poll() is None:
            if kill(process, kind, self.rng):
                return kind
            time.sleep(0.02)
        return "nothing"


def left_over(warehouse: Path) -> list[str]:
    """What lies in a warehouse besides what the logs of its tables list."""
    log = TableLog(str(warehouse))
    state = log.state()
    listed = {f"{table}/{file.path}" for table in SCHEMAS for file in log.files(state, table)}
    found = (path.relative_to(warehouse).as_posix() for path in warehouse.rglob("*") if path.is_file())
    expected = re.compile(r"views/\w+\.sql|reports/.*|\w+/_delta_log/.*")
    return sorted(name for name in found if name not in listed and not expected.fullmatch(name))


def torment(trial: Trial, nights: Sequence[Path], kinds: Sequence[str] = KINDS) -> Iterator[str]:
    """Kills of all ``kinds`` in each of the nights. Raises ``AssertionError`` for any difference; yields a line for each kill."""
    warehouse, before = trial.folder / "w", None
    with Reader(warehouse) as reader:
        for night, files in enumerate(nights):
            after, usual_sec = trial.undisturbed(night, files)
            reader.allowed = [before, after]
            yield from trial.disturbed(night, files, kinds, usual_sec)
            seen = look(warehouse)
            assert seen == after, [table for table in TABLES if seen[table] != after[table]]
            assert left_over(warehouse) == [], left_over(warehouse)
            before = after
    assert reader.wrong == [], reader.wrong[:3]
    rows = ", ".join(f"{len(found)} {table}" for table, found in before.items())
    killed = ", ".join(f"{n} times {kind}" for kind, n in trial.killed.items())
    yield f"killed in {len(nights)} nights: {killed}; {reader.n_looks} looks of a reader, none of them wrong; at the end {rows}, as without kills"


def write_nights(folder: Path, texts: Sequence[str], n: int) -> list[Path]:
    """Folders that grow as a mirror does: each night's holds the files of those before it."""
    from scripted_year import make_year

    baseline, updates = make_year(texts)
    folders, files = [], []
    for night, more in enumerate([baseline, *updates][:n]):
        files = [*files, *more]
        folders.append(folder / f"night-{night}")
        for file in files:
            file.write(folders[-1])
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=11, choices=range(1, 12), metavar="1..11")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    from tiny_models import TEXTS, tiny_checkpoint

    rng = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trial = Trial(Nightly(folder, tiny_checkpoint("lstm", folder / "model")), folder, rng)
        for line in torment(trial, write_nights(folder / "files", [text for _, text in TEXTS], given.nights)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
