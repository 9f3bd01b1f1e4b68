"""What a run finds in the warehouse about the PMIDs it touches, and what it has to change there.

Nothing is rewritten: rows are added, and rows that readers must no longer see are named in ``retired``.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.warehouse.nightly.input_files import Selection
from litcoin_batch.warehouse.nightly.revisions import CARRY, DUE, KEEP
from litcoin_batch.warehouse.tables.schemas import DOCUMENTS, FOLDED, HELD, LONG, STRING, columns, conform, table_of
from litcoin_batch.warehouse.tables.stored import Stored

DOCUMENT, ANNOTATION = "document", "annotation"
_ISSUES = columns(source=STRING, run_number=LONG)
_IDENTITY = ("pmid", "source", "run_number", "record")
# Parts of a stored record that tell which is current; texts are wide and not needed for that.
_NARROW = (
    *("pmid", "version", "source", "source_order", "deleted", "text_sha256", "record", "fate", "run_number"),
    *("is_current", "run_id"),
)


@dataclass(frozen=True, slots=True)
class Increment:
    """One run's view of what is stored. ``run_number``: its own."""

    stored: Stored
    selection: Selection
    run_number: int
    model_id: str

    def known(self, records: DataFrame) -> DataFrame | None:
        """Stored records of the PMIDs that ``records`` touches, for ``fates.fold``; None where nothing is stored.

        Where a new baseline replaces everything, only what is not NLM's stays: collections of the user's own.
        """
        if not self.stored.has("documents"):
            return None
        documents = self.stored.read("documents").select(*_NARROW)
        issues = self._issues()
        documents = documents.join(F.broadcast(issues), "source", "left")
        is_void = (F.col("run_number") < F.col("newest_issue")).eqNullSafe(True)
        documents = documents.withColumn("is_void", is_void).drop("newest_issue")
        if self.selection.replaces:
            documents = documents.where("source_order IS NULL")
        else:
            # A new issue of a file touches what the earlier one held, too.
            again = [i.source for i in self.selection.to_read if i.status == "changed" and i.order is not None]
            pmids = records.where("reason IS NULL").select("pmid")
            if again:
                pmids = pmids.unionAll(documents.where(F.col("source").isin(again)).select("pmid"))
            documents = documents.join(pmids.distinct(), "pmid", "left_semi")
        return self._visible(documents)

    def _issues(self) -> DataFrame:
        """Of NLM's files, the run that applied the newest issue of each."""
        files = self.stored.read("files").where("source_order IS NOT NULL").select("source", "run_number")
        tonight = [(i.source, self.run_number) for i in self.selection.to_read if i.order is not None]
        new = table_of(self.stored.spark, tonight, _ISSUES)
        return files.unionAll(new).groupBy("source").agg(F.max("run_number").alias("newest_issue"))

    def _visible(self, documents: DataFrame) -> DataFrame:
        retired = self._retired(DOCUMENT)
        known = documents.withColumnRenamed("run_id", "written_by").join(retired, ["pmid", "written_by"], "left")
        is_visible = F.col("is_current") & F.col("is_retired").isNull()
        # A new baseline leaves no file of the old tables: what stays is written again.
        is_visible = F.lit(False) if self.selection.replaces else is_visible
        if self.selection.replaces:
            known = known.where("is_current AND is_retired IS NULL")
        nothing = {
            field.name: F.lit(None).cast(field.dataType)
            for field in FOLDED
            if field.name not in (*_NARROW, "is_known", "is_visible", "written_by")
        }
        return known.withColumns({**nothing, "is_visible": is_visible, "is_known": F.lit(True)}).drop(
            "is_current", "is_retired"
        )

    def _retired(self, kind: str) -> DataFrame:
        retired = self.stored.read("retired").where(F.col("kind") == kind)
        return retired.select("pmid", "written_by", F.lit(True).alias("is_retired")).distinct()

    def restored(self, folded: DataFrame) -> DataFrame:
        """Known records that readers did not see and are to see now, whole (``tables.DOCUMENTS``)."""
        again = folded.where("is_known AND is_current AND NOT is_visible").select(
            *_IDENTITY, F.col("written_by").alias("run_id")
        )
        rows = self.stored.read("documents") if self.stored.has("documents") else self.stored.empty("documents")
        return conform(
            rows.join(F.broadcast(again), [*_IDENTITY, "run_id"], "left_semi").withColumn("is_current", F.lit(True)),
            DOCUMENTS,
        )

    def held(self, folded: DataFrame) -> DataFrame:
        """Stored annotations, of all models, of the PMIDs whose current record changes (``tables.HELD``)."""
        if not self.stored.has("annotations"):
            return table_of(self.stored.spark, (), HELD)
        annotations = self.stored.read("annotations").select(
            "pmid", "text_sha256", "model_id", F.col("run_id").alias("written_by")
        )
        if not self.selection.replaces:
            touched = (
                folded.where("pmid IS NOT NULL")
                .groupBy("pmid")
                .agg(F.bool_or(F.expr("is_current AND is_known AND is_visible")).alias("same"))
            )
            annotations = annotations.join(touched.where("NOT same").select("pmid"), "pmid", "left_semi")
        held = annotations.join(self._retired(ANNOTATION), ["pmid", "written_by"], "left")
        return conform(held.withColumn("is_visible", F.col("is_retired").isNull()), HELD)

    def plan(self, current: DataFrame, held: DataFrame) -> DataFrame:
        """``current``: pmid and text_sha256 of the texts to have an annotation; what each needs (``tables.PLAN``)."""
        own = (
            held.where(F.col("model_id") == self.model_id)
            .groupBy("pmid", "text_sha256")
            .agg(F.bool_or("is_visible").alias("kept"), F.max("written_by").alias("written_by"))
        )
        step = F.when(F.col("kept"), KEEP).when(F.col("written_by").isNotNull(), CARRY).otherwise(DUE)
        return current.join(own, ["pmid", "text_sha256"], "left").select(
            "pmid", "text_sha256", step.alias("step"), "written_by"
        )

    def retire(self, folded: DataFrame, held: DataFrame, plan: DataFrame) -> DataFrame:
        """``tables.RETIRED`` without the run's id."""
        documents = folded.where("is_known AND is_visible AND NOT is_current").select(
            F.lit(DOCUMENT).alias("kind"), "pmid", "written_by"
        )
        wanted = plan.select("pmid", "text_sha256")
        annotations = held.where("is_visible").join(wanted, ["pmid", "text_sha256"], "left_anti")
        return documents.unionAll(annotations.select(F.lit(ANNOTATION).alias("kind"), "pmid", "written_by"))

    def carried(self, plan: DataFrame) -> DataFrame:
        """The annotations of texts that come back, still under the run that wrote them."""
        back = plan.where(F.col("step") == CARRY).select("pmid", F.col("written_by").alias("run_id"))
        return self.stored.read("annotations", self.model_id).join(F.broadcast(back), ["pmid", "run_id"], "left_semi")


def texts_of(records: DataFrame, annotate_titles: bool) -> DataFrame:
    """Pmid and text_sha256 of the records that have something to annotate."""
    has_text = F.col("abstract").isNotNull() | (F.col("title").isNotNull() & F.lit(annotate_titles))
    return records.where(has_text).select("pmid", "text_sha256")
