"""Annotated documents -> text in the formats of others. One module per format, one registry; no file is opened here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from litcoin_batch.schema import ConfigError, Document, RecordError
from litcoin_batch.writers.bioc import BioCJson, BioCXml
from litcoin_batch.writers.kgx import Kgx
from litcoin_batch.writers.parts import LeftOut, Part, Writer
from litcoin_batch.writers.pubtator import PubTator
from litcoin_batch.writers.rows import Csv, JsonLines

_WRITERS: dict[str, Callable[[], Writer]] = {
    "pubtator": PubTator,
    "bioc-xml": BioCXml,
    "bioc-json": BioCJson,
    "kgx": Kgx,
    "csv": Csv,
    "jsonl": JsonLines,
}

FORMATS: tuple[str, ...] = tuple(_WRITERS)

__all__ = ["FORMATS", "LeftOut", "Part", "files_of", "write"]


def files_of(format: str) -> tuple[str, ...]:
    """The names of the files that a format consists of. Raises ``ConfigError`` for an unknown one."""
    if format not in _WRITERS:
        raise ConfigError(f"format {format!r}, expected one of {', '.join(FORMATS)}")
    return _WRITERS[format]().files


def write(documents: Iterable[Document], format: str) -> Iterator[Part | LeftOut]:
    """What to append to which file, in the order of ``documents``, whose ``gold`` is what is written of them.

    What the format cannot hold comes as ``LeftOut`` in its place. Raises ``ConfigError`` for an unknown ``format``.
    """
    files_of(format)
    writer = _WRITERS[format]()
    yield from writer.begin()
    for document in documents:
        try:
            yield from writer.add(document)
        except RecordError as error:
            yield LeftOut("document", str(error), f"PMID {document.pmid}")
    yield from writer.end()
