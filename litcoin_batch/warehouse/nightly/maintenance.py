"""What keeps a warehouse in order between the nights: each is one snapshot more, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.inference.checkpointed_inference import annotate_in_slices
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.workers import Loader
from litcoin_batch.warehouse.nightly.increments import ANNOTATION, DOCUMENT, texts_of
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.schemas import BY_MODEL, LONG, SCHEMAS, STRING, columns
from litcoin_batch.warehouse.tables.snapshots import Snapshot

# Rows of each table are read in this order.
_ORDER = {
    "documents": ("pmid", "source", "record"),
    "rejects": ("source", "record", "reason"),
    "files": ("source", "run_number"),
    "retired": ("kind", "pmid"),
    "runs": ("run_number",),
}
_TEXT = columns(pmid=LONG, title=STRING, abstract=STRING)


def compact(run: Run) -> Snapshot:
    """Rewrite every table in files of a good size, sorted, without the rows that readers no longer see.

    ``documents`` keeps what it knows of older versions and deletions, as a late file may ask for it.
    """
    parent = _published(run)
    run.begin({"work": "compact"})
    retired = run.stored.read("retired")
    for model_id in sorted({file.model_id for file in parent.files("annotations")}):
        rows = _without(run.stored.read("annotations", model_id), retired, ANNOTATION)
        n_bytes = max(sum(f.n_bytes for f in parent.files(table, model_id)) for table in BY_MODEL)
        run.keep_annotations(rows, model_id, n_bytes=n_bytes, stamp=False)
    for table, order in _ORDER.items():
        rows = run.stored.read(table)
        if table == "documents":
            rows = _without_marks(rows, retired)
        elif table == "retired":
            rows = rows.limit(0)
        run.keep(table, rows, order, n_bytes=parent.n_bytes(table), stamp=False)
    return run.publish(replace(_next(run, parent, "compact"), tables={}))


def _without(rows: DataFrame, retired: DataFrame, kind: str) -> DataFrame:
    gone = retired.where(F.col("kind") == kind).select("pmid", F.col("written_by").alias("run_id"))
    return rows.join(gone, ["pmid", "run_id"], "left_anti")


def _without_marks(documents: DataFrame, retired: DataFrame) -> DataFrame:
    """What ``retired`` says of documents, said by themselves."""
    gone = (
        retired.where(F.col("kind") == DOCUMENT)
        .select("pmid", F.col("written_by").alias("run_id"), F.lit(True).alias("gone"))
        .distinct()
    )
    marked = documents.join(gone, ["pmid", "run_id"], "left")
    return marked.withColumn("is_current", F.col("is_current") & F.col("gone").isNull()).drop("gone")


def retain(run: Run, n_snapshots: int) -> list[str]:
    """Delete all but the newest snapshots and every file that none of them lists; returns what was deleted."""
    parent = _published(run)
    run.begin({"work": "retain"})
    numbers = run.snapshots.numbers()
    kept = [run.snapshots.read(number) for number in numbers[-n_snapshots:]]
    listed = {
        f"{table}/{file.name}" for snapshot in (*kept, parent) for table in SCHEMAS for file in snapshot.files(table)
    }
    # Snapshots first: none must ever list a file that is gone.
    for number in numbers[:-n_snapshots]:
        run.snapshots.delete(number)
    deleted = [f"snapshots/{number:09d}.json" for number in numbers[:-n_snapshots]]
    for table in SCHEMAS:
        for name in run.storage.names(table):
            if f"{table}/{name}" not in listed:
                run.storage.delete(f"{table}/{name}")
                deleted.append(f"{table}/{name}")
    run.abandon()
    return deleted


def rollback(run: Run, to: str) -> Snapshot:
    """Make the tables what they were after run ``to``; what later nights applied will be applied again.

    Raises ``ConfigError`` where that snapshot, or one of its files, is gone.
    """
    parent = _published(run)
    older = [run.snapshots.read(number) for number in run.snapshots.numbers()]
    found = [snapshot for snapshot in older if snapshot.run_id == to]
    if not found:
        known = ", ".join(dict.fromkeys(snapshot.run_id for snapshot in reversed(older)))
        raise ConfigError(f"rollback to {to!r}: no snapshot of that run is kept; there are: {known}")
    target = found[-1]
    gone = [f"{t}/{f.name}" for t in SCHEMAS for f in target.files(t) if not run.storage.exists(f"{t}/{f.name}")]
    if gone:
        raise ConfigError(f"rollback to {to!r}: {len(gone)} of its files are gone, {gone[0]} first")
    run.begin({"work": "rollback", "to": target.number})
    back = _next(run, parent, "rollback")
    return run.publish(replace(back, model_id=target.model_id, baseline=target.baseline, tables=target.tables))


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far a rollout is. ``failed``: PMIDs that the new model could not annotate."""

    n_missing: int
    n_done: int
    is_complete: bool
    failed: frozenset[int] = frozenset()


