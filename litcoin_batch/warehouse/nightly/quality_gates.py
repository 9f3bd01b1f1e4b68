"""What must hold before a run is published: a night on which too much is wrong is for a person to look at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

from pyspark.sql import functions as F

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.tables.stored import Stored

# A share of fewer records, or documents, is noise.
_MIN_RECORDS = 100
_MIN_REJECTED = 10
_MIN_DOCUMENTS = 500
_LAST_RUNS = 5


class GateClosed(ContractError):
    """The run is sound but looks wrong; nothing is published, what was computed is kept for a restart."""


@dataclass(frozen=True, slots=True)
class QualityGates:
    """``max_reject_share``: of the records; ``max_drop``: of the relations per document, below the last runs' median."""

    max_reject_share: float = 0.01
    max_drop: float = 0.5

    def check(self, stored: Stored, counts: dict[str, Counter[str]], found: dict[str, int]) -> None:
        """``found``: documents ``annotated`` and their ``relations``. Raises ``GateClosed``."""
        total = sum(counts.values(), Counter())
        self._check_rejects(total, counts)
        if found["annotated"] >= _MIN_DOCUMENTS:
            self._check_relations(stored, found["relations"] / found["annotated"])

    def _check_rejects(self, total: Counter[str], counts: dict[str, Counter[str]]) -> None:
        n, rejected = total.total(), total["rejected"]
        share = rejected / n if n else 0.0
        is_noise = (n < _MIN_RECORDS or rejected < _MIN_REJECTED) and rejected < n
        if share <= self.max_reject_share or is_noise:
            return
        worst = max(counts, key=lambda source: counts[source]["rejected"])
        raise GateClosed(
            f"{rejected} of {n} records are rejected, a share of {share:.4f}, more than --max-reject-share {self.max_reject_share:g};"
            f" most of them in {worst} ({counts[worst]['rejected']} of {counts[worst].total()}); nothing is published"
        )

    def _check_relations(self, stored: Stored, rate: float) -> None:
        runs = (
            stored.read("runs")
            .where(F.col("n_annotated") >= _MIN_DOCUMENTS)
            .orderBy(F.desc("run_number"))
            .limit(_LAST_RUNS)
        )
        before = [row.n_relations / row.n_annotated for row in runs.select("n_relations", "n_annotated").collect()]
        usual = median(before) if before else 0.0
        if rate < usual * (1 - self.max_drop):
            raise GateClosed(
                f"{rate:.3f} relations per document, {usual:.3f} in the last {len(before)} runs: a drop of {1 - rate / usual:.2f},"
                f" more than --max-drop {self.max_drop:g}; nothing is published"
            )
