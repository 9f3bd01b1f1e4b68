"""Which record of each citation counts, and what changes in the warehouse for it: over keys, texts are joined at the end.

The records of a run and the stored ones of the same PMIDs stand side by side (``schemas.KEYS``), and each gets a state
(``states``).

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
    n_chars,
    state,
    too_long,
    what_text,
)
from litcoin_batch.warehouse.tables.schemas import (
    DOCUMENTS,
    FLAGGED,
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
    wanted = ("abstract", "title") if annotate_titles else ("abstract",)
    return rows.where(F.col("text").isin(*wanted)).select("pmid", "text_sha256")


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


def plan(texts: DataFrame, held: DataFrame, model_id: str) -> DataFrame:
    """What each of the ``texts`` (pmid, text_sha256) needs to have its annotation (``schemas.PLAN``)."""
    own = (
        held.where(F.col("model_id") == model_id)
        .groupBy("pmid", "text_sha256")
        .agg(F.bool_or("is_visible").alias("kept"), F.max("written_by").alias("written_by"))
    )
    step = F.when(F.col("kept"), KEEP).when(F.col("written_by").isNotNull(), CARRY).otherwise(DUE)
    return texts.join(own, ["pmid", "text_sha256"], "left").select(
        "pmid", "text_sha256", step.alias("step"), "written_by"
    )


def retire(keys: DataFrame, held: DataFrame, plan: DataFrame) -> DataFrame:
    """``schemas.RETIRED`` without the run's id."""
    documents = keys.where(F.col("state") == OBSOLETE).select(F.lit(DOCUMENT).alias("kind"), "pmid", "written_by")
    wanted = plan.select("pmid", "text_sha256")
    annotations = held.where("is_visible").join(wanted, ["pmid", "text_sha256"], "left_anti")
    return documents.unionAll(annotations.select(F.lit(ANNOTATION).alias("kind"), "pmid", "written_by"))


def carried(stored: Stored, plan: DataFrame, model_id: str) -> DataFrame:
    """The annotations of texts that come back, still under the run that wrote them."""
    back = plan.where(F.col("step") == CARRY).select("pmid", F.col("written_by").alias("run_id"))
    own = stored.read("annotations", model_id).where(F.col("model_id") == model_id)
    return own.join(F.broadcast(back), ["pmid", "run_id"], "left_semi")


def join_texts(records: DataFrame, restored: DataFrame, keys: DataFrame, plan: DataFrame) -> DataFrame:
    """The records of these inputs and the stored documents that come back (``is_restored``), each with its fate
    (``schemas.FLAGGED``).
    """
    steps = plan.select("pmid", "step")
    told = keys.where("written_by IS NULL").join(steps, "pmid", "left")
    told = told.select("path", "record", "run_number", F.col("reason").alias("why"), "state", fate().alias("fate"))
    reason = {"reason": F.col("why"), "excerpt": F.when(F.col("why").isNotNull(), excerpt())}
    new = records.where("reason IS NULL").join(told, ["path", "record"]).withColumns(reason)
    nothing = {name: F.lit(None).cast("string") for name in ("reason", "excerpt")}
    back = restored.join(steps, "pmid", "left").withColumns(
        {**nothing, "path": F.col("source"), "state": F.lit(CURRENT)}
    )
    unread = {"state": F.lit(REJECTED), "fate": F.lit(REJECTED), "run_number": F.lit(None).cast("bigint")}
    parts = (
        (new, False),
        (records.where("reason IS NOT NULL").withColumns(unread), False),
        (back.withColumn("fate", fate()), True),
    )
    flagged = [
        conform(rows.withColumns({"is_restored": F.lit(is_back), "is_current": F.col("state") == CURRENT}), FLAGGED)
        for rows, is_back in parts
    ]
    return flagged[0].unionAll(flagged[1]).unionAll(flagged[2])


def due(flagged: DataFrame) -> DataFrame:
    """The documents that the model is to annotate."""
    return flagged.where(F.col("fate") == "annotated").select("pmid", "title", "abstract")


def settle(flagged: DataFrame, annotated: DataFrame) -> DataFrame:
    """``flagged`` after the model: what it could not annotate is rejected, its error being the reason.

    ``is_document`` stays true for those: the model failed on the newest text, which is the newest all the same.
    """
    failed = annotated.where("error IS NOT NULL").select("pmid", "error")
    is_failed = (F.col("fate") == "annotated") & F.col("error").isNotNull()
    return flagged.join(F.broadcast(failed), on="pmid", how="left").select(
        *(name for name in flagged.columns if name not in ("reason", "excerpt", "fate")),
        F.when(is_failed, F.col("error")).otherwise(F.col("reason")).alias("reason"),
        F.when(is_failed, excerpt()).otherwise(F.col("excerpt")).alias("excerpt"),
        F.when(is_failed, F.lit(REJECTED)).otherwise(F.col("fate")).alias("fate"),
        (F.col("fate") != REJECTED).alias("is_document"),
    )
