"""From files to published tables: the way of every record, in order."""

from __future__ import annotations

import logging
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any

from pyspark.errors import PythonException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from litcoin_batch import __version__
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.files.storage import find_files
from litcoin_batch.warehouse.inference.checkpointed_inference import annotate_in_slices
from litcoin_batch.warehouse.inference.isolation import Limits
from litcoin_batch.warehouse.inference.workers import Loader
from litcoin_batch.warehouse.nightly import pairs, quality_gates, revisions
from litcoin_batch.warehouse.nightly.account import check_counts, note, note_files, tally, with_notes
from litcoin_batch.warehouse.nightly.reading import input_files
from litcoin_batch.warehouse.nightly.reading.ingest import Reading, stage_records, without_labels
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.concurrency import run_concurrently, timed_step
from litcoin_batch.warehouse.tables.log import State
from litcoin_batch.warehouse.tables.schemas import (
    ANNOTATIONS,
    DECISIONS,
    DOCUMENTS,
    FILES,
    HELD,
    KEYS,
    table_of,
    vocabulary_of,
)

# Settings that decide whether something is published and how long to wait: with others a stopped run goes on all the same.
_NOT_OF_THE_WORK = frozenset(("max_reject_share", "max_drop", "wait_minutes"))
LOG = logging.getLogger("litcoin_batch")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is read, and what of it is annotated. ``baseline``: it replaces all that NLM has published before."""

    paths: Sequence[str]
    format: str = "auto"
    annotate_titles: bool = False
    max_text_chars: int = 100_000
    baseline: bool = False
    fallback_texts: bool = False


@dataclass(frozen=True, slots=True)
class How:
    """What decides whether and how fast a run succeeds, not what it finds. ``partitions``: tasks of the model."""

    partitions: int | None = None
    limits: Limits = Limits()
    gates: quality_gates.QualityGates = quality_gates.QualityGates()
    about: dict[str, str] = field(default_factory=dict)


def annotate_files(run: Run, inputs: Inputs, loader: Loader, model_id: str, how: How = How()) -> Row:
    """Do the run unless it is committed already; returns its record (a row of ``runs``).

    What was annotated before a run stopped is kept, and a restart goes on from there. Raises ``ConfigError``
    for a path where nothing is, for a committed run whose input or model was another and for inputs
    that contradict the warehouse, ``ContractError`` where counts do not add up, ``quality_gates.GateClosed`` where
    too much is wrong to be published; nothing is published then.
    """
    asked = {
        "paths": "\n".join(inputs.paths),
        "format": inputs.format,
        "annotate_titles": str(inputs.annotate_titles),
        "max_text_chars": str(inputs.max_text_chars),
        "model_id": model_id,
        **({"fallback_texts": "True"} if inputs.fallback_texts else {}),
    }
    if run.committed is not None:
        _check_same(run.committed, asked)
        return run.committed
    _check_model(run.parent, model_id)
    try:
        return _annotate(run, inputs, loader, how, {**how.about, **asked})
    except PythonException as error:
        raise _as_worker_said(error) from error
    except (ConfigError, ContractError) as error:
        # Nothing that a restart could use; behind a closed gate there is.
        if not isinstance(error, quality_gates.GateClosed):
            run.abandon()
        raise


def _check_model(parent: State, model_id: str) -> None:
    if parent.number and parent.model_id != model_id:
        raise ConfigError(
            f"the warehouse holds annotations of {parent.model_id} (checkpoint+vocabulary), given are {model_id}; bring"
            " these in with jobs/maintain.py rollout, which readers see when it is complete"
        )


def _as_worker_said(error: PythonException) -> Exception:
    """What a worker raised on purpose, as this process would have raised it; else ``error`` itself."""
    for kind in (ConfigError, ContractError):
        found = re.search(rf"{re.escape(kind.__module__)}\.{kind.__name__}: (.+)", str(error))
        if found:
            return kind(found[1].strip())
    return error


def _check_same(committed: Row, asked: dict[str, str]) -> None:
    before = committed.configuration
    for key, value in asked.items():
        if before.get(key) != value:
            raise ConfigError(
                f"run {committed.run_id}: already committed with {key} = {before.get(key)!r}, now {value!r};"
                " give another run id"
            )


def _annotate(run: Run, inputs: Inputs, loader: Loader, how: How, configuration: dict[str, str]) -> Row:
    selection = _select(run, inputs)
    files = [(i.file.path, i.md5) for i in selection.to_read]
    run.begin({**_of_the_work(configuration), "baseline": inputs.baseline, "files": files})
    if not files and not selection.rejects:
        return _nothing_new(run, inputs, selection, configuration)
    model_id, stored = configuration["model_id"], run.stored
    sources = {i.file: i.source for i in selection.to_read}
    read = stage_records(run, sources, Reading(inputs.format, inputs.fallback_texts), selection.rejects)
    records = read.drop("notes")
    new = revisions.keys_of(records, run.number, inputs.max_text_chars)
    known = revisions.known_keys(stored, selection, new, run.number)
    keys = run.stage("keys", revisions.decide(new.unionAll(known)), KEYS)
    look_up = {
        "restore": partial(run.stage, "restore", revisions.restored(stored, keys), DOCUMENTS),
        "held": partial(run.stage, "held", revisions.held(stored, keys, replaces=selection.replaces), HELD),
        "notes": partial(note, read, [*sources.values()], inputs.paths),
    }
    restored, held, notes = run_concurrently(run.spark, look_up).values()
    decided = revisions.decisions(records, keys, restored, held, model_id, inputs.annotate_titles)
    decided = run.stage("decisions", decided, DECISIONS)
    counted = tally(decided)
    carried = stored.empty("annotations")
    if counted.n_carried:
        carried = run.stage("carry", revisions.carried(stored, decided, model_id), ANNOTATIONS)
    due = revisions.due(decided, records, restored)
    annotated = annotate_in_slices(run, due, loader, how.partitions, how.limits, counted.due)  # type: ignore[arg-type]
    found = _found(annotated)
    if found["failed"]:
        decided = run.stage("settled", revisions.settle(decided, annotated), DECISIONS)
        counted = tally(decided)

    with timed_step(run.durations_sec, "write"):
        # What takes longest comes first.
        steps: dict[str, Callable[[], Any]] = {
            **_annotation_steps(run, model_id, annotated, carried),
            **_document_steps(run, decided, records, restored),
            "retired": partial(
                run.keep,
                "retired",
                revisions.retire(keys, held, decided),
                ("kind", "pmid"),
                n_bytes=run.staged_bytes("held"),
            ),
            "files": partial(run.keep, "files", _applied(run, selection), ("source",)),
        }
        kept: dict[str, DataFrame] = run_concurrently(run.spark, steps)
        n_rows = {"records": run.n_staged("read"), **run.n_kept()}
    check_counts(counted, n_rows)
    how.gates.check(run.stored, counted.by_source, found)
    with timed_step(run.durations_sec, "pairs"):
        changes = n_rows["documents"] or n_rows["retired"]
        drop = pairs.renew(run, model_id, kept, replaces=selection.replaces) if changes else {}
    facts = _facts(selection, with_notes(configuration, notes), found)
    run.commit(run.record({**facts, "n_restored": counted.restored.total()}, counted.by_source), drop=drop)
    return run.read_record(run.run_id)


def _nothing_new(run: Run, inputs: Inputs, selection: input_files.Selection, configuration: dict[str, str]) -> Row:
    """All files were applied before: a row of ``runs`` says so, and no table is looked into."""
    facts = _facts(selection, with_notes(configuration, note_files(inputs.paths)), {"mentions": 0, "relations": 0})
    run.commit(run.record(facts))
    return run.read_record(run.run_id)


def _facts(selection: input_files.Selection, configuration: dict[str, Any], found: dict[str, int]) -> dict[str, Any]:
    """What ``runs`` says of a run beside the fates of its records."""
    model_id = configuration["model_id"]
    return {
        "model_id": model_id,
        "vocabulary_id": vocabulary_of(model_id),
        **{f"n_{name}": found[name] for name in ("mentions", "relations")},
        "n_files": len(selection.to_read),
        "n_files_applied_before": len(selection.of(input_files.APPLIED)),
        "n_files_refused": len(selection.rejects),
        "baseline": selection.baseline,
        "configuration": configuration,
        "versions": versions(),
    }


def _of_the_work(configuration: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in configuration.items() if name not in _NOT_OF_THE_WORK}


def _select(run: Run, inputs: Inputs) -> input_files.Selection:
    files = without_labels(find_files(run.spark, list(inputs.paths)))
    selection = input_files.select(run.spark, files, run.stored.read("files"), run.parent.baseline, inputs.baseline)
    for one in selection.of(input_files.CHANGED):
        LOG.warning("input %s: another content was applied under this name before; this one replaces it", one.file.path)
    for reject in selection.rejects:
        LOG.warning("input %s: %s", reject.source, reject.reason)
    return selection


def _document_steps(
    run: Run, decided: DataFrame, records: DataFrame, restored: DataFrame
) -> dict[str, Callable[[], DataFrame]]:
    n_bytes = run.staged_bytes("read")
    documents = revisions.documents(decided, records, restored)
    rejects = revisions.rejects(decided, records, restored)
    return {
        "documents": partial(run.keep, "documents", documents, ("pmid", "source", "record"), n_bytes=n_bytes),
        "rejects": partial(run.keep, "rejects", rejects, ("source", "record", "reason"), n_bytes=n_bytes),
    }


def _annotation_steps(
    run: Run, model_id: str, annotated: DataFrame, carried: DataFrame
) -> dict[str, Callable[[], DataFrame]]:
    fresh = annotated.where("error IS NULL").drop("error").withColumn("run_id", F.lit(run.run_id))
    # All of it is staged: to read it for each table costs less than to wait for one of them.
    annotations = fresh.unionByName(carried)
    n_bytes = run.staged_bytes("annotate")
    return {
        "annotations": partial(run.keep, "annotations", annotations, ("pmid",), n_bytes=n_bytes, model_id=model_id),
        **run.flat_steps(annotations, model_id, n_bytes=n_bytes),
    }


def _applied(run: Run, selection: input_files.Selection) -> DataFrame:
    rows = [
        (
            i.source,
            i.file.name,
            i.file.path,
            i.file.n_bytes,
            i.file.modified,
            i.md5,
            i.order,
            i.status,
            run.number,
            run.run_id,
        )
        for i in selection.to_read
    ]
    return table_of(run.spark, rows, FILES)


def _found(annotated: DataFrame) -> dict[str, int]:
    """What the model said of how many documents, and on how many it failed."""
    good = F.col("error").isNull()
    row = annotated.select(
        F.count_if(good).alias("annotated"),
        F.count("error").alias("failed"),
        F.sum(F.when(good, F.size("mentions"))).alias("mentions"),
        F.sum(F.when(good, F.size("relations"))).alias("relations"),
    )
    return {name: n or 0 for name, n in row.first().asDict().items()}


def versions() -> dict[str, str]:
    names = ("pyspark", "pyarrow", "torch", "lxml")
    return {
        "litcoin_batch": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in names},
    }