def roll_out(
    run: Run,
    loader: Loader,
    model_id: str,
    n_documents: int,
    *,
    annotate_titles: bool = False,
    limits: Limits = Limits(),
    failed: frozenset[int] = frozenset(),
) -> Rollout:
    """Annotate the next ``n_documents`` current documents with another model, beside what readers see.

    Once none is missing, but for those that it failed on, the snapshot names the new model: readers change from the
    one to the other in one step. ``failed``: what an earlier part of this rollout could not annotate.
    """
    parent = _published(run)
    if parent.model_id == model_id:
        return Rollout(0, 0, True)
    run.begin({"work": "rollout", "model_id": model_id, "failed": sorted(failed)})
    retired = run.stored.read("retired")
    documents = _without(run.stored.read("documents").where("is_current"), retired, DOCUMENT)
    done = _without(run.stored.read("annotations", model_id), retired, ANNOTATION).select("pmid", "text_sha256")
    missing = texts_of(documents, annotate_titles).join(done, ["pmid", "text_sha256"], "left_anti")
    if failed:
        missing = missing.where(~F.col("pmid").isin(*failed))
    n_missing = missing.count()
    if not n_missing:
        if not parent.files("annotations", model_id):
            run.keep_annotations(run.stored.empty("annotations"), model_id, n_bytes=0)
        tables = {t: tuple(f for f in parent.files(t) if t not in BY_MODEL or f.model_id == model_id) for t in SCHEMAS}
        run.publish(replace(_next(run, parent, "rollout"), model_id=model_id, tables=tables))
        return Rollout(0, 0, True, failed)
    chosen = missing.orderBy("pmid").limit(n_documents).select("pmid")
    due = run.stage("due", documents.join(chosen, "pmid", "left_semi").select(*_TEXT.names), _TEXT)
    annotated = annotate_in_slices(run, due, loader, None, limits)
    fresh = annotated.where("error IS NULL").drop("error").withColumn("run_id", F.lit(run.run_id))
    run.keep_annotations(fresh, model_id, n_bytes=run.staged_bytes("annotate"))
    lost = frozenset(row.pmid for row in annotated.where("error IS NOT NULL").select("pmid").collect())
    n_done = due.count()
    run.publish(_next(run, parent, "rollout"))
    return Rollout(n_missing - n_done, n_done, False, failed | lost)


def status(run: Run) -> dict[str, Any]:
    """What lies in the warehouse, for a person or a monitor; nothing is changed."""
    parent = _published(run)
    tables = {t: {"files": len(parent.files(t)), "bytes": parent.n_bytes(t)} for t in SCHEMAS}
    last = (
        run.stored.read("runs")
        .orderBy(F.desc("run_number"))
        .select("run_id", "finished", "n_records", "n_rejected")
        .first()
    )
    retired = {row["kind"]: row["count"] for row in run.stored.read("retired").groupBy("kind").count().collect()}
    models = sorted({file.model_id for file in parent.files("annotations")})
    documents = _without(run.stored.read("documents").where("is_current"), run.stored.read("retired"), DOCUMENT)
    n_documents, n_failed = documents.select(F.count("*"), F.count(F.when(F.col("fate") == "rejected", 1))).first()
    return {
        "snapshot": parent.number,
        "published": parent.created,
        "reason": parent.reason,
        "model_id": parent.model_id,
        "models_being_rolled_out": [model for model in models if model != parent.model_id],
        "baseline": parent.baseline,
        "snapshots_kept": len(run.snapshots.numbers()),
        "last_run": last.asDict() if last else None,
        "documents": n_documents,
        "documents_the_model_failed_on": n_failed,
        "retired_rows": retired,
        "tables": tables,
    }


def _published(run: Run) -> Snapshot:
    if not run.parent.number:
        raise ConfigError(f"warehouse {run.warehouse}: no committed run in it; litcoin-batch annotate makes one")
    return run.parent


def _next(run: Run, parent: Snapshot, reason: str) -> Snapshot:
    return replace(parent, number=run.number, parent=parent.number, run_id=run.run_id, reason=reason)
