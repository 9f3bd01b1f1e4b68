"""Failures of Spark and refusals of the warehouse as the line and the code that a command ends with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from litcoin_batch.commands.checks import check_gpu
from litcoin_batch.commands.terminal import EXIT_FAILED, EXIT_GATE, EXIT_LOCKED, Stop
from litcoin_batch.warehouse.nightly.lock import Locked
from litcoin_batch.warehouse.nightly.quality_gates import GateClosed
from litcoin_batch.warehouse.spark.session import SPARK_FAILURES, shorten


@contextmanager
def told(consequence: str) -> Iterator[None]:
    """``consequence``: what is true of the tables where Spark fails."""
    try:
        yield
    except Locked as error:
        raise Stop(str(error), EXIT_LOCKED) from error
    except GateClosed as error:
        raise Stop(str(error), EXIT_GATE) from error
    except SPARK_FAILURES as error:
        raise Stop(f"Spark failed, {consequence}: {shorten(error)}", EXIT_FAILED) from error


def check_gpu_of(master: str, device: str) -> None:
    """Of a Spark that works on this machine, whoever started it."""
    if master.startswith("local"):
        check_gpu(device)
