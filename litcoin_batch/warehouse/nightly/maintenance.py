"""What keeps a warehouse in order between the nights: readers see each as one change, or none."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.inference.checkpointed_inference import annotate_in_slices
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.workers import Loader
from litcoin_batch.warehouse.nightly.pairs import keep_pairs
from litcoin_batch.warehouse.nightly.revisions import ANNOTATION, DOCUMENT, texts_of, without
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.nightly.states import what_text
from litcoin_batch.warehouse.tables.declared import BY_MODEL, OTHERS, PAIR
from litcoin_batch.warehouse.tables.log import COMPACT, ROLL_BACK, ROLL_OUT, State, state_of
from litcoin_batch.warehouse.tables.schemas import LONG, STRING, columns

# Rows of each table are read in this order.
_ORDER = {
    "rejects": ("source", "record", "reason"),
    "files": ("source", "run_number"),
    "retired": ("kind", "pmid"),
    "retired_pairs": PAIR,
}
_BY_PMID = ("pmid", "source", "record")
_TEXT = columns(pmid=LONG, title=STRING, abstract=STRING)


def compact(run: Run) -> State:
    """Rewrite every table in files of a good size, sorted, without the rows that readers no longer see.

    Afterwards a table is what readers see of it, without any view. What is known of older versions and deletions goes
    to ``history``, as a late file may ask for it.
    """
    parent, stored = _committed(run), run.stored
    run.begin({"work": COMPACT})
    retired = stored.read("retired")
    named = (file.model_id for table in BY_MODEL for file in run.log.files(parent, table))
    relations = stored.empty("relations")
    for model_id in sorted({name for name in named if name is not None}) or [parent.model_id]:
        rows = without(stored.read("annotations", model_id).where(F.col("model_id") == model_id), retired, ANNOTATION)
        kept = run.keep_annotations(rows, model_id, n_bytes=max(map(stored.n_bytes, BY_MODEL)), stamp=False)
        if model_id == parent.model_id:
            relations = kept["relations"]
    documents = _marked(stored.read_documents(), retired)
    n_bytes = stored.n_bytes("documents") + stored.n_bytes("history")
    current = run.keep("documents", documents.where("is_current"), _BY_PMID, n_bytes=n_bytes, stamp=False)
    keep_pairs(run, relations, current, n_bytes=stored.n_bytes("relations"))
    run.keep("history", documents.where("NOT is_current"), _BY_PMID, n_bytes=n_bytes, stamp=False)
    for table, order in _ORDER.items():
        rows = stored.read(table)
        run.keep(table, rows.limit(0) if table.startswith("retired") else rows, order, stamp=False)
    return run.commit(run.record({"work": COMPACT}), replace=True)


def _marked(documents: DataFrame, retired: DataFrame) -> DataFrame:
    """What ``retired`` says of documents, said by themselves."""
    gone = (
        retired.where(F.col("kind") == DOCUMENT)
        .select("pmid", F.col("written_by").alias("run_id"), F.lit(True).alias("gone"))
        .distinct()
    )
    marked = documents.join(gone, ["pmid", "run_id"], "left")
    return marked.withColumn("is_current", F.col("is_current") & F.col("gone").isNull()).drop("gone")


def vacuum(run: Run, n_runs: int) -> list[str]:
    """Delete every file that is needed neither now nor to roll back to one of the newest ``n_runs`` runs; returns
    what was deleted.
    """
    parent = _committed(run)
    run.begin({"work": "vacuum"})
    run.abandon()
    rows = run.log.runs()
    kept = [state_of(rows[: number + 1]) for number in range(len(rows))][-n_runs:]
    return run.log.vacuum([parent, *kept])


def roll_back(run: Run, to: str) -> State:
    """Make the tables what they were after run ``to``; what later nights applied will be applied again.

    Raises ``ConfigError`` where that run is not known, or one of its files is gone.
    """
    parent = _committed(run)
    target = run.log.state_after(to)
    gone = run.log.missing(target)
    if gone:
        raise ConfigError(f"rollback to {to!r}: {len(gone)} of its files are gone, {gone[0]} first")
    run.begin({"work": ROLL_BACK, "to": to})
    facts = {"work": ROLL_BACK, "model_id": target.model_id, "vocabulary_id": target.vocabulary_id}
    row = run.record(
        {
            **facts,
            "baseline": target.baseline,
            "tables": {table: version for table, version in target.versions.items() if table in OTHERS},
        }
    )
    older = [one for one in run.log.runs() if one["run_number"] <= target.number]
    return run.put_back([*older, {**row, "run_number": parent.number + 1}])


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

    Once none is missing, but for those that it failed on, a row of ``runs`` names the new model: readers change from the
    one to the other in one step. ``failed``: what an earlier part of this rollout could not annotate.
    """
    parent = _committed(run)
    if parent.model_id == model_id:
        return Rollout(0, 0, True)
    run.begin({"work": ROLL_OUT, "model_id": model_id, "failed": sorted(failed)})
    retired = run.stored.read("retired")
    documents = _current_documents(run)
    own = run.stored.read("annotations", model_id).where(F.col("model_id") == model_id)
    done = without(own, retired, ANNOTATION).select("pmid", "text_sha256")
    missing = texts_of(documents.withColumn("text", what_text()), annotate_titles).join(
        done, ["pmid", "text_sha256"], "left_anti"
    )
    if failed:
        missing = missing.where(~F.col("pmid").isin(*failed))
    n_missing = missing.count()
    if not n_missing:
        others = {t: [f for f in run.log.files(parent, t) if f.model_id not in (None, model_id)] for t in BY_MODEL}
        relations = run.stored.read("relations", model_id).where(F.col("model_id") == model_id)
        keep_pairs(run, without(relations, retired, ANNOTATION), documents, n_bytes=run.stored.n_bytes("relations"))
        drop = {**others, **{table: run.log.files(parent, table) for table in ("pairs", "retired_pairs")}}
        run.commit(run.record({"work": ROLL_OUT, "model_id": model_id}), drop=drop)
        return Rollout(0, 0, True, failed)
    chosen = missing.orderBy("pmid").limit(n_documents).select("pmid")
    due = run.stage("due", documents.join(chosen, "pmid", "left_semi").select(*_TEXT.names), _TEXT)
    annotated = annotate_in_slices(run, due, loader, None, limits)  # type: ignore[arg-type]
    fresh = annotated.where("error IS NULL").drop("error").withColumn("run_id", F.lit(run.run_id))
    run.keep_annotations(fresh, model_id, n_bytes=run.staged_bytes("annotate"))
    lost = frozenset(row.pmid for row in annotated.where("error IS NOT NULL").select("pmid").collect())
    n_done = due.count()
    run.commit(run.record({"work": ROLL_OUT}))
    return Rollout(n_missing - n_done, n_done, False, failed | lost)


def _current_documents(run: Run) -> DataFrame:
    documents = run.stored.read_documents().where("is_current")
    return without(documents, run.stored.read("retired"), DOCUMENT)


def _committed(run: Run) -> State:
    if not run.parent.number:
        raise ConfigError(f"warehouse {run.warehouse}: no committed run in it; litcoin-batch annotate makes one")
    return run.parent
