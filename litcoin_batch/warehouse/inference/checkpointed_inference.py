"""The expensive step cut into slices, each kept as soon as it is done.

    <staging>/annotate/0000/ ...     one folder for each slice

A run that is killed goes on with the first slice that is not finished, and a slice is what is repeated
where a document kills or stalls a worker: isolated then, so that it costs that document only.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from functools import partial, reduce
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import IntegerType, StructField, StructType

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.workers import Loader, Size, annotate_with, measure, with_text
from litcoin_batch.warehouse.spark.concurrency import run_concurrently, timed_step
from litcoin_batch.warehouse.spark.progress import report_documents
from litcoin_batch.warehouse.spark.session import SPARK_FAILURES, tells_of_death
from litcoin_batch.warehouse.tables.schemas import ANNOTATED

LOG = logging.getLogger("litcoin_batch")
# A slice keeps every core busy with so many tasks, one after the other: the shorter a slice, the less is
# lost with a killed run; the longer, the less its last tasks weigh.
_TASKS_PER_CORE = 4
# While the last tasks of a slice end, those of the next use the cores that are free.
_SLICES_AT_ONCE = 2
# As many documents failing, and none succeeding, is no poisonous document but a broken model.
_HOPELESS = 10
_STEP = "annotate"


class StagesSteps(Protocol):
    """What this module needs of ``runs.Run``.

    ``remember`` keeps a few facts under the name of a step, and hands back those that were kept first.

    ``stage`` computes a table once and keeps it under the name of the step; where the run was started
    before and the step is finished, it hands back what was kept then.
    """

    spark: SparkSession
    durations_sec: dict[str, float]

    def remember(self, step: str, facts: dict[str, int]) -> dict[str, int]: ...

    def stage(self, step: str, table: DataFrame, schema: StructType) -> DataFrame: ...


@dataclass(frozen=True, slots=True)
class _Plan:
    """``n_tasks`` is for each slice, ``n_documents`` for all together."""

    n_slices: int
    n_tasks: int
    n_documents: int = 0


def annotate_in_slices(
    run: StagesSteps,
    due: DataFrame,
    loader: Loader,
    partitions: int | None = None,
    limits: Limits = Limits(),
    size: Size | None = None,
) -> DataFrame:
    """``tables.ANNOTATED`` of the documents that are ``due`` (pmid, title, abstract; a PMID once), kept in slices.

    ``partitions``: tasks of the model in all slices together. ``size``: of what is due, where it is known. Raises
    ``ContractError`` where the model annotates none of many documents.
    """
    with timed_step(run.durations_sec, _STEP):
        texts = with_text(due)
        plan = _plan(run, size or measure(texts), partitions)
        if plan.n_slices > 1:
            texts = _sort_into_slices(run, texts, plan.n_slices)
        annotate = partial(_annotate_slice, run, texts, plan, loader, limits)
        slices = {
            f"slice {number + 1} of {plan.n_slices}": partial(annotate, number) for number in range(plan.n_slices)
        }
        with report_documents(run.spark, _STEP, plan.n_documents):
            parts = run_concurrently(run.spark, slices, _SLICES_AT_ONCE)
    return reduce(DataFrame.unionAll, parts.values())


def _plan(run: StagesSteps, size: Size, partitions: int | None) -> _Plan:
    """Kept, as a restart may find other cores, and slices cut otherwise would be other slices."""
    total = partitions or size.n_tasks(run.spark)
    n_slices = max(1, total // (_TASKS_PER_CORE * run.spark.sparkContext.defaultParallelism))
    return _Plan(**run.remember("slices", asdict(_Plan(n_slices, -(-total // n_slices), size.n_documents))))


def _sort_into_slices(run: StagesSteps, texts: DataFrame, n_slices: int) -> DataFrame:
    """Each slice in one place of one file, so that to read it is not to read all."""
    schema = StructType([StructField("slice", IntegerType()), *texts.schema])
    sliced = texts.select(F.pmod(F.hash("pmid"), F.lit(n_slices)).alias("slice"), *texts.columns)
    return run.stage(f"{_STEP}/due", sliced.repartition(n_slices, "slice").sortWithinPartitions("slice"), schema)


def _annotate_slice(
    run: StagesSteps, texts: DataFrame, plan: _Plan, loader: Loader, limits: Limits, number: int
) -> DataFrame:
    step = f"{_STEP}/{number:04d}"
    slice_ = texts.where(F.col("slice") == number) if plan.n_slices > 1 else texts
    try:
        kept = run.stage(step, annotate_with(slice_, loader, plan.n_tasks, limits), ANNOTATED)
    except SPARK_FAILURES as error:
        if limits.isolated or not tells_of_death(error):
            raise
        LOG.warning(
            "%s: a worker died, or hung and was ended; slice %d of %d is done again, the model in a process of its own",
            *(step, number + 1, plan.n_slices),
        )
        isolated = replace(limits, isolated=True)
        kept = run.stage(step, annotate_with(slice_, loader, plan.n_tasks, isolated), ANNOTATED)
    _check_model_works(kept)
    return kept


def _check_model_works(annotated: DataFrame) -> None:
    failed, total, reason = annotated.select(F.count("error"), F.count("*"), F.min("error")).first()
    if failed == total >= _HOPELESS:
        raise ContractError(f"the model annotated none of {total} documents, nothing is published: {reason}")
