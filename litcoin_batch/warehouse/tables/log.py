"""The tables of a warehouse as Delta tables: what was committed, when, and in which files.

    WAREHOUSE/<table>/<run_id>-<attempt>/part-...parquet    written by Spark, never changed
    WAREHOUSE/<table>/_delta_log/<version>.json             which files the table has (delta-rs)
    WAREHOUSE/runs/                                         committed last: the truth about all others

A run adds its files to each table, a commit of its own, and then its row to ``runs``; that row says which version
of each table the run left (``tables``). Whoever takes the newest row and reads those versions sees all of a run or
nothing. A run that dies before has added files that no row of ``runs`` speaks for: nobody reads them, and the next
writer takes them out (``recover``). Two writers cannot both add row n: the second is refused by the log itself, on
S3 by a conditional put.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.fs as pa_fs
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction, RemoveAction

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.tables.schemas import RUNS, SCHEMAS, arrow_schema, arrow_table
from litcoin_batch.warehouse.tables.statistics import read_statistics

# What a row of ``runs`` stands for.
ANNOTATE, COMPACT, ROLL_OUT, ROLL_BACK = "annotate", "compact", "rollout", "rollback"
# Commits are small and tell how the warehouse came to be what it is: kept for ten years.
_SETTINGS = {"delta.logRetentionDuration": "interval 3650 days"}
_FORMER = "snapshots"
# All that ``runs`` speaks for.
OTHERS = tuple(table for table in SCHEMAS if table != "runs")


@dataclass(frozen=True, slots=True)
class DataFile:
    """``path`` is relative to its table. ``model_id``: whose annotations it holds, None where of none or several."""

    path: str
    n_bytes: int
    n_rows: int
    model_id: str | None = None

    @property
    def written_by(self) -> str | None:
        """The run in whose folder it lies; None where the table's log made the file itself."""
        folder, found, _ = self.path.rpartition("/")
        return folder.rpartition("-")[0] if found else None


@dataclass(frozen=True, slots=True)
class State:
    """The newest row of ``runs``. ``model_id``: whose annotations readers see. ``baseline``: the year (two digits)
    of NLM's baseline, if any. ``versions``: of each table. ``committed``: all runs that ``runs`` holds up to this one.
    """

    number: int = 0
    run_id: str = ""
    work: str = ""
    model_id: str = ""
    vocabulary_id: str | None = None
    baseline: int | None = None
    finished: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)
    committed: frozenset[str] = frozenset()


EMPTY = State()


def location_of(warehouse: str) -> tuple[str, dict[str, str]]:
    """Where delta-rs finds what Spark calls ``warehouse``, and the options it needs."""
    if re.match(r"s3[an]?://", warehouse):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        options = {"allow_http": "true"} if endpoint.startswith("http://") else {}
        return re.sub(r"^s3[an]?://", "s3://", warehouse).rstrip("/"), options
    if warehouse.startswith("file:"):
        warehouse = re.sub(r"^file:/+", "/", warehouse)
    elif re.match(r"[a-z][a-z0-9+.-]+://", warehouse):
        return warehouse.rstrip("/"), {}
    return os.path.abspath(warehouse), {}


