"""``litcoin-batch query``: one question and its answer."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pyspark.errors import AnalysisException, ParseException

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import told
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.queries import ask, read_query, shipped_queries
from litcoin_batch.warehouse.tables.views import register_views
from litcoin_batch.warehouse.topics.tables import register_topics


def work(stop: Interruption, list_queries: bool, **options) -> Iterable[str]:
    # pyspark logs a failing query as a page of JSON; its message is printed below.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    if list_queries:
        return [f"{name}  {about}" for name, about in shipped_queries().items()]
    return query(stop, **options)


def query(stop: Interruption, sql, file, warehouse, param, format, limit) -> Iterable[str]:
    text, parameters = read_query(sql, file, param)
    with told("there is no answer"):
        spark = open_session()
        stop.listen()
        stop.line = "interrupted"
        try:
            register_views(spark, warehouse)
            register_topics(spark, Storage(spark, warehouse))
            yield from ask(spark, text, parameters, format=format, limit=limit)
        except (AnalysisException, ParseException) as error:
            raise ConfigError(
                f"the query cannot be run: {(error.getMessage() or str(error)).splitlines()[0]}"
            ) from error
