"""What a worker keeps of the host's memory after documents are annotated, with and without what is done to keep it small."""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.measured.trial import Worker
from benchmarks.measured.tricks import Side, exchanged
from litcoin_batch.model import annotator as annotators
from litcoin_batch.schema import ContractError, Document

HANDED_BACK, FEW_KERNELS = "memory handed back", "few kernels kept"
WAYS = ("as shipped", HANDED_BACK, FEW_KERNELS)


def measure_resident(checkpoint: str, documents: Sequence[Document], batch_documents: int, without: str) -> dict:
    """Bytes in memory at the end and at most, of a process of its own; ``without``: one of ``WAYS``."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_work, args=(theirs, checkpoint, documents, batch_documents, without), daemon=True)
    process.start()
    theirs.close()
    try:
        return {"checkpoint": checkpoint, "without": without, "documents": len(documents), **ours.recv()}
    except EOFError as error:
        raise ContractError(f"{checkpoint}: the process that annotated without {without} died") from error
    finally:
        process.join()


def _work(
    answer: Connection, checkpoint: str, documents: Sequence[Document], batch_documents: int, without: str
) -> None:
    if without == FEW_KERNELS:
        # oneDNN's own number; ``memory.settle_kernels`` leaves alone what is set.
        os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "1024"
    way: AbstractContextManager = nullcontext()
    if without == HANDED_BACK:
        way = exchanged(annotators, "give_back_memory", lambda: None)
    worker, side = Worker(checkpoint, documents, batch_documents), Side("auto")
    worker.annotator(side)
    loaded = _status("VmRSS")
    with way:
        worker.annotate(side)
    answer.send({"loaded": loaded, "resident": _status("VmRSS"), "peak": _status("VmHWM")})


def _status(name: str) -> int:
    """Bytes."""
    found = re.search(rf"{name}:\s*(\d+)", Path("/proc/self/status").read_text())
    return 1024 * int(found[1]) if found else 0