class TableLog:
    """The logs of all tables of one warehouse. Reading makes nothing, neither folder nor file."""

    def __init__(self, warehouse: str) -> None:
        self.root, self.options = location_of(warehouse)

    @cached_property
    def is_local(self) -> bool:
        return self.root.startswith("/")

    def uri(self, table: str) -> str:
        return f"{self.root}/{table}"

    def exists(self, table: str) -> bool:
        return DeltaTable.is_deltatable(self.uri(table), self.options)

    def open(self, table: str, version: int | None = None) -> DeltaTable:
        return DeltaTable(self.uri(table), version=version, storage_options=self.options)

    def create(self) -> None:
        """Tables that are not there yet, and columns that a table does not have yet: nothing is rewritten."""
        for table, schema in SCHEMAS.items():
            wanted = Schema.from_arrow(arrow_schema(schema))
            if not self.exists(table):
                DeltaTable.create(
                    self.uri(table), wanted, mode="ignore", configuration=_SETTINGS, storage_options=self.options
                )
                continue
            found = self.open(table)
            known = {one.name for one in found.schema().fields}
            new = [Field(one.name, one.type) for one in wanted.fields if one.name not in known]
            if new:
                found.alter.add_columns(new)

    # Reading

    def runs(self) -> list[dict[str, Any]]:
        """The rows of ``runs``, oldest first; none where there is no such table."""
        return self._runs()[0]

    def _runs(self) -> tuple[list[dict[str, Any]], int]:
        """With the version of the table."""
        try:
            table = self.open("runs")
        except TableNotFoundError:
            self._refuse_former_layout()
            return [], 0
        return _rows(table), table.version()

    def state(self) -> State:
        """``EMPTY`` where nothing is committed. Raises ``ConfigError`` for a warehouse of the former layout."""
        return state_of(*self._runs())

    def state_after(self, run_id: str) -> State:
        """What the run left. Raises ``ConfigError`` where ``runs`` does not hold it."""
        rows, version = self._runs()
        numbers = [row["run_number"] for row in rows if row["run_id"] == run_id]
        if not numbers:
            known = ", ".join(dict.fromkeys(row["run_id"] for row in reversed(rows)))
            raise ConfigError(f"warehouse {self.root}: no run {run_id!r} is committed; there are: {known or 'none'}")
        return state_of([row for row in rows if row["run_number"] <= numbers[-1]], version)

    def _refuse_former_layout(self) -> None:
        if self.is_local and os.path.isdir(f"{self.root}/{_FORMER}"):
            raise ConfigError(
                f"warehouse {self.root}: its tables are listed in {_FORMER}/*.json, the layout of version 0.1; this version"
                " keeps Delta tables: annotate the same files into a new folder (texts are annotated once more)"
            )

    def files(self, state: State, table: str, model_id: str | None = None) -> tuple[DataFile, ...]:
        """Of the version that ``state`` names, without those of runs that were never committed. ``model_id``: those
        that may hold annotations of this model.
        """
        if table not in state.versions:
            return ()
        every = map(_data_file, _actions(self.open(table, state.versions[table])))
        kept = (file for file in every if file.written_by is None or file.written_by in state.committed)
        return tuple(f for f in kept if model_id is None or f.model_id in (None, model_id))

    # Writing

    def add(self, table: str, paths: Sequence[str], *, replace: bool = False) -> int:
        """Add Parquet files that lie below the table's folder, in one commit; the table's version after it.

        ``replace``: they are all that the table has from now on. Files without rows are left out.
        """
        current = self.open(table)
        added = self._adding(table, paths)
        if added or replace and current.file_uris():
            current.create_write_transaction(added, "overwrite" if replace else "append", current.schema())
        return self.open(table).version()

    def _adding(self, table: str, paths: Iterable[str]) -> list[AddAction]:
        now = int(time.time() * 1000)
        found = {path: read_statistics(self.uri(table), path, self.options) for path in paths}
        return [AddAction(path, one.n_bytes, {}, now, True, one.as_json()) for path, one in found.items() if one.n_rows]

    def remove(self, table: str, files: Iterable[DataFile]) -> int:
        """Take files out, in one commit; the table's version after it. They stay where they are until a vacuum."""
        now = int(time.time() * 1000)
        actions = [RemoveAction(file.path, True, now, file.n_bytes, {}) for file in files]
        current = self.open(table)
        if actions:
            current.create_write_transaction(actions, "append", current.schema())
        return self.open(table).version()

    def commit(self, before: State, rows: Sequence[Mapping[str, Any]], *, replace: bool = False) -> State:
        """Add rows to ``runs``, in one step, or ``replace`` all of it by them; the state that readers have then.

        Raises ``ContractError`` where another writer has committed since ``before``: nothing is changed then.
        """
        number = rows[-1]["run_number"]
        guard = CommitProperties(app_transactions=[Transaction("runs", number)], max_commit_retries=0)
        try:
            table = self.open("runs")
            if state_of(_rows(table)).number != before.number:
                raise CommitFailedError("another row came first")
            path = self._write_rows(rows)
            mode = "overwrite" if replace else "append"
            table.create_write_transaction(self._adding("runs", [path]), mode, table.schema(), commit_properties=guard)
        except CommitFailedError as error:
            raise ContractError(
                f"warehouse {self.root}: another run has been committed since run {before.number}, so nothing of run"
                f" {rows[-1]['run_id']} is published ({str(error).splitlines()[0]}); start it again"
            ) from None
        return self.state()

    def recover(self, state: State) -> None:
        """Make the newest version of each table that of ``state``: without what dead runs have added."""
        for table in OTHERS:
            newest, wanted = self.open(table), state.versions.get(table, 0)
            if newest.version() != wanted and _paths(newest) != _paths(self.open(table, wanted)):
                newest.restore(wanted, protocol_downgrade_allowed=False)

    def _write_rows(self, rows: Sequence[Mapping[str, Any]]) -> str:
        """Rows of ``runs`` as a file below its folder."""
        path = f"{rows[-1]['run_number']:09d}-{secrets.token_hex(4)}.parquet"
        table = arrow_table([tuple(row.get(one.name) for one in RUNS) for row in rows], RUNS)
        files = pa_fs.PyFileSystem(DeltaStorageHandler(self.uri("runs"), self.options))
        with files.open_output_stream(path) as stream:
            pq.write_table(table, stream, compression="zstd")
        return path

    def vacuum(self, kept: Iterable[State]) -> list[str]:
        """Delete the files that neither the newest version of a table nor that of any state in ``kept`` names."""
        deleted: list[str] = []
        states = list(kept)
        for table in SCHEMAS:
            versions = sorted({state.versions[table] for state in states if table in state.versions})
            gone = self.open(table).vacuum(
                retention_hours=0,
                dry_run=False,
                enforce_retention_duration=False,
                full=True,
                keep_versions=versions,
            )
            deleted += [f"{table}/{path}" for path in gone]
        return sorted(deleted)

    def missing(self, state: State) -> list[str]:
        """Files of ``state`` that are gone, as after a vacuum. Raises ``ConfigError`` where a version is gone."""
        gone = []
        for table in state.versions:
            try:
                found = self.files(state, table)
            except DeltaError as error:
                raise ConfigError(f"{self.uri(table)}: version {state.versions[table]} is gone: {error}") from None
            gone += [f"{table}/{f.path}" for f in found if not _is_there(self.uri(table), f.path, self.options)]
        return gone


