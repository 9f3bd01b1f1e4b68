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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import TableNotFoundError

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.tables.declared import RUNS, MapOf
from litcoin_batch.warehouse.tables.places import is_on_this_machine, location_of, refuse_former_layout

# What a row of ``runs`` stands for.
ANNOTATE, COMPACT, ROLL_OUT, ROLL_BACK = "annotate", "compact", "rollout", "rollback"


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


class TableLog:
    """The logs of all tables of one warehouse. Reading makes nothing, neither folder nor file."""

    def __init__(self, warehouse: str) -> None:
        self.root, self.options = location_of(warehouse)
        self._listed: dict[tuple[str, int], tuple[DataFile, ...]] = {}

    @cached_property
    def is_local(self) -> bool:
        return is_on_this_machine(self.root)

    def uri(self, table: str) -> str:
        return f"{self.root}/{table}"

    def exists(self, table: str) -> bool:
        return DeltaTable.is_deltatable(self.uri(table), self.options)

    def open(self, table: str, version: int | None = None) -> DeltaTable:
        return DeltaTable(self.uri(table), version=version, storage_options=self.options)

    # Reading

    def runs(self) -> list[dict[str, Any]]:
        """The rows of ``runs``, oldest first; none where there is no such table."""
        return self._runs()[0]

    def _runs(self) -> tuple[list[dict[str, Any]], int]:
        """With the version of the table."""
        try:
            table = self.open("runs")
        except TableNotFoundError:
            if self.is_local:
                refuse_former_layout(self.root)
            return [], 0
        return rows_of(table), table.version()

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

    def files(self, state: State, table: str, model_id: str | None = None) -> tuple[DataFile, ...]:
        """Of the version that ``state`` names, without those of runs that were never committed. ``model_id``: those
        that may hold annotations of this model.
        """
        if table not in state.versions:
            return ()
        every = self._files_of(table, state.versions[table])
        kept = (file for file in every if file.written_by is None or file.written_by in state.committed)
        return tuple(f for f in kept if model_id is None or f.model_id in (None, model_id))

    def _files_of(self, table: str, version: int) -> tuple[DataFile, ...]:
        """Listed once: what a version of a table holds does not change, and a night asks for it again and again."""
        if (table, version) not in self._listed:
            self._listed[table, version] = tuple(map(_data_file, actions_of(self.open(table, version))))
        return self._listed[table, version]


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


def rows_of(runs: DeltaTable) -> list[dict[str, Any]]:
    """Oldest first; without Arrow's library for Python, which takes as long to start as all else that reading needs."""
    found = QueryBuilder().register("runs", runs).execute("SELECT * FROM runs ORDER BY run_number").read_all()
    columns = {name: _plain(name, found.column(name).to_pylist()) for name in found.schema.names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(name: str, values: list) -> list:
    """Maps come as their pairs."""
    if not isinstance(RUNS.get(name), MapOf):
        return values
    return [None if value is None else dict(value) for value in values]


def actions_of(table: DeltaTable) -> list[dict[str, Any]]:
    """The files of a table with their statistics."""
    found = table.get_add_actions(flatten=True)
    columns = {name: found.column(name).to_pylist() for name in found.schema.names}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _data_file(action: Mapping[str, Any]) -> DataFile:
    low, high = action.get("min.model_id"), action.get("max.model_id")
    return DataFile(action["path"], action["size_bytes"], action["num_records"], low if low == high else None)
