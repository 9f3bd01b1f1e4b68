"""Seconds from an empty terminal to the first word of wrong settings, each in a process of its own.

    python jobs/benchmark_messages.py --turns 3

Settings are measured in turns; what counts is the slowest of a setting, as a person meets it.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from litcoin_batch.commands.terminal import as_written

REPOSITORY = Path(__file__).resolve().parent.parent
LIMIT_SEC = 3.0
# Run in a folder with a file named "file".
SETTINGS = {
    "an input that is not there": ("annotate", "nowhere.xml"),
    "a warehouse below a file": ("annotate", "--warehouse", "file/w"),
    "a GPU that is not there": ("annotate", "--device", "cuda"),
    "an unknown device": ("annotate", "--device", "abacus"),
    "an unknown checkpoint": ("annotate", "--checkpoint", "gru"),
    "an unknown precision": ("annotate", "--precision", "float7"),
    "a lexicon that is not there": ("annotate", "--lexicon", "none.tsv"),
    "a share above 1": ("annotate", "--max-drop", "1.5"),
    "an unknown option": ("annotate", "--werehouse", "w"),
    "a configuration that is not there": ("annotate", "--config", "none.yaml"),
    "a warehouse that is not there": ("query", "--warehouse", "nowhere", "SELECT 1"),
    "a folder for a format of several files": ("export", "--format", "kgx", "--output", "-", "--warehouse", "."),
}
_DOOR = "from litcoin_batch.commands.start import main; main()"


def measure(words: tuple[str, ...], folder: Path) -> tuple[float, float, str]:
    """Seconds to the end of the first line of stderr, those that the processor worked, and the line that says what is wrong."""
    command = [sys.executable, "-c", _DOOR, *words]
    before, started = _worked(), time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        seconds = time.monotonic() - started
        told = [line for line in (first + process.stderr.read()).splitlines() if line.lower().startswith("error")]
    if process.returncode != 2 or len(told) != 1:
        raise click.ClickException(f"{' '.join(words)}: code {process.returncode}, {len(told)} lines of error")
    return seconds, _worked() - before, told[0]


def _worked() -> float:
    """CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@click.command(help=as_written(__doc__))
@click.option("--turns", type=click.IntRange(1), default=3, show_default=True)
def main(turns: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in SETTINGS}
    worked: dict[str, list[float]] = {name: [] for name in SETTINGS}
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "file").touch()
        for _ in range(turns):
            for name, words in SETTINGS.items():
                took, cpu, told[name] = measure(words, Path(folder))
                seconds[name].append(took)
                worked[name].append(cpu)
    for name, found in seconds.items():
        cpu = statistics.median(worked[name])
        click.echo(
            f"{statistics.median(found):5.2f} s, at most {max(found):5.2f} s, CPU {cpu:4.2f} s  {name}: {told[name]}"
        )
    slowest = max(max(found) for found in seconds.values())
    if slowest > LIMIT_SEC:
        raise click.ClickException(f"{slowest:.2f} s is more than {LIMIT_SEC:.0f} s")


if __name__ == "__main__":
    main()
