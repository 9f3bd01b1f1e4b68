"""``litcoin-batch`` begins here: Ctrl-C is one line from now on, also while everything else is imported."""

from __future__ import annotations

import importlib
import os
import signal

_LINE, _EXIT_INTERRUPTED = b"stopped; nothing was done\n", 130


def main() -> None:
    signal.signal(signal.SIGINT, _stop)
    importlib.import_module("litcoin_batch.commands.front_door").main(prog_name="litcoin-batch")


def _stop(*_: object) -> None:
    os.write(2, _LINE)
    os._exit(_EXIT_INTERRUPTED)
