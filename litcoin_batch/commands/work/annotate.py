"""``litcoin-batch annotate``: the session, the run, its report and its record."""

from __future__ import annotations

from dataclasses import asdict
from importlib import resources
from pathlib import Path

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import check_gpu_of, told
from litcoin_batch.config import AnnotateConfig
from litcoin_batch.reports.night import night_page
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.loading import CheckpointLoader
from litcoin_batch.warehouse.nightly import night_report
from litcoin_batch.warehouse.nightly.pipeline import How, Inputs, annotate_files
from litcoin_batch.warehouse.nightly.quality_gates import QualityGates
from litcoin_batch.warehouse.nightly.run_records import check_place, put_record
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.summary import summarise


def work(stop: Interruption, config: AnnotateConfig) -> str:
    with told("nothing is published; the same command goes on from what is done"):
        return annotate(stop, config)


def annotate(stop: Interruption, config: AnnotateConfig) -> str:
    stop.line = "stopped; the same command goes on from what is done, nothing is published yet"
    loader = CheckpointLoader(
        checkpoint=config.checkpoint,
        device=config.device,
        lexicon=config.lexicon,
        batch_pieces=config.batch_pieces,
        precision=config.precision,
        vocabulary=config.vocabulary,
    )
    if config.records is not None:
        check_place(config.records)
    model_id = loader.verify_early()
    spark = open_session()
    stop.listen()
    check_gpu_of(spark.sparkContext.master, config.device)
    inputs = Inputs(
        paths=config.paths or sample(),
        format=config.format,
        annotate_titles=config.annotate_titles,
        max_text_chars=config.max_text_chars,
        baseline=config.baseline,
        fallback_texts=config.fallback_texts,
    )
    how = How(
        config.partitions,
        Limits(batch_sec=config.batch_timeout_sec),
        QualityGates(config.max_reject_share, config.max_drop),
        {name: str(value) for name, value in asdict(config).items()},
    )
    with Run(spark, config.warehouse, config.run_id, config.wait_minutes) as run:
        record = annotate_files(run, inputs, loader, model_id or loader.verify(), how)
        stop.line = f"stopped; run {record.run_id} is published, its report is not written"
        # Anew where a run was published and then stopped; under the lock, as the next run compares itself with it.
        facts = night_report.describe(run.stored, record)
        report = night_report.keep(run.storage, record.run_id, facts, night_page(facts))
    stop.line = f"stopped; run {record.run_id} is published, its report is {report}"
    told_ = f"{summarise(spark, config.warehouse, record)}\nreport     {report}"
    if config.records is not None:
        put_record(config.records, record)
    return told_


def sample() -> tuple[str, ...]:
    """The PubMed files that come with the package."""
    folder = Path(str(resources.files("litcoin_batch") / "sample"))
    return tuple(path.as_uri() for path in sorted(folder.glob("*.xml*")))
