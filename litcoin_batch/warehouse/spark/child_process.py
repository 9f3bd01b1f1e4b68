"""A process beside a Spark worker, for what may kill or stall the process it runs in: it answers messages, and can be replaced."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pyspark import cloudpickle

# A child that is gone has closed its pipe; its exit status follows at once, where the machine is not overloaded.
_EXIT_SEC = 60.0
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


class ChildDied(Exception):
    """It is gone; says how: "died with signal 9 (SIGKILL, as when memory runs out)"."""


class Child:
    """Runs ``serve(connection, pickled)``, a function of a module, until its end."""

    def __init__(self, serve: Callable[[Connection, bytes], None], what: object) -> None:
        """``what`` reaches the child pickled."""
        # A fresh process, no fork: what torch, CUDA and threads of native code hold does not survive one.
        spawn = multiprocessing.get_context("spawn")
        self._connection, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(theirs, cloudpickle.dumps(what)), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def send(self, message: object) -> None:
        """Raises ``ChildDied``."""
        try:
            self._connection.send(message)
        except OSError as error:
            raise ChildDied(self.end()) from error

    def receive(self, limit_sec: float | None = None) -> Any:
        """Its next answer. Raises ``ChildDied``, and ``TimeoutError`` where none comes within the limit, if there is one."""
        try:
            if self._connection.poll(limit_sec):
                return self._connection.recv()
        except (EOFError, OSError) as error:
            raise ChildDied(self.end()) from error
        raise TimeoutError

    def end(self) -> str:
        """How it ended. One that waits for a message ends now, as nobody asks any more."""
        self._connection.close()
        self._process.join(_EXIT_SEC)
        code = self._process.exitcode
        self.kill()
        return describe_exit(code)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()


def describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else "unknown"
    hint = ", as when memory runs out" if -code == signal.SIGKILL else ""
    return f"died with signal {-code} ({name}{hint})"


def die_with_parent() -> None:
    """A worker that is killed cannot end its child, and one that hangs does not see the pipe close."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it died before it was asked for
            os._exit(1)


def volunteer_for_memory_killer() -> None:
    """Where memory runs out, Linux shall end this process, which can be replaced, and not the JVM."""
    try:
        with open("/proc/self/oom_score_adj", "w") as stream:
            stream.write("1000")
    except OSError:  # another system, or one that forbids it: its own choice stands
        return
