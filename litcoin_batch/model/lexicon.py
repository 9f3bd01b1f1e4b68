"""The lexicon: which concept a name means, looked up as written first, then normalised."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from litcoin_batch.model.variants import variant_ids
from litcoin_batch.schema import ENTITY_TYPES, ContractError

SHIPPED = Path(__file__).resolve().parent.parent / "lexicon" / "biored_train.parquet"
SCHEMA = pa.schema(
    [
        pa.field("surface", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("concept_id", pa.string(), nullable=False),
    ]
)

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu",
    "ν": "nu", "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_GREEK_TABLE = str.maketrans(_GREEK)
_POSSESSIVE = re.compile(r"['’]s\b")
_PLURAL_SYMBOL = re.compile(r"(?<=[A-Z0-9])s\b")
_TOKEN = re.compile(r"[^\W_]+")
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
_BEFORE_ROMAN = frozenset(("type", "class", "grade", "stage", "factor", "complex"))
_SHORT_ROMAN = {"i": "1", "v": "5", "x": "10"}


class Row(NamedTuple):
    """``concept_id`` may join the several concepts of one name by commas, as the corpora do."""

    surface: str
    type: str
    concept_id: str


@lru_cache(maxsize=131072)
def normalise(surface: str, type: str) -> str:
    """What two spellings of one name have in common; never empty for a visible ``surface``.

    Case, Greek letters, punctuation, hyphens, spaces, plurals, possessives, British spelling and
    Roman numerals are folded. A variant becomes its id where the syntax is understood.
    """
    if type == "SequenceVariant":
        ids = variant_ids(surface)
        return ids[0] if ids else " ".join(surface.split()).casefold()
    text = _PLURAL_SYMBOL.sub("", _POSSESSIVE.sub("", surface))
    words = [_fold_word(word) for word in _TOKEN.findall(text.casefold().translate(_GREEK_TABLE))]
    folded = ""
    for i, word in enumerate(words):
        if word in _SHORT_ROMAN and i and words[i - 1] in _BEFORE_ROMAN:
            word = _SHORT_ROMAN[word]
        # "1-2" and "12" are different names.
        if folded and folded[-1].isdigit() and word[0].isdigit():
            folded += " "
        folded += word
    return folded or "".join(surface.split()).casefold()


def _fold_word(word: str) -> str:
    if len(word) >= 5 and word.isalpha():
        if word.endswith("ies"):
            word = word[:-3] + "y"
        elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
        if len(word) >= 6:
            word = word.replace("ae", "e").replace("oe", "e").replace("our", "or")
    return _ROMAN.get(word, word)


class Lexicon:
    """Names to concept ids. Of rows with one name and type the first wins, as does the first of
    several spellings that normalise alike; a name as written wins over its normalised form.

    Holds one entry per normalised name, and the spelling itself only where its concept differs.
    """

    def __init__(self) -> None:
        self._normalised: dict[str, dict[str, str]] = {}
        self._exact: dict[str, dict[str, str]] = {}

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[str]]) -> Lexicon:
        """``rows``: surface, type, concept_id; the preferred row of a name comes first."""
        lexicon = cls()
        seen: set[tuple[str, str]] = set()
        for surface, type_, concept_id in rows:
            if (type_, surface) in seen:
                continue
            seen.add((type_, surface))
            names = lexicon._normalised.setdefault(type_, {})
            usual = names.setdefault(normalise(surface, type_), concept_id)
            if usual != concept_id:
                lexicon._exact.setdefault(type_, {})[surface] = concept_id
        return lexicon

    @classmethod
    def read(cls, *paths: str | os.PathLike[str]) -> Lexicon:
        """Parquet, or tab-separated text with a header, by content; columns surface, type, concept_id.

        Names of a later file replace those of the earlier ones, whatever their spelling.
        Raises ``ContractError`` naming file, column or line.
        """
        lexicon = cls()
        for path in paths:
            lexicon.update(cls.from_rows(read_rows(path)))
        return lexicon

    def update(self, other: Lexicon) -> None:
        """Names of ``other`` replace names here that are written or normalised alike."""
        for type_, names in other._normalised.items():
            exact = self._exact.get(type_, {})
            for surface in [s for s in exact if normalise(s, type_) in names]:
                del exact[surface]
            self._normalised.setdefault(type_, {}).update(names)
        for type_, names in other._exact.items():
            self._exact.setdefault(type_, {}).update(names)

    def lookup(self, surface: str, type: str) -> tuple[str, ...]:
        """The concept ids of a name, () where it is unknown."""
        exact = self._exact.get(type)
        found = exact.get(surface) if exact else None
        if found is None:
            names = self._normalised.get(type)
            found = names.get(normalise(surface, type)) if names else None
        return split_ids(found) if found else ()

    def __len__(self) -> int:
        """The number of normalised names, all types together."""
        return sum(len(names) for names in self._normalised.values())


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


def read_rows(path: str | os.PathLike[str]) -> Iterator[Row]:
    """Rows of a lexicon file, checked; errors as for ``Lexicon.read``."""
    try:
        with open(path, "rb") as stream:
            is_parquet = stream.read(4) == b"PAR1"
    except OSError as error:
        raise ContractError(f"lexicon {path}: cannot be read: {error}") from error
    rows = _parquet_rows(path) if is_parquet else _tsv_rows(path)
    for place, row in rows:
        if row.type not in ENTITY_TYPES:
            raise ContractError(
                f"lexicon {path}, {place}: column type holds {row.type!r}, "
                f"expected one of {', '.join(ENTITY_TYPES)}"
            )
        if not row.surface or not row.surface.strip() or not split_ids(row.concept_id or ""):
            raise ContractError(
                f"lexicon {path}, {place}: surface and concept_id must not be empty, found {tuple(row)!r}"
            )
        yield row


def _check_columns(path: str | os.PathLike[str], columns: Sequence[str]) -> None:
    missing = [name for name in Row._fields if name not in columns]
    if missing:
        raise ContractError(
            f"lexicon {path}: column {', '.join(missing)} is missing, "
            f"expected {', '.join(Row._fields)}, found {', '.join(map(str, columns)) or 'none'}"
        )


def _parquet_rows(path: str | os.PathLike[str]) -> Iterator[tuple[str, Row]]:
    try:
        table = pq.ParquetFile(path)
        _check_columns(path, table.schema_arrow.names)
        number = 0
        for batch in table.iter_batches(columns=list(Row._fields)):
            columns = [column.cast(pa.string()).to_pylist() for column in batch.columns]
            by_name = dict(zip(batch.schema.names, columns, strict=True))
            for values in zip(*(by_name[name] for name in Row._fields), strict=True):
                number += 1
                yield f"row {number}", Row(*values)
    except (pa.ArrowException, OSError) as error:
        raise ContractError(f"lexicon {path}: not a readable Parquet file: {error}") from error


def _tsv_rows(path: str | os.PathLike[str]) -> Iterator[tuple[str, Row]]:
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            lines = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = next(lines, [])
            _check_columns(path, header)
            places = [header.index(name) for name in Row._fields]
            for values in lines:
                if not values:
                    continue
                if len(values) <= max(places):
                    raise ContractError(
                        f"lexicon {path}, line {lines.line_num}: expected {len(header)} columns, "
                        f"found {len(values)}"
                    )
                yield f"line {lines.line_num}", Row(*(values[i] for i in places))
    except UnicodeDecodeError as error:
        raise ContractError(
            f"lexicon {path}: expected Parquet or tab-separated UTF-8 text: {error}"
        ) from error
