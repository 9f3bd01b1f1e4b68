"""Which record of each citation counts, and what changes in the warehouse for it: over keys, texts are joined at the end.

The records of a run and the stored ones of the same PMIDs stand side by side (``schemas.KEYS``), and each gets a state
(``states``); with the annotations that are stored, what becomes of each follows from it (``schemas.DECISIONS``).

Nothing is rewritten: rows are added, and those that become obsolete are named in the table ``retired`` (a tombstone
for the row that one run wrote).
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from litcoin_batch.warehouse.nightly.reading.input_files import Selection
from litcoin_batch.warehouse.nightly.states import (
    CARRY,
    CURRENT,
    DUE,
    KEEP,
    KEPT,
    OBSOLETE,
    REJECTED,
    RESTORED,
    duplicate,
    excerpt,
    fate,
    has_text,
    n_chars,
    state,
    too_long,
    what_text,
)
from litcoin_batch.warehouse.tables.schemas import (
    DECISIONS,
    DOCUMENTS,
    HELD,
    KEYS,
    LONG,
    STRING,
    columns,
    conform,
    table_of,
)
from litcoin_batch.warehouse.tables.stored import Stored

# Kinds of rows in ``retired``.
DOCUMENT, ANNOTATION = "document", "annotation"

_ISSUES = columns(source=STRING, run_number=LONG)
_IDENTITY = ("pmid", "source", "run_number", "record")
_OF_RECORDS = ("pmid", "version", "path", "source", "source_order", "record", "deleted", "text_sha256")


def keys_of(records: DataFrame, run_number: int, max_text_chars: int) -> DataFrame:
    """``KEYS`` of ``records`` (``schemas.RECORDS``) that could be read, without their states.

    ``reason``: why a record cannot be used all the same: the same file has its PMID and version again after it, or its
    text is longer than ``max_text_chars``.
    """
    narrow = records.where("reason IS NULL").select(*_OF_RECORDS, what_text().alias("text"), n_chars().alias("n_chars"))
    same = Window.partitionBy("pmid", "path", "version", "deleted")
    reasons = F.coalesce(duplicate(F.max("record").over(same)), too_long(max_text_chars))
    rest = {
        "reason": F.when(~F.col("deleted"), reasons),
        "run_number": F.lit(run_number).cast("bigint"),
        "written_by": F.lit(None).cast("string"),
        "is_visible": F.lit(False),
        "is_void": F.lit(False),
        "state": F.lit(None).cast("string"),
    }
    return conform(narrow.withColumns(rest), KEYS)


def known_keys(stored: Stored, selection: Selection, new: DataFrame, run_number: int) -> DataFrame:
    """``KEYS`` of the stored records of the PMIDs that ``new`` touches.

    Where a new baseline replaces everything, only what is not NLM's stays: collections of the user's own.
    """
    documents = stored.read_documents().select(
        *_IDENTITY, "version", "source_order", "deleted", "text_sha256", "is_current", "run_id"
    )
    documents = documents.withColumnRenamed("run_id", "written_by")
    if selection.replaces:
        documents = documents.where("source_order IS NULL")
    else:
        # A new issue of a file touches what the earlier one held, too.
        again = [i.source for i in selection.to_read if i.status == "changed" and i.order is not None]
        pmids = new.select("pmid")
        if again:
            pmids = pmids.unionAll(documents.where(F.col("source").isin(again)).select("pmid"))
        documents = documents.join(pmids.distinct(), "pmid", "left_semi")
    known = documents.join(_retired(stored, DOCUMENT), ["pmid", "written_by"], "left")
    known = known.join(F.broadcast(_issues(stored, selection, run_number)), "source", "left")
    nothing = {name: F.lit(None).cast("string") for name in ("path", "text", "reason", "state")}
    return conform(
        known.withColumns(
            {
                **nothing,
                "n_chars": F.lit(None).cast("int"),
                "is_visible": F.col("is_current") & F.col("is_retired").isNull(),
                # Another issue of its file has replaced it.
                "is_void": (F.col("run_number") < F.col("newest_issue")).eqNullSafe(True),
            }
        ),
        KEYS,
    )


def _issues(stored: Stored, selection: Selection, run_number: int) -> DataFrame:
    """Of NLM's files, the run that applied the newest issue of each."""
    files = stored.read("files").where("source_order IS NOT NULL").select("source", "run_number")
    tonight = [(i.source, run_number) for i in selection.to_read if i.order is not None]
    every = files.unionAll(table_of(stored.spark, tonight, _ISSUES))
    return every.groupBy("source").agg(F.max("run_number").alias("newest_issue"))


