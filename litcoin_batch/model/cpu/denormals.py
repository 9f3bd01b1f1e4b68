"""Numbers that are next to nothing and cost much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def without_denormals() -> Iterator[None]:
    """Numbers below 1e-38 are zero in this thread meanwhile: shares of attention as small as that cost as much as fifty others."""
    flushes = torch.set_flush_denormal(True)
    try:
        yield
    finally:
        if flushes:
            torch.set_flush_denormal(False)
