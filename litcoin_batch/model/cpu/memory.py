"""Memory that tensors have left, and objects that stay."""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def give_back_memory() -> None:
    """Return freed memory to the system; where the C library is not glibc, leave that to it.

    Between tensors of ever other sizes lie the small objects that outlive them, and glibc keeps the holes
    (jobs/benchmark_scale.py shows what a worker needs over time).
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


@contextmanager
def kept_for_good() -> Iterator[None]:
    """What is loaded inside stays, and so does all else there is: the collector, which would go through all of it again
    and again, leaves it alone until the same is done once more or the process ends.
    """
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()
    # Libraries that look for what they have left at the end would find all of it.
    atexit.register(gc.unfreeze)


def settle_kernels() -> None:
    """Before the first product of a process: oneDNN keeps a kernel for every number of rows that it has met, 1,024 of them,
    some 200 MB, and every batch has another number: 64 are enough for the layers of one pass. Its kernels for AMX round by
    the number of rows, so that scores of a document would depend on its company: those for AVX-512 are taken instead.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
