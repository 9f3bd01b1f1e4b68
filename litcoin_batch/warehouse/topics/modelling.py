"""From the documents of a warehouse to its tables of topics, in order."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.tables.schemas import table_of
from litcoin_batch.warehouse.tables.spark_views import register_views
from litcoin_batch.warehouse.topics import tables
from litcoin_batch.warehouse.topics.bags import Bags, Counting, count_words
from litcoin_batch.warehouse.topics.lda import N_TERMS, Fitted, Search, choose
from litcoin_batch.warehouse.topics.themes import Themes, cluster

LOG = logging.getLogger("litcoin_batch")
# Of a document: topics with less weight say nothing, and more than a few are none.
_MIN_WEIGHT, _MAX_TOPICS = 0.05, 5
_NAME_TERMS = 3
_SHOWN_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Modelling:
    """``n_themes``: None lets the distances decide. ``partitions``: of the optimiser; with one or two, equal runs agree
    to the last digit, with more to about the sixth, as sums are taken in the order in which tasks end.
    """

    counting: Counting = Counting()
    search: Search = Search()
    n_themes: int | None = None
    partitions: int | None = None


def model_topics(spark: SparkSession, warehouse: str, how: Modelling) -> dict[str, Any]:
    """Write the tables and make them those that count; returns the figures, JSON-ready.

    Raises ``ConfigError`` where nothing is published or the documents are too few.
    """
    started = datetime.now(UTC)
    clock = time.monotonic()
    register_views(spark, warehouse)
    last_run = spark.table("runs").orderBy(F.desc("run_number")).select("run_id").first()
    storage = Storage(spark, warehouse)
    texts = spark.table("documents").where("NOT deleted AND (title IS NOT NULL OR abstract IS NOT NULL)")
    partitions = how.partitions or spark.sparkContext.defaultParallelism
    bags = count_words(texts, how.counting, partitions)
    LOG.info("words counted: %d documents, a vocabulary of %d", bags.n_documents, len(bags.words))
    fitted, candidates = choose(bags, how.search)
    themes = cluster(fitted.term_weights, how.n_themes)
    id_ = f"{started:%Y%m%dT%H%M%SZ}"
    tables.write_table(storage, id_, "document_topics", _document_topics(bags, fitted, themes))
    bags.counts.unpersist()
    topics = _write_topics(spark, storage, id_, bags, fitted, themes)
    facts = {
        "id": id_,
        "made": started.isoformat(timespec="seconds"),
        "last_run": last_run.run_id if last_run else None,
        "n_documents": bags.n_documents,
        "n_words": len(bags.words),
        "settings": _settings(how, partitions),
        "candidates": [asdict(candidate) for candidate in candidates],
        "topics": topics,
        "themes": _themes(topics),
        "merges": [(merge.one, merge.other, round(merge.distance, 6)) for merge in themes.merges],
        "silhouette": themes.silhouette,
    }
    tables.publish(storage, facts)
    tables.register_topics(spark, storage)
    return {**facts, **_over_time(spark), "seconds": round(time.monotonic() - clock, 1)}


def _settings(how: Modelling, partitions: int) -> dict[str, str]:
    values = {**asdict(how.counting), **asdict(how.search), "n_themes": how.n_themes, "partitions": partitions}
    return {name: str(value) for name, value in values.items()}


def _document_topics(bags: Bags, fitted: Fitted, themes: Themes) -> DataFrame:
    """The heaviest topics of each document that has a word of the vocabulary."""
    weights = vector_to_array(F.col("topicDistribution"))
    # Sorted by weight, equal ones by number.
    ranked = F.sort_array(F.transform(weights, lambda w, i: F.struct(w.alias("weight"), (-i).alias("back"))), asc=False)
    exploded = fitted.model.transform(bags.counts).select(
        "pmid", F.posexplode(F.slice(ranked, 1, _MAX_TOPICS)).alias("place", "one")
    )
    of_topic = F.array(*map(F.lit, themes.of_topic))
    topic = (-F.col("one.back")).cast("int")
    return exploded.where(f"one.weight > 0 AND (place = 0 OR one.weight >= {_MIN_WEIGHT})").select(
        "pmid",
        (F.col("place") + 1).alias("rank"),
        topic.alias("topic"),
        F.get(of_topic, topic).alias("theme"),
        F.round("one.weight", 6).alias("weight"),
    )


def _write_topics(
    spark: SparkSession, storage: Storage, id_: str, bags: Bags, fitted: Fitted, themes: Themes
) -> list[dict[str, Any]]:
    """The rows of ``topics``, each with its ``terms``."""
    placed = tables.read_table(spark, storage, id_, "document_topics").where("rank = 1")
    n_first = {row.topic: row["count"] for row in placed.groupBy("topic").count().collect()}
    tops = fitted.top_terms(N_TERMS)
    names = [[bags.words[column] for column in top] for top in tops]
    shares = [n_first.get(topic, 0) / max(1, bags.n_documents) for topic in range(len(tops))]
    theme_names = _theme_names(bags, fitted, themes, shares)
    topics = [
        {
            "topic": topic,
            "theme": themes.of_topic[topic],
            "name": ", ".join(names[topic][:_NAME_TERMS]),
            "theme_name": theme_names[themes.of_topic[topic]],
            "n_documents": n_first.get(topic, 0),
            "share": round(shares[topic], 6),
            "coherence": fitted.coherence[topic],
        }
        for topic in range(len(tops))
    ]
    terms = [
        (topic, rank, bags.words[column], round(float(fitted.term_weights[topic, column]), 6))
        for topic, top in enumerate(tops)
        for rank, column in enumerate(top, start=1)
    ]
    rows = [tuple(topic[field.name] for field in tables.TOPICS) for topic in topics]
    tables.write_table(storage, id_, "topics", table_of(spark, rows, tables.TOPICS).coalesce(1))
    tables.write_table(storage, id_, "topic_terms", table_of(spark, terms, tables.TOPIC_TERMS).coalesce(1))
    return [{**topic, "terms": names[topic["topic"]]} for topic in topics]


def _theme_names(bags: Bags, fitted: Fitted, themes: Themes, shares: list[float]) -> dict[int, str]:
    """The most probable words of a theme, its topics counted by their documents."""
    found = {}
    for theme in sorted(set(themes.of_topic)):
        members = [topic for topic, one in enumerate(themes.of_topic) if one == theme]
        # A theme without documents has words, too.
        weights = np.asarray([shares[topic] + 1e-9 for topic in members]) @ fitted.term_weights[members]
        words = np.argsort(-weights, kind="stable")[:_NAME_TERMS]
        found[theme] = ", ".join(bags.words[column] for column in words)
    return found


def _themes(topics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    themes = []
    for theme in sorted({topic["theme"] for topic in topics}):
        members = [topic for topic in topics if topic["theme"] == theme]
        themes.append(
            {
                "theme": theme,
                "name": members[0]["theme_name"],
                "topics": [topic["topic"] for topic in members],
                "n_documents": sum(topic["n_documents"] for topic in members),
                "share": round(sum(topic["share"] for topic in members), 6),
            }
        )
    return themes


def _over_time(spark: SparkSession) -> dict[str, Any]:
    """Documents of each theme by year, and the pairs most documents of each theme relate."""
    by_year = spark.sql(
        "SELECT d.year, t.theme, count(*) AS n FROM document_topics t JOIN documents d ON d.pmid = t.pmid"
        " WHERE t.rank = 1 AND d.year IS NOT NULL GROUP BY d.year, t.theme ORDER BY d.year, t.theme"
    ).collect()
    pairs = spark.sql(
        f"""
        SELECT * FROM (
          SELECT theme, entity_1_id, min(entity_1_text) AS one, entity_2_id, min(entity_2_text) AS other,
            sum(n_documents) AS n, min(year) AS first_year, max(year) AS last_year,
            row_number() OVER (PARTITION BY theme ORDER BY sum(n_documents) DESC, entity_1_id, entity_2_id) AS place
          FROM theme_pairs GROUP BY theme, entity_1_id, entity_2_id
        ) WHERE place <= {_SHOWN_PAIRS} ORDER BY theme, place"""
    ).collect()
    return {
        "by_year": [tuple(row) for row in by_year],
        "pairs": [{name: row[name] for name in row.asDict() if name != "place"} for row in pairs],
    }
