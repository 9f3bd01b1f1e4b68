"""From files to published tables: the way of every record, in order."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from importlib.metadata import version

from pyspark.errors import PythonException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from litcoin_batch import __version__
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse import fates
from litcoin_batch.warehouse.inference import Loader, annotate_with
from litcoin_batch.warehouse.ingest import read_records
from litcoin_batch.warehouse.runs import Run
from litcoin_batch.warehouse.storage import find_files
from litcoin_batch.warehouse.tables import ANNOTATED, FLAGGED, RECORDS, mentions_of, relations_of

# As many documents failing, and none succeeding, is no poisonous document but a broken model.
_HOPELESS = 10


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is read, and what of it is annotated."""

    paths: Sequence[str]
    format: str = "auto"
    annotate_titles: bool = False
    max_text_chars: int = 100_000


def annotate_files(
    run: Run, inputs: Inputs, loader: Loader, model_id: str, *, partitions: int | None = None, about: dict[str, str]
) -> Row:
    """Do the run unless it is committed already; returns its record (a row of ``runs``).

    ``about``: the configuration to put on record. Raises ``ConfigError`` for a path where nothing is
    and for a committed run whose input or model was another, ``ContractError`` where counts do not add
    up; nothing is published then.
    """
    asked = {
        "paths": "\n".join(inputs.paths),
        "format": inputs.format,
        "annotate_titles": str(inputs.annotate_titles),
        "max_text_chars": str(inputs.max_text_chars),
        "model_id": model_id,
    }
    if run.committed is not None:
        _check_same(run.committed, asked)
        return run.committed
    try:
        return _annotate(run, inputs, loader, partitions, {**about, **asked})
    except PythonException as error:
        run.abandon()
        raise _as_worker_said(error) from error
    except BaseException:
        run.abandon()
        raise


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


def _annotate(run: Run, inputs: Inputs, loader: Loader, partitions: int | None, configuration: dict[str, str]) -> Row:
    spark = run.spark
    files = find_files(spark, list(inputs.paths))
    records = run.stage("read", read_records(spark, files, inputs.format), RECORDS)
    flagged = run.stage(
        "sort",
        fates.flag_records(
            records, max_text_chars=inputs.max_text_chars, annotate_titles=inputs.annotate_titles
        ),
        FLAGGED,
    )
    annotated = run.stage("annotate", annotate_with(fates.due(flagged), loader, partitions), ANNOTATED)
    _check_model_works(annotated)
    settled = fates.settle(flagged, annotated)

    run.keep("documents", settled.where("is_document"), ("pmid", "source", "record"), like="sort")
    annotations = run.keep("annotations", annotated.where("error IS NULL"), ("pmid",), like="annotate")
    mentions = run.keep("mentions", mentions_of(annotations), ("pmid", "start", "end", "type"), like="annotate")
    order = ("pmid", "entity_1_id", "entity_2_id", "type")
    relations = run.keep("relations", relations_of(annotations), order, like="annotate")
    rejects = run.keep("rejects", settled.where("fate = 'rejected'"), ("source", "record", "reason"), like="sort")

    counts = fates.tally(settled)
    kept = {"annotations": annotations, "mentions": mentions, "relations": relations, "rejects": rejects}
    n_rows = _count_rows({"records": records, **kept})
    fates.check_counts(counts, n_rows)
    model_id = configuration["model_id"]
    return run.commit(counts, n_rows, {"model_id": model_id, "configuration": configuration, "versions": versions()})


def _count_rows(tables: dict[str, DataFrame]) -> dict[str, int]:
    """All counts in one job."""
    counts = [table.select(F.lit(name), F.count("*")) for name, table in tables.items()]
    return dict(tuple(row) for row in reduce(DataFrame.unionAll, counts).collect())


def _check_model_works(annotated: DataFrame) -> None:
    failed, total, reason = annotated.select(F.count("error"), F.count("*"), F.min("error")).first()
    if failed == total >= _HOPELESS:
        raise ContractError(f"the model annotated none of {total} documents, nothing is published: {reason}")


def versions() -> dict[str, str]:
    names = ("pyspark", "pyarrow", "torch", "lxml")
    return {"litcoin_batch": __version__, "python": platform.python_version(), **{name: version(name) for name in names}}
