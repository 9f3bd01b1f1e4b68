"""The tables of topics, beside those of the runs:

    WAREHOUSE/topics/<id>/<table>/*.parquet     of one model, never changed once written
    WAREHOUSE/topics/current.json               names the id whose tables count, with all figures; written last

They are those of the documents that readers saw when the model was made; a document that came later has no topic yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.warehouse.files.storage import Storage, escape
from litcoin_batch.warehouse.tables.schemas import DOUBLE, INT, LONG, STRING, columns
from litcoin_batch.warehouse.topics.duckdb_views import CURRENT, FOLDER, THEME_PAIRS

_KEPT = 2  # of the newest models: somebody may be reading the one before

# ``n_documents``: those of which it is the first topic; ``share``: of all documents.
TOPICS = columns(topic=INT, theme=INT, name=STRING, theme_name=STRING, n_documents=LONG, share=DOUBLE, coherence=DOUBLE)
TOPIC_TERMS = columns(topic=INT, rank=INT, term=STRING, weight=DOUBLE)
# ``rank`` counts from 1, the topic with the largest weight.
DOCUMENT_TOPICS = columns(pmid=LONG, rank=INT, topic=INT, theme=INT, weight=DOUBLE)
SCHEMAS = {"topics": TOPICS, "topic_terms": TOPIC_TERMS, "document_topics": DOCUMENT_TOPICS}


def write_table(storage: Storage, id_: str, table: str, rows: DataFrame) -> None:
    names = [field.name for field in SCHEMAS[table]]
    rows.select(*names).write.mode("overwrite").option("compression", "zstd").parquet(_uri(storage, id_, table))


def read_table(spark: SparkSession, storage: Storage, id_: str, table: str) -> DataFrame:
    return spark.read.schema(SCHEMAS[table]).parquet(escape(_uri(storage, id_, table)))


def _uri(storage: Storage, id_: str, table: str) -> str:
    return storage.uri(f"{FOLDER}/{id_}/{table}")


def publish(storage: Storage, facts: Mapping[str, Any]) -> None:
    """From now on the tables of ``facts["id"]`` count; those of old models go."""
    storage.replace_text(CURRENT, json.dumps(facts, indent=1))
    models = [name for name in storage.names(FOLDER) if not name.endswith(".json")]
    for old in sorted(set(models) - {facts["id"]}, reverse=True)[_KEPT - 1 :]:
        storage.delete(f"{FOLDER}/{old}")


def current(storage: Storage) -> dict[str, Any] | None:
    """The figures of the model whose tables count; None where there is none."""
    try:
        return json.loads(storage.read_text(CURRENT))
    except FileNotFoundError:
        return None


def register_topics(spark: SparkSession, storage: Storage) -> bool:
    """Make the tables, and ``theme_pairs`` over them, temporary views beside those of ``views``; False where there are none."""
    facts = current(storage)
    if facts is None:
        return False
    for table in SCHEMAS:
        read_table(spark, storage, facts["id"], table).createOrReplaceTempView(table)
    spark.sql(THEME_PAIRS).createOrReplaceTempView("theme_pairs")
    return True
