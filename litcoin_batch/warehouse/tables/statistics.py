"""Statistics of a Parquet file for the table's log: engines skip files whose range of values cannot match."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow.fs as pa_fs
import pyarrow.parquet as pq
from deltalake.fs import DeltaStorageHandler

# Ranges of texts prune nothing; ids and labels are shorter.
_MAX_CHARS = 64


@dataclass(slots=True)
class Statistics:
    """Of one file, as Delta's protocol names them ("Per-file statistics")."""

    n_bytes: int
    n_rows: int
    low: dict[str, Any] = field(default_factory=dict)
    high: dict[str, Any] = field(default_factory=dict)
    n_null: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> str:
        values = {"numRecords": self.n_rows, "minValues": self.low, "maxValues": self.high, "nullCount": self.n_null}
        return json.dumps(values, default=_as_text)


def read_statistics(table: str, path: str, options: dict[str, str]) -> Statistics:
    """Of the file ``path`` below ``table``, from its footer. Raises ``FileNotFoundError``."""
    files = pa_fs.PyFileSystem(DeltaStorageHandler(table, options))
    found = files.get_file_info(path)
    if found.type != pa_fs.FileType.File:
        raise FileNotFoundError(f"{table}/{path}")
    with files.open_input_file(path) as stream:
        footer = pq.read_metadata(stream)
    statistics = Statistics(found.size, footer.num_rows)
    unknown: set[str] = set()
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            # Columns inside of lists and structs have no range.
            if column.path_in_schema == column.path_in_schema.split(".")[0]:
                _add(statistics, unknown, column.path_in_schema, column.statistics)
    for name in unknown:
        for values in (statistics.low, statistics.high, statistics.n_null):
            values.pop(name, None)
    return statistics


def _add(statistics: Statistics, unknown: set[str], name: str, found: Any) -> None:
    """One row group's column; ``unknown`` takes the names of which nothing is told."""
    if found is None or not found.has_null_count or (found.num_values and not found.has_min_max):
        unknown.add(name)
        return
    statistics.n_null[name] = statistics.n_null.get(name, 0) + found.null_count
    if not found.has_min_max:  # all of it is null
        return
    low, high = found.min, found.max
    is_long = isinstance(high, str) and max(len(low), len(high)) > _MAX_CHARS
    if is_long or isinstance(low, bool | bytes) or low != low:
        unknown.add(name)
        return
    statistics.low[name] = min(statistics.low.get(name, low), low)
    statistics.high[name] = max(statistics.high.get(name, high), high)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no statistics of {type(value).__name__}")
