"""Documents through the model: in come rows of text, out go annotations or the reason why there is none.

The model is loaded once per worker process; a document that crashes it is isolated.
"""

from litcoin_batch.warehouse.inference.workers import annotate, register_sql

__all__ = ["annotate", "register_sql"]
