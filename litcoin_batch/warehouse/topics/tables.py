"""The tables of topics, beside those of the runs:

    WAREHOUSE/topics/<id>/<table>/*.parquet     of one model, never changed once written
    WAREHOUSE/topics/current.json               names the id whose tables count, with all figures; written last

They are those of the documents that readers saw when the model was made; a document that came later has no topic yet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.warehouse.files.storage import Storage, escape
from litcoin_batch.warehouse.tables.schemas import DOUBLE, INT, LONG, STRING, columns

FOLDER = "topics"
CURRENT = f"{FOLDER}/current.json"
_KEPT = 2  # of the newest models: somebody may be reading the one before

# ``n_documents``: those of which it is the first topic; ``share``: of all documents.
TOPICS = columns(topic=INT, theme=INT, name=STRING, theme_name=STRING, n_documents=LONG, share=DOUBLE, coherence=DOUBLE)
TOPIC_TERMS = columns(topic=INT, rank=INT, term=STRING, weight=DOUBLE)
# ``rank`` counts from 1, the topic with the largest weight.
DOCUMENT_TOPICS = columns(pmid=LONG, rank=INT, topic=INT, theme=INT, weight=DOUBLE)
SCHEMAS = {"topics": TOPICS, "topic_terms": TOPIC_TERMS, "document_topics": DOCUMENT_TOPICS}

# Which pairs are studied under which theme, by year; a document counts for the theme of its first topic.
THEME_PAIRS = """
SELECT t.theme, t.theme_name, d.year, r.type, r.entity_1_id, min(r.entity_1_text) AS entity_1_text,
  r.entity_2_id, min(r.entity_2_text) AS entity_2_text, count(DISTINCT r.pmid) AS n_documents
FROM relations r
JOIN document_topics t1 ON t1.pmid = r.pmid AND t1.rank = 1
JOIN topics t ON t.topic = t1.topic
JOIN documents d ON d.pmid = r.pmid
GROUP BY t.theme, t.theme_name, d.year, r.type, r.entity_1_id, r.entity_2_id"""


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


def duckdb_script(folder: str | Path) -> str:
    """The same for DuckDB, after its script of ``views``; empty where there are none. ``folder``: a warehouse on this machine."""
    place = Path(folder)
    try:
        id_ = json.loads((place / CURRENT).read_text(encoding="utf-8"))["id"]
    except FileNotFoundError:
        return ""
    views = {table: f"SELECT * FROM read_parquet([{_files(place / FOLDER / id_ / table)}])" for table in SCHEMAS}
    return "".join(
        f"CREATE OR REPLACE VIEW {name} AS {select};\n"
        for name, select in {**views, "theme_pairs": THEME_PAIRS}.items()
    )


def _files(folder: Path) -> str:
    # Pattern characters stand for themselves.
    names = [re.sub(r"([\[*?])", r"[\1]", str(path)).replace("'", "''") for path in sorted(folder.glob("*.parquet"))]
    return ", ".join(f"'{name}'" for name in names)
