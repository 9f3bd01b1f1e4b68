"""One run of the job: its lock, its staging area, its immutable files, and the snapshot that publishes them.

    WAREHOUSE/_staging/<run_id>/<step>-<attempt>/     work in the making, of each process apart
    WAREHOUSE/_staging/<run_id>/<step>.done           names the folder of the attempt that finished the step
    WAREHOUSE/_staging/<run_id>/<step>.json           a few facts in place of rows
    WAREHOUSE/<table>/<run_id>.part-00000.parquet     never changed once written
    WAREHOUSE/snapshots/<number>.json                 written last, in one step: the commit (``snapshots``)

A run that stops anywhere before the snapshot is written has changed nothing that readers see; a restart goes on from
the finished steps. Where a driver is killed, Spark may write on for a moment: into a folder that nobody reads.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from litcoin_batch.schema import check_run_id
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.nightly.lock import Lock
from litcoin_batch.warehouse.spark.concurrency import do_together
from litcoin_batch.warehouse.spark.progress import report_progress
from litcoin_batch.warehouse.tables.schemas import FATES, RUNS, SCHEMAS, conform, mentions_of, relations_of, table_of
from litcoin_batch.warehouse.tables.snapshots import DataFile, Snapshot, Snapshots
from litcoin_batch.warehouse.tables.stored import Stored
from litcoin_batch.warehouse.tables.views import write_script

LOG = logging.getLogger("litcoin_batch")
_STAGING = "_staging"
_FINGERPRINT, _DONE = "fingerprint.txt", ".done"
# Which staged file becomes which: written before the first is moved, so that a restart finds them all.
_MOVES = "moves.json"
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
        self._given = run_id is not None
        self.run_id = new_run_id() if run_id is None else run_id
        check_run_id(self.run_id)
        self.started = datetime.now(UTC)
        self.durations_sec: dict[str, float] = {}
        self._attempt = secrets.token_hex(4)
        self._kept: list[tuple[str, str, str | None]] = []
        self.spark = spark
        self.warehouse = warehouse.rstrip("/")
        self.storage = Storage(spark, warehouse)
        self._lock = Lock(self.storage, self.run_id, wait_minutes)

    def __enter__(self) -> Run:
        """Raises ``lock.Locked``."""
        self._lock.__enter__()
        try:
            self.snapshots = Snapshots(self.storage)
            self.parent = self.snapshots.newest()
            self.stored = Stored(self.spark, self.storage, self.parent)
            self.committed = self.read_record() if self._given else None
            if self.parent.number:
                # A run may have died between its snapshot and this.
                write_script(self.storage, self.parent, self.warehouse)
        except BaseException:
            self._lock.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.__exit__()

    @property
    def number(self) -> int:
        """Of the snapshot that this run publishes."""
        return self.parent.number + 1

    @property
    def _staging(self) -> str:
        return f"{_STAGING}/{self.run_id}"

    def begin(self, work: dict[str, Any]) -> None:
        """Make the staging area, or take over that of a run that stopped: ``work`` says what is to be done.

        What was staged for other work, or upon another snapshot, is of no use any more and removed.
        """
        wanted = hashlib.sha256(json.dumps([self.number, work], sort_keys=True, default=str).encode()).hexdigest()
        for name in self.storage.names(_STAGING):
            if self._fingerprint(name) == wanted and (name == self.run_id or not self._given):
                self.run_id = name
                LOG.info("run %s was stopped: going on with it", name)
                self._take_back()
            else:
                self._discard(name)
        self.storage.make_folder(self._staging)
        self.storage.replace_text(f"{self._staging}/{_FINGERPRINT}", wanted)

    def _fingerprint(self, run_id: str) -> str | None:
        try:
            return self.storage.read_text(f"{_STAGING}/{run_id}/{_FINGERPRINT}")
        except FileNotFoundError:
            return None

    def stage(self, step: str, table: DataFrame, schema: StructType) -> DataFrame:
        """Compute ``table`` once, keep it in the staging area, and hand back what was kept."""
        started = time.monotonic()
        place = self._finished(step)
        if place is None:
            place = f"{self._staging}/{step}-{self._attempt}"
            with report_progress(self.spark, step):
                # What this process has tried before without success.
                rows = conform(table, schema).write.mode("overwrite").option("compression", "zstd")
                rows.parquet(self.storage.uri(place))
            if not self.storage.create_text(f"{self._staging}/{step}{_DONE}", place):
                place = self._finished(step)
        self.durations_sec[step] = round(time.monotonic() - started, 3)
        return self.spark.read.schema(schema).parquet(self.storage.uri(place))

    def remember(self, step: str, facts: dict[str, Any]) -> dict[str, Any]:
        """Keep a few facts, JSON-ready, in the staging area, and hand back what was kept first."""
        place = f"{self._staging}/{step}.json"
        self.storage.create_text(place, json.dumps(facts))
        return json.loads(self.storage.read_text(place))

    def _finished(self, step: str) -> str | None:
        """The folder with the rows of a finished step."""
        try:
            return self.storage.read_text(f"{self._staging}/{step}{_DONE}")
        except FileNotFoundError:
            return None

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
        """Stage rows that the run adds to a table of the warehouse, sorted, in files of a good size.

        ``n_bytes``: about how much it is. ``model_id``: whose annotations they are. Without ``stamp`` rows keep the
        id of the run that made them.
        """
        step = table if model_id is None else f"{table}/{model_id}"
        n_files = 1 + n_bytes // _BYTES_PER_FILE
        stamped = conform(rows.withColumn("run_id", F.lit(self.run_id)) if stamp else rows, SCHEMAS[table])
        spread = stamped.coalesce(1) if n_files == 1 else stamped.repartitionByRange(n_files, order[0])
        self._kept.append((step, table, model_id))
        return self.stage(step, spread.sortWithinPartitions(*order), SCHEMAS[table])

    def keep_annotations(
        self, annotations: DataFrame, model_id: str, *, n_bytes: int, stamp: bool = True
    ) -> dict[str, DataFrame]:
        """Stage rows of ``annotations``, computed once, and what follows from them alone: mentions and relations."""
        kept = self.keep("annotations", annotations, ("pmid",), n_bytes=n_bytes, model_id=model_id, stamp=stamp)
        return {
            "annotations": kept,
            **do_together(self.spark, self.flat_steps(kept, model_id, n_bytes=n_bytes, stamp=stamp)),
        }

    def flat_steps(
        self, annotations: DataFrame, model_id: str, *, n_bytes: int, stamp: bool = True
    ) -> dict[str, Callable[[], DataFrame]]:
        """What stages mentions and relations, each of them computing ``annotations``."""
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
        place = self._finished(step)
        return self.storage.n_bytes(place or f"{self._staging}/{step}")

    def publish(self, snapshot: Snapshot, unless_empty: Collection[str] = ()) -> Snapshot:
        """Make the kept rows, added to the files of ``snapshot``, what readers see from now on, in one step.

        ``unless_empty``: tables to which the run adds nothing; their empty files are left out where there are others.
        """
        moves = self._plan_moves(snapshot, unless_empty)
        self._lock.check()
        added: dict[str, list[DataFile]] = {}
        for move in moves:
            table, name = move["table"], move["name"]
            self.storage.make_folder(table)
            self.storage.move(move["part"], f"{table}/{name}")
            added.setdefault(table, []).append(DataFile(name, move["n_bytes"], move["model_id"]))
        tables = {table: (*snapshot.files(table), *added.get(table, ())) for table in SCHEMAS}
        published = self.snapshots.publish(replace(snapshot, tables=tables))
        write_script(self.storage, published, self.warehouse)
        self._clear(self.run_id)
        self.stored = Stored(self.spark, self.storage, published)
        return published

    def record(self, facts: dict[str, Any], counts: dict[str, Counter[str]]) -> DataFrame:
        """The row of ``runs``. ``facts``: what is not known here."""
        total = sum(counts.values(), Counter())
        sources = [
            {"source": source, "records": c.total(), **{fate: c[fate] for fate in FATES}}
            for source, c in counts.items()
        ]
        record = {
            "run_id": self.run_id,
            "run_number": self.number,
            "started": self.started,
            "finished": datetime.now(UTC),
            "n_records": total.total(),
            **{f"n_{fate}": total[fate] for fate in FATES},
            "sources": sources,
            "durations_sec": self.durations_sec,
            **facts,
        }
        return table_of(self.spark, [tuple(record[field.name] for field in RUNS)], RUNS)

    def _plan_moves(self, snapshot: Snapshot, unless_empty: Collection[str]) -> list[dict[str, Any]]:
        moves: list[dict[str, Any]] = []
        numbers: Counter[str] = Counter()
        for step, table, model_id in self._kept:
            if table in unless_empty and snapshot.files(table, model_id):
                continue
            for part in self._parts(step):
                name = f"{self.run_id}.part-{numbers[table]:05d}.parquet"
                moves.append(
                    {
                        "table": table,
                        "part": part,
                        "name": name,
                        "n_bytes": self.storage.n_bytes(part),
                        "model_id": model_id,
                    }
                )
                numbers[table] += 1
        self.storage.replace_text(f"{self._staging}/{_MOVES}", json.dumps(moves, indent=1))
        return moves

    def _moves(self, run_id: str) -> list[dict[str, Any]]:
        try:
            return json.loads(self.storage.read_text(f"{_STAGING}/{run_id}/{_MOVES}"))
        except FileNotFoundError:
            return []

    def _take_back(self) -> None:
        """Files that a run moved before it died, to where its steps look for them."""
        for move in self._moves(self.run_id):
            if self.storage.exists(f"{move['table']}/{move['name']}"):
                self.storage.move(f"{move['table']}/{move['name']}", move["part"])

    def _parts(self, step: str) -> list[str]:
        place = self._finished(step)
        return [f"{place}/{name}" for name in self.storage.names(place or "") if name.endswith(".parquet")]

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._discard(self.run_id)

    def _discard(self, run_id: str) -> None:
        """Remove what a run that never published has left, files already moved included."""
        if moves := self._moves(run_id):
            snapshots = map(self.snapshots.read, self.snapshots.numbers())
            published = {
                (table, file.name) for snapshot in snapshots for table in SCHEMAS for file in snapshot.files(table)
            }
            for move in moves:
                if (move["table"], move["name"]) not in published:
                    self.storage.delete(f"{move['table']}/{move['name']}")
        self._clear(run_id)

    def _clear(self, run_id: str) -> None:
        self.storage.delete(f"{_STAGING}/{run_id}")
        if not self.storage.names(_STAGING):
            self.storage.delete(_STAGING)

    def read_record(self) -> Row | None:
        """The row of ``runs`` with this run's id, if it is published."""
        return self.stored.read("runs").where(F.col("run_id") == self.run_id).first()
