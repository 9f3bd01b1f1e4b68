"""Bytes of a file -> documents or rejects. One module per format, one registry."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from litcoin_batch.readers.bioc import read_bioc
from litcoin_batch.readers.detect import HEAD_BYTES, detect
from litcoin_batch.readers.litcoin import label_paths, read_litcoin, read_litcoin_folder
from litcoin_batch.readers.parts.archives import is_archive, read_archive
from litcoin_batch.readers.parts.rows import DEFAULT_RULES, Rules
from litcoin_batch.readers.parts.streams import ByteSource, excerpt
from litcoin_batch.readers.pubmed import read_pubmed
from litcoin_batch.readers.pubtator import read_pubtator
from litcoin_batch.readers.tables.delimited import read_csv
from litcoin_batch.readers.tables.json_rows import read_jsonl
from litcoin_batch.readers.tables.parquet import read_parquet
from litcoin_batch.readers.tagged import read_medline, read_ris
from litcoin_batch.schema import ConfigError, ContractError, Document, RecordError, Reject


def _read_abstracts(stream: ByteSource, source: str, rules: Rules) -> Iterator[Document | Reject]:
    return read_litcoin(stream, source)


_READERS = {
    "pubmed": read_pubmed,
    "pubtator": read_pubtator,
    "bioc": read_bioc,
    "litcoin": _read_abstracts,
    "jsonl": read_jsonl,
    "csv": read_csv,
    "parquet": read_parquet,
    "medline": read_medline,
    "ris": read_ris,
}

FORMATS: tuple[str, ...] = tuple(_READERS)

__all__ = ["FORMATS", "Rules", "read_gold", "read_path", "read_stream"]


def read_stream(
    stream: BinaryIO, source: str, format: str = "auto", *, foreign_ids: bool = False, rules: Rules = DEFAULT_RULES
) -> Iterator[Document | Reject]:
    """The documents of one file, plain or gzip by its first bytes, in file order and flat memory.

    An archive is read member by member, each in its own format. Bytes never raise: what cannot be read is a
    ``Reject``, and reading goes on behind it. Documents whose id is no PMID are rejected too, unless ``foreign_ids``
    asks for a stable stand-in (see ``rows.to_pmid``). Raises ``ConfigError`` for an unknown ``format``.
    """
    _check(format)
    rules = replace(rules, foreign_ids=rules.foreign_ids or foreign_ids)
    return _items(ByteSource(stream), source, format, rules)


def _check(format: str) -> None:
    if format not in ("auto", *FORMATS):
        raise ConfigError(f"format {format!r}, expected auto or one of {', '.join(FORMATS)}")


def _items(
    stream: ByteSource, source: str, format: str, rules: Rules, in_archive: bool = False
) -> Iterator[Document | Reject]:
    head = stream.peek(HEAD_BYTES)
    try:
        if not head and stream.damage:
            raise RecordError(stream.damage)
        if is_archive(head):
            if in_archive:
                raise RecordError("an archive within an archive: unpack it first")
            yield from read_archive(
                stream, source, lambda raw, name: _items(ByteSource(raw), name, format, rules, in_archive=True)
            )
            return
        found = detect(head) if format == "auto" or not head.strip() else format
    except RecordError as error:
        yield Reject(source, 0, str(error), excerpt(head))
        return
    yield from _READERS[found](stream, source, rules)


def read_path(
    path: str | os.PathLike, format: str = "auto", *, foreign_ids: bool = False
) -> Iterator[Document | Reject]:
    """The documents of one file; LitCoin's abstracts come with the labels beside them.

    A folder stands for every ``abstracts_*.csv`` in it, or for every file below it where it has none.
    ``source`` is the file's name. Raises ``ConfigError`` at once where there is no file at ``path``, or
    for an unknown ``format``.
    """
    _check(format)
    path = Path(path)
    if path.is_dir():
        return (item for file in _files_in(path) for item in read_path(file, format, foreign_ids=foreign_ids))
    if not path.exists():
        raise ConfigError(f"{path} does not exist")
    if format in ("auto", "litcoin") and path.name.startswith("abstracts") and _is_litcoin(path):
        return read_litcoin_folder(path)
    return _file_items(path, format, foreign_ids)


def _file_items(path: Path, format: str, foreign_ids: bool) -> Iterator[Document | Reject]:
    with path.open("rb") as raw:
        yield from read_stream(raw, path.name, format, foreign_ids=foreign_ids)


def _files_in(folder: Path) -> list[Path]:
    """In order of their names; hidden files and the ``.md5`` beside NLM's files hold no documents."""
    found = _files_below(folder)
    if not found:
        raise ConfigError(f"{folder} is a folder without files to read")
    return found


def _files_below(folder: Path) -> list[Path]:
    if abstracts := sorted(folder.glob("abstracts_*.csv")):
        return abstracts
    shown = [path for path in sorted(folder.iterdir()) if path.name[0] not in "._" and path.suffix != ".md5"]
    return [file for path in shown for file in (_files_below(path) if path.is_dir() else [path])]


def _is_litcoin(path: Path) -> bool:
    try:
        with path.open("rb") as raw:
            return detect(ByteSource(raw).peek(HEAD_BYTES)) == "litcoin"
    except RecordError:
        return False


def read_gold(paths: Iterable[str | os.PathLike] | str | os.PathLike, format: str = "auto") -> list[Document]:
    """Annotated documents only, for training and scoring: a ``Reject`` or a document without gold raises.

    Ids that are no PMIDs get a stable stand-in; of a LitCoin folder the labelled abstracts are taken.
    Raises ``ContractError`` naming file and record.
    """
    paths = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    documents = []
    for path in (file for given in paths for file in _gold_files(Path(given))):
        for item in read_path(path, format, foreign_ids=True):
            if isinstance(item, Reject):
                raise ContractError(f"{path}, record {item.record}: {item.reason}; it begins {item.excerpt[:80]!r}")
            if item.gold is None:
                raise ContractError(f"{path}, record {item.record}: PMID {item.pmid} has no annotation")
            documents.append(item)
    return documents


def _gold_files(path: Path) -> list[Path]:
    files = _files_in(path) if path.is_dir() else [path]
    return [f for f in files if label_paths(f)[0].exists() or not f.name.startswith("abstracts_")] or files
