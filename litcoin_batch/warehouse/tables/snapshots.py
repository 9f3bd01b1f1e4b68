"""What readers see is one snapshot: a small JSON file that lists the files of every table.

    WAREHOUSE/<table>/<run_id>.part-00000.parquet    never changed once written
    WAREHOUSE/snapshots/000000012.json               written last, in one step, never changed: the commit
    WAREHOUSE/views.sql                              the newest snapshot as views of DuckDB (``views``)

A reader takes the newest snapshot and reads exactly its files: last night's tables or tonight's, never a mix.
Files that no snapshot lists belong to runs that died; ``maintenance.retain`` removes them. The idea is that of
Iceberg's metadata files and Delta's log, without their jars: plain Parquet stays plain Parquet.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.files.storage import Storage

FOLDER = "snapshots"
SCHEMA_VERSION = 1
# Why a snapshot was published.
REASONS = ("run", "compact", "rollback", "rollout")
_NAME = re.compile(r"(\d{9})\.json")


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file, ``<table>/<name>``. ``model_id``: of the annotations in it, None in other tables."""

    name: str
    n_bytes: int
    model_id: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``model_id``: whose annotations readers see. ``baseline``: the year (two digits) of NLM's baseline in it, if any."""

    number: int
    parent: int
    run_id: str
    reason: str
    model_id: str
    baseline: int | None = None
    created: str = ""
    tables: dict[str, tuple[DataFile, ...]] = field(default_factory=dict)

    def files(self, table: str, model_id: str | None = None) -> tuple[DataFile, ...]:
        """Of one model only, where ``model_id`` is given."""
        return tuple(f for f in self.tables.get(table, ()) if model_id is None or f.model_id == model_id)

    def n_bytes(self, table: str) -> int:
        return sum(file.n_bytes for file in self.files(table))


EMPTY = Snapshot(0, 0, "", "run", "")


class Snapshots:
    """The snapshots of one warehouse."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def numbers(self) -> list[int]:
        """Ascending."""
        return [int(found[1]) for name in self._storage.names(FOLDER) if (found := _NAME.fullmatch(name))]

    def newest(self) -> Snapshot:
        """``EMPTY`` where nothing is published yet. Raises ``ContractError`` for a damaged snapshot."""
        numbers = self.numbers()
        return self.read(numbers[-1]) if numbers else EMPTY

    def read(self, number: int) -> Snapshot:
        place = _place(number)
        text = self._storage.read_text(place)
        try:
            values = json.loads(text)
            digest = values.pop("sha256")
            version = values.pop("schema_version")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ContractError(f"{self._storage.uri(place)}: not a snapshot ({error!r})") from error
        if version != SCHEMA_VERSION:
            raise ContractError(
                f"{self._storage.uri(place)}: snapshot schema {version!r}, this version reads {SCHEMA_VERSION}"
            )
        if digest != _digest(values):
            raise ContractError(f"{self._storage.uri(place)}: damaged, its content is not what its SHA-256 says")
        tables = {table: tuple(DataFile(**file) for file in files) for table, files in values["tables"].items()}
        return Snapshot(**{**values, "tables": tables})

    def publish(self, snapshot: Snapshot) -> Snapshot:
        """Raises ``ContractError`` where somebody else has published this number: nothing is changed then."""
        snapshot = replace(snapshot, created=datetime.now(UTC).isoformat(timespec="seconds"))
        values = asdict(snapshot)
        text = json.dumps({"schema_version": SCHEMA_VERSION, **values, "sha256": _digest(values)}, indent=1)
        self._storage.make_folder(FOLDER)
        if not self._storage.create_text(_place(snapshot.number), text):
            raise ContractError(
                f"{self._storage.uri(_place(snapshot.number))}: exists already, so another run has published since"
                f" snapshot {snapshot.parent}; nothing of run {snapshot.run_id} is published"
            )
        return snapshot

    def delete(self, number: int) -> None:
        self._storage.delete(_place(number))


def _place(number: int) -> str:
    return f"{FOLDER}/{number:09d}.json"


def _digest(values: dict) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
