"""Memory that tensors have left."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Return freed memory to the system; where the C library is not glibc, leave that to it.

    Between tensors of ever other sizes lie the small objects that outlive them, and glibc keeps the holes
    (jobs/benchmark_scale.py shows what a worker needs over time).
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
