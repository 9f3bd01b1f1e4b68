"""Memory and work of this host's processes, as the kernel counts it (Linux; elsewhere nothing is known)."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from litcoin_batch.warehouse.spark.concurrency import regularly

PEAK, NOW = "VmHWM", "VmRSS"
_PROC = Path("/proc")
_WORKERS = b"pyspark.daemon"


@dataclass(frozen=True, slots=True)
class Sample:
    """``sec`` since the epoch; resident bytes of the JVM, of the largest Python worker, and of all workers."""

    sec: float
    jvm_bytes: int
    worker_bytes: int
    workers_bytes: int


def memory_bytes(pid: int | str = "self", field: str = PEAK) -> int | None:
    """``PEAK`` or ``NOW`` resident memory of a process; None where there is no such process, or no /proc."""
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), None)


def forget_peak(pid: int | str = "self") -> bool:
    """Let ``PEAK`` count from now on; False where the kernel does not let us."""
    try:
        (_PROC / str(pid) / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def parent(pid: int | str = "self") -> int | None:
    try:
        # The name of the program, in brackets, may hold anything, brackets included.
        return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def command(pid: int | str) -> bytes:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


@dataclass(slots=True)
class Worked:
    """Seconds that processors have worked for a process and its descendants since the first look at them."""

    before: dict[tuple[int, int], int]
    last: dict[tuple[int, int], int]

    @property
    def sec(self) -> float:
        """A process that has ended counts with what was seen last: nobody waits for Spark's workers, so no parent is told."""
        ticks = sum(n - self.before.get(one, 0) for one, n in self.last.items())
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def watch_cpu(pid: int, interval_sec: float = 1.0) -> Iterator[Worked]:
    """What is worked while the block runs; what a process does that lives shorter than ``interval_sec`` may go unseen."""
    before = _ticks(pid)
    worked = Worked(before, dict(before))
    with _sampled(lambda: worked.last.update(_ticks(pid)), interval_sec):
        yield worked


def _ticks(pid: int) -> dict[tuple[int, int], int]:
    """By process and its start: a number may be given again."""
    found = {}
    for one in (pid, *descendants(pid)):
        try:
            fields = (_PROC / str(one) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found[one, int(fields[19])] = int(fields[11]) + int(fields[12])
    return found


@contextmanager
def _sampled(look: Callable[[], object], interval_sec: float) -> Iterator[None]:
    """Again and again while the block runs, the last time at its end."""
    try:
        with regularly(look, interval_sec, "samples"):
            yield
    finally:
        look()


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, as they are now."""
    pids = [int(path.name) for path in _PROC.iterdir() if path.name.isdigit()] if _PROC.is_dir() else []
    parents = {child: parent(child) for child in pids}
    found, new = [], [pid]
    while new:
        new = [child for child, of in parents.items() if of in new]
        found += new
    return found


def sample_memory(jvm_pid: int) -> Sample:
    workers = [memory_bytes(p, NOW) or 0 for p in descendants(jvm_pid) if _WORKERS in command(p)]
    return Sample(time.time(), memory_bytes(jvm_pid, NOW) or 0, max(workers, default=0), sum(workers))


@contextmanager
def watch_memory(jvm_pid: int, interval_sec: float = 1.0) -> Iterator[list[Sample]]:
    """A sample every ``interval_sec`` while the block runs, one at its begin and one at its end included."""
    samples = [sample_memory(jvm_pid)]
    with _sampled(lambda: samples.append(sample_memory(jvm_pid)), interval_sec):
        yield samples


def over_time(samples: Sequence[Sample], n: int = 200) -> dict[str, list]:
    """At most ``n`` of the samples, as columns; ``sec`` since the first."""
    some = samples[:: -(-len(samples) // n)]
    return {
        "sec": [round(s.sec - samples[0].sec, 1) for s in some],
        "jvm_bytes": [s.jvm_bytes for s in some],
        "worker_bytes": [s.worker_bytes for s in some],
        "workers_bytes": [s.workers_bytes for s in some],
    }


def growth(samples: Sequence[Sample]) -> float | None:
    """Memory of all workers in the last quarter of the time by that in the second (medians): 1 where it is flat.

    None where the workers are not on this host.
    """
    first, last = samples[0].sec, samples[-1].sec
    second, fourth = (
        [s.workers_bytes for s in samples if part <= 4 * (s.sec - first) / max(last - first, 1e-9) <= part + 1]
        for part in (1, 3)
    )
    before = statistics.median(second) if second else 0
    return statistics.median(fourth) / before if before else None


def own_peaks() -> tuple[str, int, int, int, int]:
    """Of a Python worker: host, its pid and peak, and pid and peak of the JVM it works for (0: unknown)."""
    # The worker was forked by a daemon, the daemon was started by the JVM.
    jvm = parent(parent("self") or 0) or 0
    return os.uname().nodename, os.getpid(), memory_bytes() or 0, jvm, memory_bytes(jvm) or 0
