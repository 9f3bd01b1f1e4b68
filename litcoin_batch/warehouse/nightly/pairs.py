"""What all documents together say of two concepts, kept up night by night: the table ``pairs``.

A pair that a night touches is computed anew, from all relations that readers see of it once the night is committed, and its
row of before is named in ``retired_pairs``. So the rows after any nights are those that one computation of everything gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import LOCAL_PREFIX
from litcoin_batch.warehouse.nightly.revisions import ANNOTATION, DOCUMENT, without
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.concurrency import run_concurrently
from litcoin_batch.warehouse.tables.declared import PAIR, PAIRS
from litcoin_batch.warehouse.tables.log import DataFile
from litcoin_batch.warehouse.tables.schemas import REPORTS, TOUCHED, conform
from litcoin_batch.warehouse.tables.stored import Stored

TABLES = ("pairs", "retired_pairs")
# Logarithms are added as whole numbers of this size: the sum is the same in whatever order.
_UNIT = 1e-9
# A score of exactly 1 would be certainty, whose logarithm does not exist.
_SUREST = 0.999999
# What is sent to every task instead of being shuffled.
_SMALL_BYTES = 32 << 20


def noisy_or(score: str) -> Column:
    """The probability that at least one of the reports is right, were they independent: 1 - (1 - s1)(1 - s2)...

    >>> rows = [("a", 0.5), ("a", 0.5), ("b", 0.9), ("c", 1.0)]
    >>> scores = spark.createDataFrame(rows, "pair string, score double")
    >>> scores.groupBy("pair").agg(F.round(noisy_or("score"), 6).alias("score")).orderBy("pair").show()
    +----+--------+
    |pair|   score|
    +----+--------+
    |   a|    0.75|
    |   b|     0.9|
    |   c|0.999999|
    +----+--------+
    <BLANKLINE>
    """
    missed = F.round(F.log1p(-F.least(F.col(score), F.lit(_SUREST))) / _UNIT).cast("bigint")
    return 1 - F.exp(F.sum(missed) * _UNIT)


def across_documents(relations: DataFrame) -> DataFrame:
    """Without those of concepts that are local to their document."""
    return relations.where(
        ~F.col("entity_1_id").startswith(LOCAL_PREFIX) & ~F.col("entity_2_id").startswith(LOCAL_PREFIX)
    )


def pairs_of(relations: DataFrame, documents: DataFrame) -> DataFrame:
    """``PAIRS`` but for the run: of ``relations`` that readers see, all of one model, and their ``documents``.

    The report with the highest score, of several the one with the lowest PMID, says how the concepts are called there
    and what its first sentence of evidence is.
    """
    said = {name: F.col(name) for name in ("entity_1_type", "entity_1_text", "entity_2_type", "entity_2_text")}
    said |= {name: F.col(name) for name in ("model_id", "vocabulary_id")}
    said |= {
        "best_score": F.col("score"),
        "best_pmid": F.col("pmid"),
        "best_evidence": F.get("evidence.text", F.lit(0)),
    }
    reports = across_documents(relations).select(
        "pmid",
        *PAIR,
        "score",
        "novel",
        F.struct(*(column.alias(name) for name, column in said.items())).alias("said"),
    )
    found = (
        reports.join(documents.select("pmid", "year"), "pmid", "left")
        .groupBy(*PAIR)
        .agg(
            F.count("*").alias("n_documents"),
            F.min("year").alias("first_year"),
            F.max("year").alias("last_year"),
            F.avg(F.col("novel").cast("int")).alias("novel_share"),
            noisy_or("score").alias("score"),
            F.max_by("said", F.struct(F.col("score"), -F.col("pmid"))).alias("said"),
        )
    )
    return found.select("*", "said.*").drop("said")


def keep_pairs(run: Run, relations: DataFrame, documents: DataFrame, *, n_bytes: int) -> DataFrame:
    """Keep the pairs of these relations as rows of the run. ``n_bytes``: about how much the relations are."""
    names = [name for name in PAIRS if name != "run_id"]
    # A pair has fewer sentences than its relations.
    return run.keep("pairs", pairs_of(relations, documents).select(*names), PAIR, n_bytes=n_bytes // 2)


def renew(run: Run, model_id: str, kept: Mapping[str, DataFrame], *, replaces: bool) -> dict[str, tuple[DataFile, ...]]:
    """Keep the pairs that a night changes; returns the files that the tables have no more.

    ``kept``: what the night has written. ``replaces``: a new baseline takes the place of all that NLM published before,
    so that all pairs are computed anew.
    """
    stored = run.stored
    retired = stored.read("retired").unionByName(kept["retired"])
    own = stored.read("relations", model_id).where(F.col("model_id") == model_id)
    relations = own.unionByName(kept["relations"])
    documents = stored.read_documents().where("is_current")
    if replaces:
        documents = documents.where("source_order IS NULL")
    documents = documents.unionByName(kept["documents"].where("is_current"))
    if replaces or not stored.has("pairs"):
        n_bytes = stored.n_bytes("relations") + run.staged_bytes(f"relations/{model_id}")
        seen = without(relations, retired, ANNOTATION), without(documents, retired, DOCUMENT)
        keep_pairs(run, *seen, n_bytes=n_bytes)
        return {table: run.log.files(run.parent, table) for table in TABLES}

    touched = run.stage("touched_pairs", _touched(own, kept), TOUCHED)
    touched = _spread(touched, run.staged_bytes("touched_pairs"))
    compute = partial(_compute, run, touched, relations, documents, retired)
    retire = partial(run.keep, "retired_pairs", _seen_of(stored, touched), PAIR)
    run_concurrently(run.spark, {"pairs": compute, "retired_pairs": retire})
    return {}


def _touched(relations: DataFrame, kept: Mapping[str, DataFrame]) -> DataFrame:
    """``TOUCHED``: the pairs of all documents of which a night has written or retired something."""
    changed = kept["documents"].select("pmid").unionAll(kept["retired"].select("pmid")).distinct()
    before = relations.join(changed, "pmid", "left_semi")
    pairs = across_documents(before.select(*PAIR).unionAll(kept["relations"].select(*PAIR)))
    return conform(pairs.distinct(), TOUCHED)


def _spread(rows: DataFrame, n_bytes: int) -> DataFrame:
    """Few rows go to every task, instead of all rows that they are joined with to the tasks of these."""
    return F.broadcast(rows) if n_bytes < _SMALL_BYTES else rows


def _seen_of(stored: Stored, touched: DataFrame) -> DataFrame:
    """Rows of ``pairs`` that readers see, of these pairs: the pair, and the run that wrote it."""
    gone = stored.read("retired_pairs").select(*PAIR, F.col("written_by").alias("run_id"))
    rows = stored.read("pairs").select(*PAIR, "run_id").join(touched, [*PAIR], "left_semi")
    return rows.join(gone, [*PAIR, "run_id"], "left_anti").withColumnRenamed("run_id", "written_by")


def _compute(run: Run, touched: DataFrame, relations: DataFrame, documents: DataFrame, retired: DataFrame) -> DataFrame:
    """Keep the pairs ``touched`` as these relations and documents have them, but for the rows that are retired."""
    # The few rows first: what is retired grows with the nights, and would have to be compared with every row.
    reports = without(relations.join(touched, [*PAIR], "left_semi"), retired, ANNOTATION)
    reports = run.stage("pair_reports", conform(reports, REPORTS), REPORTS)
    n_bytes = run.staged_bytes("pair_reports")
    pmids = _spread(reports.select("pmid").distinct(), n_bytes)
    theirs = without(documents.join(pmids, "pmid", "left_semi"), retired, DOCUMENT)
    return keep_pairs(run, reports, theirs, n_bytes=n_bytes)
