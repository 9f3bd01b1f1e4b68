"""What a figure depends on beside what is measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from litcoin_batch import __version__


def environment(packages: Iterable[str]) -> dict[str, object]:
    """Date, commit (``-dirty`` with uncommitted changes), machine, load at the start, versions."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _output(git) or "unknown",
        "cpu": _field("/proc/cpuinfo", r"model name\s*:\s*(.*)") or platform.machine(),
        "n_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(int(_field("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) / 2**20, 1),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "litcoin_batch": __version__,
        **{name: _version(name) for name in packages},
    }


def _output(call: list[str]) -> str:
    try:
        return subprocess.run(call, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def _field(path: str, pattern: str) -> str | None:
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        return None
    return found[1] if found else None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
