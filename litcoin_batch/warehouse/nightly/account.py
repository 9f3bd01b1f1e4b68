"""Every record that was read is accounted for: counts by source and fate, and whether they add up."""

from __future__ import annotations

from collections import Counter

from pyspark.sql import DataFrame

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.tables.declared import FATES


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
