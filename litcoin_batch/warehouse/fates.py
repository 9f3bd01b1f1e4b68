"""What becomes of each record: flag first, split afterwards, and count what was split."""

from __future__ import annotations

from collections import Counter

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.ingest import EXCERPT_CHARS
from litcoin_batch.warehouse.tables import FATES, FLAGGED, conform


def flag_records(records: DataFrame, *, max_text_chars: int, annotate_titles: bool) -> DataFrame:
    """``tables.RECORDS`` with the fate of each (``tables.FLAGGED``), in the order the rules apply:

    - rejected: unreadable; or a later record of the same file has the same PMID and version; or the
      text is longer than ``max_text_chars``;
    - deleted: the record is an instruction to delete;
    - superseded: another record of these inputs replaces it (a higher version, else the later file in
      NLM's order, else the later record), or a later instruction deletes it;
    - without_text: nothing to annotate (a title alone counts only with ``annotate_titles``);
    - annotated: the rest, at most one record for each PMID.
    """
    readable = _flag_long(_flag_duplicates(records.where("reason IS NULL").repartition("pmid")), max_text_chars)
    has_text = F.col("title").isNotNull() if annotate_titles else F.lit(False)
    fate = (
        F.when(F.col("reason").isNotNull(), "rejected")
        .when(F.col("deleted"), "deleted")
        .when(~F.col("is_current"), "superseded")
        .when(F.col("abstract").isNotNull() | has_text, "annotated")
        .otherwise("without_text")
    )
    flagged = conform(_flag_current(readable).withColumn("fate", fate), FLAGGED)
    unreadable = conform(records.where("reason IS NOT NULL").withColumn("fate", F.lit("rejected")), FLAGGED)
    return flagged.unionByName(unreadable)


def _flag_duplicates(records: DataFrame) -> DataFrame:
    same = Window.partitionBy("pmid", "path", "version", "deleted")
    reason = F.format_string(
        "duplicate: PMID %d version %d comes again as record %d of the same file",
        F.col("pmid"),
        F.col("version"),
        F.col("last"),
    )
    return records.withColumn("last", F.max("record").over(same)).withColumn(
        "reason", F.when(~F.col("deleted") & (F.col("record") < F.col("last")), reason)
    )


def _flag_long(records: DataFrame, max_text_chars: int) -> DataFrame:
    n_chars = _n_chars()
    reason = F.format_string("text has %d characters, more than the limit of %d", n_chars, F.lit(max_text_chars))
    flagged = records.withColumn(
        "reason", F.coalesce("reason", F.when(~F.col("deleted") & (n_chars > max_text_chars), reason))
    )
    text = F.concat_ws(" ", "title", "abstract")
    return flagged.withColumn("excerpt", F.when(F.col("reason").isNotNull(), F.substring(text, 1, EXCERPT_CHARS)))


def _n_chars() -> Column:
    """Code points of title, one space, abstract: ``Document.text``."""
    return F.length(F.coalesce("title", F.lit(""))) + 1 + F.length(F.coalesce("abstract", F.lit("")))


def _flag_current(records: DataFrame) -> DataFrame:
    """``is_current`` marks at most one record of each PMID; the view ``documents`` applies the same rule."""
    of_pmid = Window.partitionBy("pmid")
    arrival = F.struct(F.coalesce("source_order", F.lit(0)).alias("file"), "path", "record")
    usable = F.col("reason").isNull()
    alive = usable & ~F.col("deleted") & (F.col("arrival") > F.col("deletion")).eqNullSafe(True)
    return (
        records.withColumn("arrival", arrival)
        .withColumn("deletion", F.max(F.when(F.col("deleted"), F.col("arrival"))).over(of_pmid))
        .withColumn("alive", F.when(F.col("deletion").isNull(), usable & ~F.col("deleted")).otherwise(alive))
        .withColumn("rank", F.struct("version", "arrival"))
        .withColumn("newest", F.max(F.when(F.col("alive"), F.col("rank"))).over(of_pmid))
        .withColumn("is_current", F.col("alive") & (F.col("rank") == F.col("newest")))
    )


def due(flagged: DataFrame) -> DataFrame:
    """The documents that the model is to annotate."""
    return flagged.where(F.col("fate") == "annotated").select("pmid", "title", "abstract")


def settle(flagged: DataFrame, annotated: DataFrame) -> DataFrame:
    """``flagged`` after the model: what it could not annotate is rejected, its error being the reason.

    ``is_document`` stays true for those: the model failed on the newest text, which is the newest all the same.
    """
    failed = annotated.where("error IS NOT NULL").select("pmid", "error")
    is_failed = (F.col("fate") == "annotated") & F.col("error").isNotNull()
    text = F.concat_ws(" ", "title", "abstract")
    return flagged.join(F.broadcast(failed), on="pmid", how="left").select(
        *(name for name in flagged.columns if name not in ("reason", "excerpt", "fate")),
        F.when(is_failed, F.col("error")).otherwise(F.col("reason")).alias("reason"),
        F.when(is_failed, F.substring(text, 1, EXCERPT_CHARS)).otherwise(F.col("excerpt")).alias("excerpt"),
        F.when(is_failed, F.lit("rejected")).otherwise(F.col("fate")).alias("fate"),
        (F.col("fate") != "rejected").alias("is_document"),
    )


def tally(settled: DataFrame) -> dict[str, Counter[str]]:
    """Source -> number of records of each fate."""
    counts: dict[str, Counter[str]] = {}
    for source, fate, n in settled.groupBy("source", "fate").count().orderBy("source").collect():
        counts.setdefault(source, Counter())[fate] = n
    return counts


def check_counts(counts: dict[str, Counter[str]], found: dict[str, int]) -> None:
    """Every record read has a fate and every fate its rows, else ``ContractError``.

    ``found``: rows counted in the written tables, and ``records``, the rows that reading gave.
    """
    total = sum(counts.values(), Counter())
    expected = {
        "records": total.total(),
        "annotations": total["annotated"],
        "rejects": total["rejected"],
    }
    wrong = [f"{name}: {found[name]} rows, {n} by fate" for name, n in expected.items() if found[name] != n]
    unknown = sorted(set(total) - set(FATES))
    if wrong or unknown:
        raise ContractError("counts do not add up, nothing is published: " + "; ".join(wrong + unknown))
