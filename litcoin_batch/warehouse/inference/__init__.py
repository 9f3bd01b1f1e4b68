"""Documents through the model: in come rows of text, out go annotations or the reason why there is none.

The model is loaded once per worker process; a document that crashes it is isolated.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litcoin_batch.warehouse.inference.loading import annotate, register_sql

__all__ = ["annotate", "register_sql"]


# With the name: the process that a document is isolated in is started anew after each that crashes it, and must not
# import more than it needs.
def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.loading"), name)