def _retired(stored: Stored, kind: str) -> DataFrame:
    retired = stored.read("retired").where(F.col("kind") == kind)
    return retired.select("pmid", "written_by", F.lit(True).alias("is_retired")).distinct()


def decide(keys: DataFrame) -> DataFrame:
    """``KEYS`` with their states.

    At most one record of a PMID is current: of those that no later instruction deletes, the one of the highest
    version, else of the later file in NLM's order, else of the later run, else the later record.
    """
    of_pmid = Window.partitionBy("pmid")
    arrival = F.struct(F.coalesce("source_order", F.lit(0)).alias("file"), "run_number", "source", "record")
    usable = F.col("reason").isNull() & ~F.col("is_void")
    deletion = F.max(F.when(usable & F.col("deleted"), F.col("arrival"))).over(of_pmid)
    alive = usable & ~F.col("deleted") & (F.col("deletion").isNull() | (F.col("arrival") > F.col("deletion")))
    # A row that was copied forward is the same record twice: what readers see already comes first.
    copy = F.struct("is_visible", F.coalesce("written_by", F.lit("")))
    ranked = (
        keys.withColumn("arrival", arrival)
        .withColumn("deletion", deletion)
        .withColumn("rank", F.when(alive, F.struct("version", "arrival", copy.alias("copy"))))
    )
    is_current = (F.col("rank") == F.max("rank").over(of_pmid)).eqNullSafe(True)
    return conform(ranked.withColumn("is_current", is_current).withColumn("state", state()), KEYS)


def without(rows: DataFrame, retired: DataFrame, kind: str) -> DataFrame:
    """The rows of pmid and run that ``retired`` does not name."""
    gone = retired.where(F.col("kind") == kind).select("pmid", F.col("written_by").alias("run_id"))
    return rows.join(gone, ["pmid", "run_id"], "left_anti")


def restored(stored: Stored, keys: DataFrame) -> DataFrame:
    """The stored documents that come back, whole (``schemas.DOCUMENTS``)."""
    again = keys.where(F.col("state") == RESTORED).select(*_IDENTITY, F.col("written_by").alias("run_id"))
    rows = stored.read_documents().join(F.broadcast(again), [*_IDENTITY, "run_id"], "left_semi")
    return conform(rows.withColumn("is_current", F.lit(True)), DOCUMENTS)


def texts_of(rows: DataFrame, annotate_titles: bool) -> DataFrame:
    """Pmid and text_sha256 of the rows (``KEYS``) that have something to annotate."""
    return rows.where(has_text(annotate_titles)).select("pmid", "text_sha256")


def held(stored: Stored, keys: DataFrame, *, replaces: bool) -> DataFrame:
    """Stored annotations, of all models, of the PMIDs whose current record changes (``schemas.HELD``)."""
    annotations = stored.read("annotations").select(
        "pmid", "text_sha256", "model_id", F.col("run_id").alias("written_by")
    )
    touched = keys.groupBy("pmid").agg(F.bool_or(F.col("state") == KEPT).alias("same"))
    if replaces:
        annotations = annotations.join(touched.where("same").select("pmid"), "pmid", "left_anti")
    else:
        annotations = annotations.join(touched.where("NOT same").select("pmid"), "pmid", "left_semi")
    known = annotations.join(_retired(stored, ANNOTATION), ["pmid", "written_by"], "left")
    return conform(known.withColumn("is_visible", F.col("is_retired").isNull()), HELD)


