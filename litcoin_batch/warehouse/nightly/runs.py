"""One run of the job: the lock it holds, what it has staged, and the commit that makes it seen.

A run that stops anywhere before its row in ``runs`` is committed has changed nothing that readers see; a restart goes
on from the finished steps (``staging``).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from litcoin_batch.schema import ContractError, check_run_id
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.nightly.lock import Lock
from litcoin_batch.warehouse.nightly.staging import Staging
from litcoin_batch.warehouse.spark.concurrency import run_concurrently
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.declared import FATES, OTHERS, RUNS
from litcoin_batch.warehouse.tables.log import ANNOTATE, DataFile, State
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, conform, mentions_of, relations_of, table_of
from litcoin_batch.warehouse.tables.stored import Stored
from litcoin_batch.warehouse.tables.views import write_scripts

# Files of about this size: few enough to list, small enough to read in parallel.
_BYTES_PER_FILE = 128 * 2**20


def new_run_id() -> str:
    """The time of the start, so that names sort by age, and a tail against two starts in one second."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


class Run:
    """A context manager: holds the lock of the warehouse. ``committed`` is the record of an earlier run of the same
    id: then nothing is to be done.
    """

    def __init__(
        self, spark: SparkSession, warehouse: str, run_id: str | None = None, wait_minutes: float = 0.0
    ) -> None:
        """Raises ``ConfigError`` for a run id that cannot name a file or a warehouse that cannot be written."""
        if run_id is not None:
            check_run_id(run_id)
        self._given = run_id
        self.started = datetime.now(UTC)
        self._kept: list[tuple[str, str]] = []
        self._staging: Staging | None = None
        self.spark = spark
        self.warehouse = warehouse.rstrip("/")
        self.storage = Storage(spark, warehouse)
        self.log = TableWriter(self.storage.root)
        self._lock = Lock(self.storage, run_id or new_run_id(), wait_minutes)

    def __enter__(self) -> Run:
        """Raises ``lock.Locked``, and ``ConfigError`` for a warehouse of the former layout."""
        self.log.state()
        self._lock.__enter__()
        try:
            self._take(self.log.state())
            self.committed = None if self._given is None else self.read_record(self._given)
            if self.parent.number:
                # A run may have died between its commit and this.
                write_scripts(self.storage, self.log, self.parent)
            if self._given is not None and self.committed is not None:
                Staging(self.spark, self.storage, self._given).discard(self._folders_in_use())
        except BaseException:
            self._lock.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()

    def _take(self, state: State) -> None:
        self.parent = state
        self.stored = Stored(self.spark, self.storage, self.log, state)

    @property
    def number(self) -> int:
        """Of the row of ``runs`` that this run commits."""
        return self.parent.number + 1

    @property
    def staging(self) -> Staging:
        """Of a run that has begun."""
        if self._staging is None:
            raise ContractError("a run has no staging area before it begins")
        return self._staging

    @property
    def run_id(self) -> str:
        return self.staging.run_id

    @property
    def durations_sec(self) -> dict[str, float]:
        return self.staging.durations_sec

    def begin(self, work: dict[str, Any]) -> None:
        """Make the staging area, or take over that of a run that stopped in the midst of the same ``work``."""
        self.log.create()
        self.log.recover(self.parent)
        wanted = [self.number, work]
        run_id = self._given or Staging.stopped(self.spark, self.storage, wanted) or new_run_id()
        self._staging = Staging.open(self.spark, self.storage, run_id, wanted, self._folders_in_use)

    def _folders_in_use(self) -> set[str]:
        return {f"{t}/{file.path.rpartition('/')[0]}" for t in OTHERS for file in self.log.files(self.parent, t)}

    def stage(self, step: str, rows: DataFrame, schema: StructType, below: str | None = None) -> DataFrame:
        """Compute ``rows`` once, keep them in the staging area, or ``below`` a table, and hand back what was kept."""
        kept = self.staging.stage(step, rows, schema, below)
        # What Spark knows to be empty it does not join; of files that hold nothing it does not know.
        return kept if self.log.has_rows(*self.staging.files(step)) else table_of(self.spark, (), schema)

    def remember(self, step: str, facts: dict[str, Any]) -> dict[str, Any]:
        return self.staging.remember(step, facts)

    def keep(
        self,
        table: str,
        rows: DataFrame,
        order: tuple[str, ...],
        *,
        n_bytes: int = 0,
        model_id: str | None = None,
        stamp: bool = True,
    ) -> DataFrame:
        """Write rows that the run adds to a table of the warehouse, sorted, in files of a good size.

        ``n_bytes``: about how much it is. ``model_id``: whose annotations they are. Without ``stamp`` rows keep the
        id of the run that made them.
        """
        step = table if model_id is None else f"{table}/{model_id}"
        n_files = 1 + n_bytes // _BYTES_PER_FILE
        stamped = conform(rows.withColumn("run_id", F.lit(self.run_id)) if stamp else rows, SCHEMAS[table])
        spread = stamped.coalesce(1) if n_files == 1 else stamped.repartitionByRange(n_files, order[0])
        self._kept.append((step, table))
        return self.stage(step, spread.sortWithinPartitions(*order), SCHEMAS[table], table)

    def keep_annotations(
        self, annotations: DataFrame, model_id: str, *, n_bytes: int, stamp: bool = True
    ) -> dict[str, DataFrame]:
        """Keep rows of ``annotations``, computed once, and what follows from them alone: mentions and relations."""
        kept = self.keep("annotations", annotations, ("pmid",), n_bytes=n_bytes, model_id=model_id, stamp=stamp)
        return {
            "annotations": kept,
            **run_concurrently(self.spark, self.flat_steps(kept, model_id, n_bytes=n_bytes, stamp=stamp)),
        }

    def flat_steps(
        self, annotations: DataFrame, model_id: str, *, n_bytes: int, stamp: bool = True
    ) -> dict[str, Callable[[], DataFrame]]:
        """What keeps mentions and relations, each of them computing ``annotations``."""
        how: dict[str, Any] = {"n_bytes": n_bytes, "model_id": model_id, "stamp": stamp}
        return {
            "relations": partial(
                self.keep, "relations", relations_of(annotations), ("pmid", "entity_1_id", "entity_2_id", "type"), **how
            ),
            "mentions": partial(
                self.keep, "mentions", mentions_of(annotations), ("pmid", "start", "end", "type"), **how
            ),
        }

    def staged_bytes(self, step: str) -> int:
        """Of a finished step, or of all steps below a name."""
        return self.staging.n_bytes(step)

    def n_staged(self, step: str) -> int:
        """Rows of a finished step, by the footers of its files: Spark would start a job."""
        return self.log.n_rows(*self.staging.files(step))

    def n_kept(self) -> Counter[str]:
        """Rows kept so far for each table."""
        found: Counter[str] = Counter()
        for step, table in self._kept:
            found[table] += self.n_staged(step)
        return found

    def record(self, facts: dict[str, Any], counts: dict[str, Counter[str]] | None = None) -> dict[str, Any]:
        """The row of ``runs``. ``facts``: what is not known here. Without ``counts`` no records were read."""
        counts = counts or {}
        total = sum(counts.values(), Counter())
        sources = [
            {"source": source, "records": c.total(), **{fate: c[fate] for fate in FATES}}
            for source, c in counts.items()
        ]
        nothing = {name: 0 for name in RUNS if name.startswith("n_")}
        return nothing | {
            "run_id": self.run_id,
            "run_number": self.number,
            "work": ANNOTATE,
            "started": self.started,
            "finished": datetime.now(UTC),
            "model_id": self.parent.model_id,
            "vocabulary_id": self.parent.vocabulary_id,
            "baseline": self.parent.baseline,
            "n_records": total.total(),
            **{f"n_{fate}": total[fate] for fate in FATES},
            "sources": sources,
            "durations_sec": self.durations_sec,
            "configuration": {},
            "versions": {},
            **facts,
        }

    def commit(
        self, record: dict[str, Any], *, replace: bool = False, drop: Mapping[str, Collection[DataFile]] | None = None
    ) -> State:
        """Add the kept rows to the tables and ``record`` to ``runs``: from then on readers see them.

        ``replace``: the kept rows are all that the tables have from now on. ``drop``: files that a table has no more.
        """
        self._lock.check()
        paths: dict[str, list[str]] = {}
        for step, table in self._kept:
            paths.setdefault(table, []).extend(self.staging.files(step)[1])
        versions = {table: self.parent.versions.get(table, 0) for table in OTHERS}
        for table in OTHERS:
            if table in paths:
                versions[table] = self.log.add(table, paths[table], replace=replace)
            if drop and table in drop:
                versions[table] = self.log.remove(table, drop[table])
        rows = [{**record, "tables": versions}]
        state = self.log.commit(self.parent, [*self.log.runs(), *rows] if replace else rows, replace=replace)
        self._end(state)
        return state

    def put_back(self, rows: list[dict[str, Any]]) -> State:
        """Make ``rows`` all that ``runs`` holds, and the tables what the last of them says."""
        self._lock.check()
        state = self.log.commit(self.parent, rows, replace=True)
        # Whoever goes by ``runs`` reads these versions already.
        self.log.recover(state)
        self._end(state)
        return state

    def _end(self, state: State) -> None:
        write_scripts(self.storage, self.log, state)
        self._take(state)
        self.staging.discard(self._folders_in_use())

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._staging is not None:
            self._staging.discard()

    def read_record(self, run_id: str) -> Row | None:
        """The row of ``runs`` with this id, if it is committed."""
        return self.stored.read("runs").where(F.col("run_id") == run_id).first()
