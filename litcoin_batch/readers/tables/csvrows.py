"""Rows of a delimited file, bad ones one by one."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from litcoin_batch.readers.parts.streams import ByteSource, Line, lines
from litcoin_batch.schema import RecordError

MAX_ROW_LINES = 1_000  # a longer quoted cell is taken for a stray quote

# The limit is the csv module's own, for the process: its default of 131,072 is below a long abstract.
csv.field_size_limit(max(csv.field_size_limit(), 16 << 20))


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row below the header; ``number`` counts from 1. ``cells`` raises what is wrong with it."""

    number: int
    raw: bytes
    _cells: dict[str, str] = field(default_factory=dict)
    _damage: str | None = None

    def cells(self) -> dict[str, str]:
        if self._damage:
            raise RecordError(self._damage)
        return self._cells


def csv_rows(
    stream: ByteSource,
    delimiter: str,
    columns: tuple[str, ...] = (),
    problem_of: Callable[[list[str]], str | None] = lambda header: None,
) -> Iterator[CsvRow]:
    """Rows by column name. A header without ``columns``, or with a problem, gives one damaged row with number 0.

    A quote that is opened and never closed costs its own line only: reading goes on with the next.
    """
    pending: deque[Line] = deque()
    source = lines(stream)
    header: list[str] | None = None
    number = 0
    while True:
        taken, cells, damage = _take_row(pending, source, delimiter, len(header) if header else None)
        if not taken:
            return
        raw = b"".join(line.raw for line in taken)
        if not raw.strip() and not damage:
            continue
        if header is None:
            header = [name.strip().lower() for name in cells]
            missing = [name for name in columns if name not in header]
            damage = damage or (f"header without {', '.join(missing)}" if missing else problem_of(header))
            if damage:
                yield CsvRow(0, raw, _damage=damage)
                return
            continue
        number += 1
        yield CsvRow(number, raw, {} if damage else dict(zip(header, cells, strict=True)), damage)


def _take_row(pending: deque, source: Iterator[Line], delimiter: str, width: int | None):
    """The lines of one row, its cells, and what is wrong with it.

    Of a bad row of several lines the first is taken and the others are read again.
    """
    taken: list[Line] = []
    cells: list[str] = []
    damage: str | None = None
    feed = _Feed(pending, source, taken)
    try:
        cells = next(csv.reader(feed, delimiter=delimiter, strict=True), [])
    except (csv.Error, RecordError) as error:
        damage = str(error)
    while width is not None and len(cells) > width and not cells[-1].strip():
        cells.pop()  # the empty cells that spreadsheets add on the right
    blank = not b"".join(line.raw for line in taken).strip()
    if not damage and width is not None and len(cells) != width and not blank:
        damage = f"row has {len(cells)} cells, expected {width}"
    if damage and len(taken) > 1:
        pending.extendleft(reversed(taken[1:]))
        del taken[1:]
    return taken, cells, damage


class _Feed:
    """Decoded lines for one row of the csv module, keeping what it took."""

    def __init__(self, pending: deque, source: Iterator[Line], taken: list[Line]) -> None:
        self._pending, self._source, self._taken = pending, source, taken

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= MAX_ROW_LINES:
            raise RecordError(f"a quoted cell runs over more than {MAX_ROW_LINES} lines")
        line = self._pending.popleft() if self._pending else next(self._source)
        self._taken.append(line)
        if line.damage:
            raise RecordError(line.damage)
        try:
            return line.raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RecordError(f"invalid UTF-8: byte 0x{line.raw[error.start]:02X}") from error
