"""Every record that was read is accounted for: counts by source and fate, whether they add up, and what readers noted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.files.local_files import find_hidden
from litcoin_batch.warehouse.tables.declared import FATES

_MAX_NOTES = 50
LOG = logging.getLogger("litcoin_batch")


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


def note(read: DataFrame, sources: Sequence[str], paths: Sequence[str]) -> str:
    """What the readers noted, by file: how often, and the first record; files without records, and what was passed over.
    One a line; empty if nothing.
    """
    rows = (
        read.select("source", "record", F.explode_outer("notes").alias("note"))
        .groupBy("source", "note")
        .agg(F.count("*").alias("n"), F.min("record").alias("first"))
        .orderBy("source", "note")
        .collect()
    )
    said = [
        f"{row.source}: {row.note}, in {row.n} records, the first is record {row.first}" for row in rows if row.note
    ]
    said += [f"{source}: no record in it" for source in sorted({*sources} - {row.source for row in rows})]
    return note_files(paths, said)


def note_files(paths: Sequence[str], said: Sequence[str] = ()) -> str:
    """What was passed over at these paths, and what is ``said`` beside it: into the log, and one a line."""
    lines = [*find_hidden(paths), *said]
    if len(lines) > _MAX_NOTES:
        lines = [*lines[:_MAX_NOTES], f"and {len(lines) - _MAX_NOTES} notes more"]
    for line in lines:
        LOG.warning("input %s", line)
    return "\n".join(lines)


def with_notes(configuration: dict[str, str], notes: str) -> dict[str, str]:
    return {**configuration, "notes": notes} if notes else configuration
