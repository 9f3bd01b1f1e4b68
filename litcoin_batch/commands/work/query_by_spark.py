"""One question that Spark answers."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from pyspark.errors import AnalysisException, ParseException

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import told
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.queries import ask
from litcoin_batch.warehouse.tables.spark_views import register_views
from litcoin_batch.warehouse.topics.tables import register_topics


def answer(
    stop: Interruption, warehouse: str, as_of: str | None, text: str, parameters: dict[str, str], **how
) -> Iterable[str]:
    # pyspark logs a failing query as a page of JSON; its message is printed below.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    with told("there is no answer"):
        spark = open_session()
        stop.listen()
        try:
            register_views(spark, warehouse, as_of)
            register_topics(spark, Storage(spark, warehouse))
            yield from ask(spark, text, parameters, **how)
        except (AnalysisException, ParseException) as error:
            raise ConfigError(
                f"the query cannot be run: {(error.getMessage() or str(error)).splitlines()[0]}"
            ) from error
