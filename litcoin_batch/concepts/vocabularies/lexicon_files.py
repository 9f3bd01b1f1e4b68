"""Lexicon files: Parquet or tab-separated text with the columns surface, type, concept_id."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from litcoin_batch.schema import ENTITY_TYPES, ContractError

SCHEMA = pa.schema(
    [
        pa.field("surface", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("concept_id", pa.string(), nullable=False),
        pa.field("taxon", pa.string()),
    ]
)
REQUIRED = ("surface", "type", "concept_id")


class Row(NamedTuple):
    """``concept_id`` may join the several concepts of one name by commas, as the corpora do.

    ``taxon``: the NCBI taxonomy id of the organism whose gene this is, where it matters and is known.
    """

    surface: str
    type: str
    concept_id: str
    taxon: str | None = None


def split_ids(concept_id: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in concept_id.split(",") if part.strip())


def write_rows(rows: Iterable[Row], path: str | os.PathLike[str], batch_rows: int = 65536) -> int:
    """Write lexicon rows as zstd Parquet, in the order given; returns how many."""
    n_rows, batch = 0, []
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for row in rows:
            batch.append(row)
            if len(batch) == batch_rows:
                writer.write_batch(_to_batch(batch))
                n_rows, batch = n_rows + len(batch), []
        if batch:
            writer.write_batch(_to_batch(batch))
    return n_rows + len(batch)


def _to_batch(rows: list[Row]) -> pa.RecordBatch:
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=SCHEMA)


# A longer one is a table read past a quotation mark or a line end, no name.
LONGEST_NAME_CHARS = 2_000


def read_rows(path: str | os.PathLike[str]) -> Iterator[Row]:
    """Rows of a lexicon file, checked; the column taxon may be missing.

    Raises ``ContractError`` naming file, column or line.
    """
    return (row for _, row in placed_rows(path))


def placed_rows(path: str | os.PathLike[str]) -> Iterator[tuple[int, Row]]:
    """As ``read_rows``, each with its line, or its row in Parquet, counted from 1."""
    try:
        with open(path, "rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise ContractError(f"lexicon {path}: cannot be read: {error}") from error
    rows = _parquet_rows(path) if magic == b"PAR1" else _tsv_rows(path, magic[:2] == b"\x1f\x8b")
    for place, row in rows:
        if row.type not in ENTITY_TYPES:
            raise ContractError(
                f"lexicon {path}, {place}: column type holds {row.type!r}, expected one of {', '.join(ENTITY_TYPES)}"
            )
        if not row.surface or not row.surface.strip() or not split_ids(row.concept_id or ""):
            raise ContractError(
                f"lexicon {path}, {place}: surface and concept_id must not be empty, found {tuple(row)!r}"
            )
        if len(row.surface) > LONGEST_NAME_CHARS:
            raise ContractError(
                f"lexicon {path}, {place}: a name of {len(row.surface):,} characters, expected at most "
                f"{LONGEST_NAME_CHARS:,}; it begins {row.surface[:40]!r}"
            )
        if row.taxon and not row.taxon.isdecimal():
            raise ContractError(f"lexicon {path}, {place}: taxon {row.taxon!r}, expected the number of an NCBI taxon")
        yield int(place.split()[1]), row


def _check_columns(path: str | os.PathLike[str], columns: Sequence[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise ContractError(
            f"lexicon {path}: column {', '.join(missing)} is missing, "
            f"expected {', '.join(REQUIRED)}, found {', '.join(map(str, columns)) or 'none'}"
        )


def _parquet_rows(path: str | os.PathLike[str]) -> Iterator[tuple[str, Row]]:
    try:
        table = pq.ParquetFile(path)
        _check_columns(path, table.schema_arrow.names)
        number = 0
        names = [name for name in Row._fields if name in table.schema_arrow.names]
        for batch in table.iter_batches(columns=names):
            columns = [batch.column(name).cast(pa.string()).to_pylist() for name in names]
            for values in zip(*columns, strict=True):
                number += 1
                yield f"row {number}", Row(*values)
    except (pa.ArrowException, OSError) as error:
        raise ContractError(f"lexicon {path}: not a readable Parquet file: {error}") from error


def _tsv_rows(path: str | os.PathLike[str], is_gzip: bool) -> Iterator[tuple[str, Row]]:
    opened = gzip.open if is_gzip else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(lines, [])
            _check_columns(path, header)
            places = [header.index(name) for name in Row._fields if name in header]
            for values in lines:
                if not values:
                    continue
                if len(values) <= max(places):
                    raise ContractError(
                        f"lexicon {path}, line {lines.line_num}: expected {len(header)} columns, found {len(values)}"
                    )
                yield f"line {lines.line_num}", Row(*(values[i] or None for i in places))  # type: ignore[arg-type]  # what must not be empty is looked at by readers of rows
    except (EOFError, gzip.BadGzipFile, csv.Error) as error:
        raise ContractError(f"lexicon {path}: cut short, damaged or no table: {error}") from error
    except UnicodeDecodeError as error:
        raise ContractError(f"lexicon {path}: expected Parquet or tab-separated UTF-8 text: {error}") from error
