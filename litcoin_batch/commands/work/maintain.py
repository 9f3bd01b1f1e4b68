"""``litcoin-batch maintain``: one change of a warehouse under its lock, or a look at it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import check_gpu_of, told
from litcoin_batch.warehouse.inference.loading import CheckpointLoader
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.status import status as describe


def work(stop: Interruption, name: str, warehouse: str, wait_minutes: float, **options: Any) -> str:
    stop.line = _INTERRUPTED.get(name, "stopped; the tables are as they were")
    with told(_FAILED.get(name, "the tables are as they were")):
        return _WORK[name](stop, warehouse, wait_minutes, **options)


def _run(stop: Interruption, warehouse: str, wait_minutes: float) -> Run:
    spark = open_session()
    stop.listen()
    return Run(spark, warehouse, wait_minutes=wait_minutes)


def status(stop: Interruption, warehouse: str, wait_minutes: float) -> str:
    return json.dumps(describe(warehouse), indent=1, default=str)


def compact(stop: Interruption, warehouse: str, wait_minutes: float, retired_share: float) -> str:
    found = describe(warehouse)["retired_share"] if retired_share else 1.0
    if found < retired_share:
        return f"nothing to do: a share of {found:.3f} of the rows is retired, less than {retired_share:g}"
    with _run(stop, warehouse, wait_minutes) as run:
        before = _count_files(run)
        maintenance.compact(run)
        after = _count_files(run)
    return f"{after} files, {before} before; no row is retired"


def _count_files(run: Run) -> int:
    return sum(len(run.log.files(run.parent, table)) for table in run.parent.versions)


def vacuum(stop: Interruption, warehouse: str, wait_minutes: float, runs: int) -> str:
    with _run(stop, warehouse, wait_minutes) as run:
        deleted = maintenance.vacuum(run, runs)
    return f"{len(deleted)} files deleted" + "".join(f"\n  {name}" for name in deleted)


def rollback(stop: Interruption, warehouse: str, wait_minutes: float, to: str) -> str:
    with _run(stop, warehouse, wait_minutes) as run:
        maintenance.roll_back(run, to)
    return f"readers see the tables as run {to} left them"


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


_WORK: dict[str, Callable[..., str]] = {
    "status": status,
    "compact": compact,
    "vacuum": vacuum,
    "rollback": rollback,
    "rollout": rollout,
}
# Where it is not all or nothing.
_GOES_ON = "readers see what they saw; the same command goes on from what is done"
_INTERRUPTED = {
    "rollout": f"stopped; {_GOES_ON}",
    "vacuum": "stopped; the tables are as they were, the same command deletes the rest",
}
_FAILED = {"rollout": _GOES_ON, "vacuum": "the tables are as they were, the same command deletes the rest"}
