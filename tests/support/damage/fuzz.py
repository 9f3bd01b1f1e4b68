"""Files of every format with bytes flipped, stretches lost, types changed, columns dropped, encodings mixed.

python tests/support/damage/fuzz.py [N] [SEED]     N files (2,000 by default): no crash, every record accounted for; exit code 1 otherwise
"""

from __future__ import annotations

import io
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from damage.fuzz_files import PACKED, PLAIN, PMIDS, ROWS, as_parquet, row
from damage.mutations import BYTE_EDITS
from litcoin_batch.readers import Rules, read_stream
from litcoin_batch.schema import Document, Reject

MAX_SEC = 10.0  # of one file: what is quadratic shows
_BYTES = ("flip", "overwrite", "lose", "cut")
_MORE = ("double", "recode", "insert")
_VALUES = (
    None,
    "",
    "NaN",
    "None",
    True,
    -1,
    0,
    1e300,
    2.5,
    [],
    [1],
    {},
    {"a": {}},
    "x" * 5_000,
    "\x00",
    "ü\u200b",
    "2020-13-45",
)
_TYPES = (pa.string(), pa.int32(), pa.uint64(), pa.float64(), pa.large_string(), pa.decimal128(20, 2), pa.binary())


@dataclass(frozen=True)
class Mutant:
    """``intact``: PMIDs of the records that no mutation touched; None where that cannot be told (packed bytes)."""

    name: str
    data: bytes
    kinds: tuple[str, ...]
    intact: frozenset[int] | None


def mutants(n: int, seed: int = 1) -> Iterator[Mutant]:
    """In turn: each plain format, each packed one, values and columns of each kind of table; the same on every machine."""
    seeded = random.Random(seed)
    ways = [(_mutate_plain, name) for name in PLAIN] + [(_mutate_packed, name) for name in PACKED]
    ways += [(_mutate_rows, name) for name in ("rows.jsonl", "array.json", "rows.csv", "rows.parquet")]
    for number in range(n):
        way, name = ways[number % len(ways)]
        yield way(name, seeded)


def _mutate_plain(name: str, seeded: random.Random) -> Mutant:
    whole = PLAIN[name]
    data, kinds, touched = whole.data, [], []
    edits = [_edit(whole.data, seeded) for _ in range(seeded.randint(1, 3))]
    kept: list[tuple[int, int, bytes]] = []
    for kind, begin, end, new in edits:
        if all(end <= b or begin >= e for b, e, _ in kept):
            kept.append((begin, end, new))
            kinds.append(kind)
            touched.append((begin, max(end, begin + 1)))
    for begin, end, new in sorted(kept, reverse=True):
        data = data[:begin] + new + data[end:]
    return Mutant(name, data, tuple(kinds), whole.intact(touched))


def _edit(data: bytes, seeded: random.Random) -> tuple[str, int, int, bytes]:
    kind = seeded.choice((*_BYTES, *_MORE))
    if kind in _BYTES:
        ((begin, end, new),) = BYTE_EDITS[kind](data, seeded)
        return kind, begin, end, new
    begin = seeded.randrange(len(data))
    end = min(begin + seeded.randint(1, 200), len(data))
    if kind == "double":
        return kind, end, end, data[begin:end]
    if kind == "recode":
        text = data[begin:end].decode("utf-8", "replace")
        return kind, begin, end, text.encode(seeded.choice(("latin-1", "utf-16", "cp1252", "utf-8-sig")), "replace")
    return (
        kind,
        begin,
        begin,
        seeded.choice((b"\x00", b'"', b"\n", b"\r", b"\xef\xbb\xbf", b"]", b"}", b"<", b"\n\n", b"\t", b",", b"|")),
    )


def _mutate_packed(name: str, seeded: random.Random) -> Mutant:
    kind, begin, end, new = _edit(PACKED[name], seeded)
    return Mutant(name, PACKED[name][:begin] + new + PACKED[name][end:], (kind,), None)


