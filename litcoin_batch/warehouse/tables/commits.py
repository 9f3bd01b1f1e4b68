"""What changes the tables' logs: files added and taken out, commits of ``runs``, a vacuum."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow.fs as pa_fs
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Field, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.fs import DeltaStorageHandler
from deltalake.transaction import AddAction, RemoveAction

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.tables.declared import OTHERS, RUNS
from litcoin_batch.warehouse.tables.log import DataFile, State, TableLog, actions_of, rows_of, state_of
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, arrow_schema, arrow_table
from litcoin_batch.warehouse.tables.statistics import read_statistics

# Commits are small and tell how the warehouse came to be what it is: kept for ten years.
_SETTINGS = {"delta.logRetentionDuration": "interval 3650 days"}


class TableWriter(TableLog):
    """The logs of one warehouse for the one who holds its lock."""

    def __init__(self, warehouse: str) -> None:
        super().__init__(warehouse)
        self._counted: dict[tuple[str, str], int] = {}

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

    def n_rows(self, folder: str, paths: Iterable[str]) -> int:
        """Of Parquet files below a folder of the warehouse, by their footers."""
        return sum(self._n_rows(folder, paths))

    def has_rows(self, folder: str, paths: Iterable[str]) -> bool:
        """Whether one of the files has any; no more of them are opened than it takes to know."""
        return any(self._n_rows(folder, paths))

    def _n_rows(self, folder: str, paths: Iterable[str]) -> Iterator[int]:
        """Each footer is read once: what a file of ours holds does not change."""
        for path in paths:
            if (folder, path) not in self._counted:
                self._counted[folder, path] = read_statistics(self.uri(folder), path, self.options).n_rows
            yield self._counted[folder, path]

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
            if state_of(rows_of(table)).number != before.number:
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
        table = arrow_table([tuple(row.get(name) for name in RUNS) for row in rows], SCHEMAS["runs"])
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


def _paths(table: DeltaTable) -> set[str]:
    return {action["path"] for action in actions_of(table)}
