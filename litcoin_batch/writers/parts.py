"""What a writer hands out, and what every writer checks alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from litcoin_batch.readers.parts.rows import split_ids
from litcoin_batch.schema import Annotation, Document, Mention, RecordError

# Line ends to ``str.splitlines``, but not to JSON.
_ESCAPED = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})


@dataclass(frozen=True, slots=True)
class Part:
    """Text to append to ``file``, one of ``Writer.files``."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One ``what`` (document, relation) that is not written: the reason, the same for all of a kind, and where."""

    what: str
    reason: str
    place: str


class Writer(Protocol):
    """One export. ``add`` raises ``RecordError``, before it gives anything, for a document that the format cannot hold."""

    @property
    def files(self) -> tuple[str, ...]: ...

    def begin(self) -> Iterator[Part]: ...

    def add(self, document: Document) -> Iterator[Part | LeftOut]: ...

    def end(self) -> Iterator[Part | LeftOut]: ...


def annotation_of(document: Document) -> Annotation:
    """What is said of ``document``. Raises ``RecordError`` where nobody annotated it, or somebody another text."""
    if document.gold is None:
        raise RecordError("document without annotation")
    text = document.text
    for mention in document.gold.mentions:
        if text[mention.start : mention.end] != mention.text or mention.start >= mention.end:
            raise RecordError("a mention is not what the text has at its place")
    return document.gold


def joined_ids(mention: Mention) -> str:
    """Concept ids as one field, commas between them.

    Raises ``RecordError`` for ids that nobody could take apart again.
    """
    ids = ",".join(mention.entity_ids)
    if split_ids(ids) != mention.entity_ids:
        raise RecordError("a concept id holds the comma or semicolon that separates ids")
    return ids


def json_line(value: Any) -> str:
    """One line whatever the reader takes for the end of one."""
    return json.dumps(value, ensure_ascii=False).translate(_ESCAPED) + "\n"