def _mutate_rows(name: str, seeded: random.Random) -> Mutant:
    """A value of another type, or a column dropped, renamed or, in Parquet, of another type."""
    rows = [row(pmid) for pmid in PMIDS]
    column = seeded.choice(list(rows[0]))
    if seeded.random() < 0.5:
        if name == "rows.parquet":
            return Mutant(name, as_parquet(_cast(column, seeded)), ("type",), frozenset())
        chosen = set(seeded.sample(PMIDS, seeded.randint(1, 4)))
        for one in rows:
            if one["pmid"] in chosen:
                one[column] = seeded.choice(_VALUES)
        return Mutant(name, _written(name, rows), ("value",), frozenset(PMIDS) - chosen)
    for one in rows:
        value = one.pop(column)
        if seeded.random() < 0.5:
            one[column + "_old"] = value
    names = list(dict.fromkeys(key for one in rows for key in one))
    rows = [{key: one.get(key) for key in names} for one in rows]
    needed = column in ("pmid", "title", "abstract")
    return Mutant(name, _written(name, rows), ("column",), frozenset() if needed else frozenset(PMIDS))


def _cast(column: str, seeded: random.Random) -> pa.Table:
    at = ROWS.schema.get_field_index(column)
    try:
        return ROWS.set_column(at, column, ROWS[column].cast(seeded.choice(_TYPES)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return ROWS.set_column(at, column, pa.array([[1]] * len(PMIDS)))


def _written(name: str, rows: list[dict]) -> bytes:
    if name == "rows.parquet":
        return as_parquet(pa.Table.from_pylist(rows))
    if name == "rows.csv":
        lines = [list(rows[0]), *(list(one.values()) for one in rows)]
        cells = [["" if cell is None else str(cell).replace('"', '""') for cell in line] for line in lines]
        return "".join(",".join(f'"{cell}"' for cell in line) + "\n" for line in cells).encode()
    if name == "array.json":
        return json.dumps(rows).encode()
    return "".join(json.dumps(one) + "\n" for one in rows).encode()


def read(mutant: Mutant, gold: bool = False) -> list[Document | Reject]:
    return list(read_stream(io.BytesIO(mutant.data), mutant.name, rules=Rules(gold=gold)))


def problem(mutant: Mutant, items: list[Document | Reject]) -> str | None:
    """What is wrong with what was read: lost without a word, or said without a reason."""
    documents = [item for item in items if isinstance(item, Document)]
    rejects = [item for item in items if isinstance(item, Reject)]
    if not items:
        return "neither a document nor a reject"
    if any(not reject.reason or reject.source != mutant.name or reject.record < 0 for reject in rejects):
        return "a reject without reason or place"
    if rejects:
        return None
    read_ = {d.pmid for d in documents}
    if mutant.intact is None:
        # Without sums over its content a file cannot tell that a value changed, but it can that one is gone.
        return None if len(documents) >= len(PMIDS) else f"{len(PMIDS) - len(documents)} documents gone without a word"
    lost = mutant.intact - read_
    return f"documents {sorted(lost)} lost without a word" if lost else None


def main(n: int = 2_000, seed: int = 1) -> int:
    """Prints what was found by format; 1 where something is wrong."""
    table: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    for number, mutant in enumerate(mutants(n, seed)):
        counts = table.setdefault(mutant.name, Counter())
        started = time.process_time()
        try:
            items = read(mutant, gold=number % 2 == 1)
            found = problem(mutant, items)
        except Exception as error:  # that is what is looked for
            items, found = [], f"raised {type(error).__name__}: {error}"
        if time.process_time() - started > MAX_SEC:
            found = found or f"took {time.process_time() - started:.1f} s"
        if found:
            wrong.append(f"file {number} ({mutant.name}, {', '.join(mutant.kinds)}): {found}")
        pmids = {item.pmid for item in items if isinstance(item, Document)}
        counts.update(files=1, documents=sum(isinstance(i, Document) for i in items), rejects=sum(isinstance(i, Reject) for i in items))  # fmt: skip
        counts.update(intact=len(mutant.intact or ()), beside=len((mutant.intact or frozenset()) - pmids))
    print(
        f"{'format':16} {'files':>6} {'documents':>9} {'rejects':>8} {'intact':>7} {'of them lost beside a reject':>28}"
    )
    for name, c in table.items():
        print(f"{name:16} {c['files']:6} {c['documents']:9} {c['rejects']:8} {c['intact']:7} {c['beside']:28}")
    print(f"{n} files, {len(wrong)} with something wrong", *wrong[:50], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
