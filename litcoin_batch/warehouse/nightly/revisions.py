"""What becomes of each record: flag first, split afterwards, and count what was split."""

from __future__ import annotations

from collections import Counter

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.nightly.ingest import EXCERPT_CHARS
from litcoin_batch.warehouse.tables.schemas import FATES, FLAGGED, FOLDED, conform

# What is to become of a current text (``increments.plan``).
DUE, KEEP, CARRY = "due", "keep", "carry"


def fold(records: DataFrame, known: DataFrame | None, run_number: int, *, max_text_chars: int) -> DataFrame:
    """``tables.RECORDS`` among the ``known`` records of the same PMIDs (``tables.FOLDED`` and ``is_void``): which
    are current.

    At most one of each PMID is: of those that no later instruction deletes, the one of the highest version,
    else of the later file in NLM's order, else of the later run, else the later record. Unusable are, with the
    reason: what could not be read; a record after which the same file has the same PMID and version
    again; a text longer than ``max_text_chars``. ``is_void``: another issue of its file has replaced it.
    """
    fresh = _flag_long(_flag_duplicates(records.where("reason IS NULL").repartition("pmid")), max_text_chars)
    new = {
        "run_number": F.lit(run_number).cast("bigint"),
        "fate": F.lit(None).cast("string"),
        "written_by": F.lit(None).cast("string"),
    }
    flags = {name: F.lit(False) for name in ("is_known", "is_visible", "is_void")}
    together = fresh.drop("last").withColumns({**new, **flags})
    if known is not None:
        together = together.unionByName(known)
    unreadable = records.where("reason IS NOT NULL").withColumns({**new, **flags, "is_current": F.lit(False)})
    return conform(_flag_current(together), FOLDED).unionByName(conform(unreadable, FOLDED))


def flag(folded: DataFrame, restored: DataFrame, plan: DataFrame) -> DataFrame:
    """``tables.FLAGGED``: records of these inputs and stored documents that come back, each with its fate.

    Documents that come back are those with ``is_restored``. The rules, in the order in which they apply:

    - rejected: there is a reason;
    - deleted: the record is an instruction to delete;
    - superseded: another record replaces it, or a later instruction deletes it;
    - annotated: the model is to annotate it, as ``plan`` (pmid, step) says;
    - unchanged: the model has annotated this text before;
    - without_text: nothing to annotate.
    """
    fate = (
        F.when(F.col("reason").isNotNull(), "rejected")
        .when(F.col("deleted"), "deleted")
        .when(~F.col("is_current"), "superseded")
        .when(F.col("step") == DUE, "annotated")
        .when(F.col("step").isNotNull(), "unchanged")
        .otherwise("without_text")
    )
    missing = {name: F.lit(None).cast("string") for name in ("reason", "excerpt")}
    back = restored.withColumns({**missing, "path": F.col("source"), "is_restored": F.lit(True)})
    new = folded.where("NOT is_known").withColumn("is_restored", F.lit(False))
    names = [field.name for field in FLAGGED if field.name != "fate"]
    rows = new.select(*names).unionAll(back.select(*names))
    return conform(rows.join(plan.select("pmid", "step"), "pmid", "left").withColumn("fate", fate), FLAGGED)


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
    of_pmid = Window.partitionBy("pmid")
    arrival = F.struct(F.coalesce("source_order", F.lit(0)).alias("file"), "run_number", "source", "record")
    usable = F.col("reason").isNull() & ~F.col("is_void")
    deletion = F.max(F.when(usable & F.col("deleted"), F.col("arrival"))).over(of_pmid)
    alive = usable & ~F.col("deleted") & (F.col("deletion").isNull() | (F.col("arrival") > F.col("deletion")))
    # A row that was copied forward is the same record twice: what readers see already comes first.
    copy = F.struct("is_visible", F.coalesce("written_by", F.lit("")))
    return (
        records.withColumn("arrival", arrival)
        .withColumn("deletion", deletion)
        .withColumn("rank", F.when(alive, F.struct("version", "arrival", copy.alias("copy"))))
        .withColumn("is_current", (F.col("rank") == F.max("rank").over(of_pmid)).eqNullSafe(True))
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


def tally(settled: DataFrame) -> tuple[dict[str, Counter[str]], Counter[str]]:
    """Source -> number of records of each fate; and the fates of restored documents."""
    counts: dict[str, Counter[str]] = {}
    restored: Counter[str] = Counter()
    for source, is_restored, fate, n in (
        settled.groupBy("source", "is_restored", "fate").count().orderBy("source").collect()
    ):
        of_source = restored if is_restored else counts.setdefault(source, Counter())
        of_source[fate] += n
    return counts, restored


def check_counts(counts: dict[str, Counter[str]], restored: Counter[str], found: dict[str, int]) -> None:
    """Every record read has a fate and every fate its rows, else ``ContractError``.

    ``found``: rows counted in the written tables; ``records``, the rows that reading gave; ``carried``, the
    annotations that were copied.
    """
    total = sum(counts.values(), Counter())
    written = total + restored
    expected = {
        "records": total.total(),
        "annotations": written["annotated"] + found["carried"],
        "rejects": written["rejected"],
    }
    wrong = [f"{name}: {found[name]} rows, {n} by fate" for name, n in expected.items() if found[name] != n]
    unknown = sorted(set(total) - set(FATES))
    if wrong or unknown:
        raise ContractError("counts do not add up, nothing is published: " + "; ".join(wrong + unknown))