def decisions(
    records: DataFrame, keys: DataFrame, restored: DataFrame, held: DataFrame, model_id: str, annotate_titles: bool
) -> DataFrame:
    """``DECISIONS`` before the model: a row for each of the ``records`` and of the documents that come back."""
    told = keys.where("written_by IS NULL").withColumn("is_restored", F.lit(False)).drop("written_by")
    back = restored.select(
        *_IDENTITY,
        "text_sha256",
        F.col("source").alias("path"),
        n_chars().alias("n_chars"),
        what_text().alias("text"),
        F.lit(CURRENT).alias("state"),
        F.lit(True).alias("is_restored"),
    )
    rows = told.unionByName(back, allowMissingColumns=True)
    own = (
        held.where(F.col("model_id") == model_id)
        .groupBy("pmid", "text_sha256")
        .agg(F.bool_or("is_visible").alias("kept"), F.max("written_by").alias("written_by"))
    )
    is_current = F.col("state") == CURRENT
    known = F.when(F.col("kept"), KEEP).when(F.col("written_by").isNotNull(), CARRY).otherwise(DUE)
    decided = (
        rows.join(own, ["pmid", "text_sha256"], "left")
        .withColumn("step", F.when(is_current & has_text(annotate_titles), known))
        .withColumns({"is_current": is_current, "fate": fate()})
    )
    nothing = {"run_number": "bigint", "n_chars": "int", "step": "string", "written_by": "string"}
    unread = records.where("reason IS NOT NULL").withColumns(
        {
            **{name: F.lit(None).cast(kind) for name, kind in nothing.items()},
            "fate": F.lit(REJECTED),
            **{name: F.lit(False) for name in ("is_current", "is_restored")},
        }
    )
    return conform(decided, DECISIONS).unionAll(conform(unread, DECISIONS))


def retire(keys: DataFrame, held: DataFrame, decisions: DataFrame) -> DataFrame:
    """``schemas.RETIRED`` without the run's id."""
    documents = keys.where(F.col("state") == OBSOLETE).select(F.lit(DOCUMENT).alias("kind"), "pmid", "written_by")
    wanted = decisions.where("step IS NOT NULL").select("pmid", "text_sha256")
    annotations = held.where("is_visible").join(wanted, ["pmid", "text_sha256"], "left_anti")
    return documents.unionAll(annotations.select(F.lit(ANNOTATION).alias("kind"), "pmid", "written_by"))


def carried(stored: Stored, decisions: DataFrame, model_id: str) -> DataFrame:
    """The annotations of texts that come back, still under the run that wrote them."""
    back = decisions.where(F.col("step") == CARRY).select("pmid", F.col("written_by").alias("run_id"))
    own = stored.read("annotations", model_id).where(F.col("model_id") == model_id)
    return own.join(F.broadcast(back), ["pmid", "run_id"], "left_semi")


def settle(decisions: DataFrame, annotated: DataFrame) -> DataFrame:
    """``DECISIONS`` after the model: what it could not annotate is rejected, its error being the reason."""
    failed = annotated.where("error IS NOT NULL").select("pmid", "error")
    is_failed = (F.col("step") == DUE) & F.col("error").isNotNull()
    settled = decisions.join(F.broadcast(failed), on="pmid", how="left").withColumns(
        {
            "reason": F.when(is_failed, F.col("error")).otherwise(F.col("reason")),
            "fate": F.when(is_failed, F.lit(REJECTED)).otherwise(F.col("fate")),
        }
    )
    return conform(settled, DECISIONS)


def join_texts(decisions: DataFrame, records: DataFrame, restored: DataFrame) -> DataFrame:
    """Whole citations, of what was read and of what comes back, with what was decided of them; what could not be read is not here."""
    decided = ("fate", "reason", "run_number", "is_current")
    told = decisions.where("NOT is_restored").select("path", "record", *decided)
    new = records.where("reason IS NULL").drop("reason", "excerpt").join(told, ["path", "record"]).drop("path")
    back = restored.drop("run_id", *decided).join(decisions.where("is_restored").select("pmid", *decided), "pmid")
    return new.unionByName(back)


def due(decisions: DataFrame, records: DataFrame, restored: DataFrame) -> DataFrame:
    """The documents that the model is to annotate: pmid, title, abstract."""
    return join_texts(decisions.where(F.col("step") == DUE), records, restored).select("pmid", "title", "abstract")


def documents(settled: DataFrame, records: DataFrame, restored: DataFrame) -> DataFrame:
    """``schemas.DOCUMENTS`` without the run's id; what the model failed on is the newest text all the same."""
    return join_texts(settled.where((F.col("fate") != REJECTED) | (F.col("step") == DUE)), records, restored)


def rejects(settled: DataFrame, records: DataFrame, restored: DataFrame) -> DataFrame:
    """``schemas.REJECTS`` without the run's id: what could not be read, what cannot be used, what the model failed on."""
    columns = ("source", "record", "reason", "excerpt")
    refused = join_texts(settled.where(F.col("fate") == REJECTED), records, restored)
    return (
        records.where("reason IS NOT NULL")
        .select(*columns)
        .unionAll(refused.withColumn("excerpt", excerpt()).select(*columns))
    )
