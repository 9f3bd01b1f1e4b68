"""litcoin-batch: who relates to whom in the biomedical literature, from raw citations to SQL.

from litcoin_batch import Annotator, Document

Annotator.load("transformer").annotate([Document(1, "Metformin lowers glucose.", None)])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from litcoin_batch.extras import missing

if TYPE_CHECKING:
    from litcoin_batch.model.annotator import Annotator
    from litcoin_batch.readers import read_path
    from litcoin_batch.schema import Document
    from litcoin_batch.warehouse.inference.loading import annotate
    from litcoin_batch.warehouse.opening import open_warehouse

__version__ = "0.2.0"

# Name -> its home, imported with the name: who only reads files needs neither torch nor Spark.
_HOMES = {
    "Annotator": "litcoin_batch.model.annotator",
    "Document": "litcoin_batch.schema",
    "annotate": "litcoin_batch.warehouse.inference.loading",
    "open_warehouse": "litcoin_batch.warehouse.opening",
    "read_path": "litcoin_batch.readers",
}

__all__ = ["Annotator", "Document", "annotate", "open_warehouse", "read_path"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = importlib.import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(missing(error, name), name=error.name) from error
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
