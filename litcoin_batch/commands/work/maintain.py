"""``litcoin-batch maintain``: one change of a warehouse under its lock, or a look at it."""

from __future__ import annotations

import json
from typing import Any

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import check_gpu_of, told
from litcoin_batch.warehouse.inference.workers import CheckpointLoader
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.session import open_session


def work(stop: Interruption, name: str, warehouse: str, wait_minutes: float, **options: Any) -> str:
    stop.line = _INTERRUPTED.get(name, "interrupted; the tables are as they were")
    with told(_FAILED.get(name, "the tables are as they were")):
        return _WORK[name](stop, warehouse, wait_minutes, **options)


def _run(stop: Interruption, warehouse: str, wait_minutes: float) -> Run:
    spark = open_session()
    stop.listen()
    return Run(spark, warehouse, wait_minutes=wait_minutes)


def status(stop: Interruption, warehouse: str, wait_minutes: float) -> str:
    with _run(stop, warehouse, wait_minutes) as run:
        return json.dumps(maintenance.status(run), indent=1, default=str)


def compact(stop: Interruption, warehouse: str, wait_minutes: float) -> str:
    with _run(stop, warehouse, wait_minutes) as run:
        before = sum(map(len, run.parent.tables.values()))
        snapshot = maintenance.compact(run)
    return f"snapshot {snapshot.number}: {sum(map(len, snapshot.tables.values()))} files, {before} before"


def retain(stop: Interruption, warehouse: str, wait_minutes: float, snapshots: int) -> str:
    with _run(stop, warehouse, wait_minutes) as run:
        deleted = maintenance.retain(run, snapshots)
    return f"{len(deleted)} files deleted" + "".join(f"\n  {name}" for name in deleted)


def rollback(stop: Interruption, warehouse: str, wait_minutes: float, to: str) -> str:
    with _run(stop, warehouse, wait_minutes) as run:
        snapshot = maintenance.rollback(run, to)
    return f"snapshot {snapshot.number} shows the tables as run {to} left them"


def rollout(
    stop: Interruption,
    warehouse: str,
    wait_minutes: float,
    checkpoint: str,
    device: str,
    vocabulary: str | None,
    lexicon: tuple[str, ...],
    annotate_titles: bool,
    documents: int,
    parts: int | None,
) -> str:
    loader = CheckpointLoader(checkpoint, device, lexicon, vocabulary=vocabulary)
    loader.verify_early()
    spark = open_session()
    stop.listen()
    check_gpu_of(spark.sparkContext.master, device)
    model_id, n_done = loader.verify(), 0
    failed: frozenset[int] = frozenset()
    while True:
        with Run(spark, warehouse, wait_minutes=wait_minutes) as run:
            state = maintenance.roll_out(
                run, loader, model_id, documents, annotate_titles=annotate_titles, failed=failed
            )
        n_done += state.n_done
        failed = state.failed
        lost = f", it failed on {len(failed)}" if failed else ""
        if state.is_complete:
            return f"readers see {model_id}: {n_done} documents annotated{lost}"
        if parts is not None and (parts := parts - 1) == 0:
            return f"{n_done} documents annotated with {model_id}{lost}, {state.n_missing} to go"


_WORK = {"status": status, "compact": compact, "retain": retain, "rollback": rollback, "rollout": rollout}
# Where it is not all or nothing.
_GOES_ON = "readers see what they saw; the same command goes on from what is done"
_INTERRUPTED = {
    "rollout": f"interrupted; {_GOES_ON}",
    "retain": "interrupted; the tables are as they were, the same command deletes the rest",
}
_FAILED = {"rollout": _GOES_ON, "retain": "the tables are as they were, the same command deletes the rest"}