def _is_there(table: str, path: str, options: dict[str, str]) -> bool:
    try:
        return read_statistics(table, path, options).n_bytes > 0
    except FileNotFoundError:
        return False


def state_of(rows: Sequence[Mapping[str, Any]], version: int = 0) -> State:
    """What readers see where ``runs``, at ``version``, holds ``rows``, oldest first."""
    if not rows:
        return EMPTY
    last = rows[-1]
    return State(
        number=last["run_number"],
        run_id=last["run_id"],
        work=last["work"],
        model_id=last["model_id"],
        vocabulary_id=last["vocabulary_id"],
        baseline=last["baseline"],
        finished=str(last["finished"]),
        versions={**last["tables"], "runs": version},
        committed=frozenset(row["run_id"] for row in rows),
    )


def _rows(runs: DeltaTable) -> list[dict[str, Any]]:
    rows = runs.to_pyarrow_table().to_pylist(maps_as_pydicts="strict")
    return sorted(rows, key=lambda row: row["run_number"])


def _actions(table: DeltaTable) -> list[dict[str, Any]]:
    return pa.table(table.get_add_actions(flatten=True)).to_pylist()


def _paths(table: DeltaTable) -> set[str]:
    return {action["path"] for action in _actions(table)}


def _data_file(action: Mapping[str, Any]) -> DataFile:
    low, high = action.get("min.model_id"), action.get("max.model_id")
    return DataFile(action["path"], action["size_bytes"], action["num_records"], low if low == high else None)
