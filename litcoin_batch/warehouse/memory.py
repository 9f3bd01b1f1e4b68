"""The memory of a worker process, as the system it runs on sees it."""

from __future__ import annotations

import ctypes


def volunteer_for_memory_killer() -> None:
    """Where memory runs out, Linux shall end this process, which can be replaced, and not the JVM."""
    try:
        with open("/proc/self/oom_score_adj", "w") as stream:
            stream.write("1000")
    except OSError:  # another system, or one that forbids it: its own choice stands
        return


def give_back_memory() -> None:
    """Return freed memory to the system; where the C library is not glibc, leave that to it.

    Tensors of ever other sizes leave holes between what is still used, which glibc keeps: a worker of 0.7 GB
    otherwise has 3 GB after 30,000 documents.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
