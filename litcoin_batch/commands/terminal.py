"""How a command ends: with its answer, or with one line that says what is wrong; with no trace where a person caused it."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable
from typing import Any, NoReturn

import click

from litcoin_batch.extras import missing
from litcoin_batch.schema import ConfigError, ContractError, LitcoinBatchError

# 0 is success, a run that was committed before included.
EXIT_FAILED, EXIT_SETTINGS, EXIT_LOCKED, EXIT_GATE, EXIT_INTERRUPTED = 1, 2, 3, 4, 130
# What is begun at Ctrl-C, as to give a lock back, may take so long.
_PATIENCE_SEC = 5.0


class Stop(LitcoinBatchError):
    """The command ends with this line and this code."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.code = code


class Interruption:
    """What Ctrl-C says and does. ``line``: what is true if it comes now; whoever works keeps it up to date."""

    def __init__(self) -> None:
        self.line = "stopped; nothing was done"
        self.heard = False

    def listen(self) -> None:
        """Anew after a Spark session was opened, which listens, too."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._hear)

    def _hear(self, *_: object) -> None:
        if self.heard:
            os._exit(EXIT_INTERRUPTED)
        self.heard = True
        click.echo(self.line, err=True)
        # Threads that wait for Spark, and what they say when it goes, are of no interest to anybody.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        timer = threading.Timer(_PATIENCE_SEC, os._exit, [EXIT_INTERRUPTED])
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt


def run(verb: str, *settings: Any, **more: Any) -> None:
    """``work`` of the verb's module in ``work``, which is imported now; prints what it returns or yields."""
    stop, before = Interruption(), signal.getsignal(signal.SIGINT)
    stop.listen()
    try:
        found = importlib.import_module(f"litcoin_batch.commands.work.{verb}").work(stop, *settings, **more)
        _say([found] if isinstance(found, str) else found or ())
    except BaseException as error:
        if stop.heard:
            os._exit(EXIT_INTERRUPTED)
        _end(error, verb)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _end(error: BaseException, verb: str) -> NoReturn:
    if isinstance(error, Stop):
        fail(error, error.code)
    if isinstance(error, (ConfigError, ContractError)):
        fail(error, EXIT_SETTINGS)
    if isinstance(error, ModuleNotFoundError):
        fail(missing(error, verb), EXIT_FAILED)
    if isinstance(error, BrokenPipeError):
        # Whoever reads has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_FAILED)
    if isinstance(error, OSError):
        fail(error, EXIT_FAILED)
    raise error


def fail(reason: object, code: int) -> NoReturn:
    click.echo(f"error: {reason}", err=True)
    sys.exit(code)


def begin_log() -> None:
    """Signs of life on stderr, their times with zone."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S%z")
    # Neither py4j's chatter nor, should someone ask for more, the headers that botocore sends.
    for name in ("py4j", "boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def as_written(text: str) -> str:
    """Help whose indented lines, as of examples, click leaves as they are."""
    return text.replace("\n\n    ", "\n\n\b\n    ")
