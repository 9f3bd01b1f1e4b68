"""Memory that tensors have left, and kernels that are kept."""

from __future__ import annotations

import ctypes
import os
import sys


def give_back_memory() -> None:
    """Return freed memory to the system; where the C library is not glibc, leave that to it.

    Between tensors of ever other sizes lie the small objects that outlive them, and glibc keeps the holes
    (jobs/benchmark_scale.py shows what a worker needs over time).
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def settle_kernels() -> None:
    """Before the first product of a process: oneDNN keeps a kernel for every number of rows that it has met, 1,024 of them,
    some 200 MB, and every batch has another number: 64 are enough for the layers of one pass. Its kernels for AMX round by
    the number of rows, so that scores of a document would depend on its company: those for AVX-512 are taken instead.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
