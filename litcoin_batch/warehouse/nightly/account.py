"""Every record that was read is accounted for: counts by source and fate, whether they add up, and what readers noted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.files.local_files import find_hidden
from litcoin_batch.warehouse.inference.workers import Size
from litcoin_batch.warehouse.nightly.states import CARRY, DUE
from litcoin_batch.warehouse.tables.declared import FATES

_MAX_NOTES = 50
LOG = logging.getLogger("litcoin_batch")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many records of each source (``by_source``) and how many documents that come back (``restored``) have which fate.

    ``n_carried``: whose annotations are copied; ``due``: what the model is asked for.
    """

    by_source: dict[str, Counter[str]]
    restored: Counter[str]
    n_carried: int
    due: Size


def tally(decisions: DataFrame) -> Tally:
    """Of ``schemas.DECISIONS``."""
    groups = decisions.groupBy("source", "is_restored", "fate", "step").agg(F.count("*"), F.sum("n_chars")).collect()
    by_source: dict[str, Counter[str]] = {}
    restored: Counter[str] = Counter()
    n_carried = n_due = n_chars = 0
    for source, is_restored, fate, step, n, chars in sorted(groups, key=lambda group: group.source):
        of_source = restored if is_restored else by_source.setdefault(source, Counter())
        of_source[fate] += n
        n_carried += n if step == CARRY else 0
        if step == DUE:
            n_due, n_chars = n_due + n, n_chars + (chars or 0)
    return Tally(by_source, restored, n_carried, Size(n_due, n_chars))


def check_counts(counted: Tally, found: Mapping[str, int]) -> None:
    """Every record read has a fate and every fate its rows, else ``ContractError``.

    ``found``: rows counted in the written tables; ``records``, the rows that reading gave.
    """
    total = sum(counted.by_source.values(), Counter())
    written = total + counted.restored
    expected = {
        "records": total.total(),
        "annotations": written["annotated"] + counted.n_carried,
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
        .collect()
    )
    said = [
        f"{row.source}: {row.note}, in {row.n} records, the first is record {row.first}"
        for row in sorted((row for row in rows if row.note), key=lambda row: (row.source, row.note))
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
