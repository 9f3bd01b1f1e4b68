"""Bytes of one file, plain or gzip, in bounded memory and without exceptions for damaged bytes."""

from __future__ import annotations

import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple, cast

GZIP_MAGIC = b"\x1f\x8b"
BLOCK_BYTES = 1 << 20  # handed on at once: larger blocks gain no speed
GZIP_BLOCK_BYTES = 1 << 16  # compressed; a bomb grows it at most to BLOCK_BYTES per step
MAX_LINE_BYTES = 64 << 20
EXCERPT_CHARS = 300
_SPOOL_BYTES = 64 << 20


class ByteSource:
    """A readable stream that unpacks gzip by its magic bytes, not by name.

    Damage of the gzip layer ends the stream; what could be unpacked before it is handed on first,
    then ``damage`` says what happened. Errors of the storage itself (OSError) are not caught: they
    are no property of the bytes.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self.damage: str | None = None
        self._raw = raw
        self._held = b""
        first = _read_fully(raw, len(GZIP_MAGIC))
        self.compressed = first == GZIP_MAGIC
        self._blocks = self._unpacked(first) if self.compressed else self._plain(first)

    def peek(self, n: int) -> bytes:
        """The next ``n`` bytes, fewer only where the stream ends; they stay to be read."""
        if len(self._held) < n:
            self._held = self._gather(n)
        return self._held[:n]

    def read(self, n: int = -1) -> bytes:
        """The next ``n`` bytes, fewer only where the stream ends; a negative ``n`` reads everything."""
        gathered = self._gather(n if n >= 0 else sys.maxsize)
        if n < 0 or len(gathered) <= n:
            self._held = b""
            return gathered
        self._held = gathered[n:]
        return gathered[:n]

    def rewound(self) -> BinaryIO | None:
        """The stream below, at its beginning, where it is plain and can be read in any order; else None."""
        if self.compressed or not hasattr(self._raw, "seekable") or not self._raw.seekable():
            return None
        self._raw.seek(0)
        return self._raw

    def _gather(self, n: int) -> bytes:
        parts, size = [self._held], len(self._held)
        while size < n and (block := next(self._blocks, b"")):
            parts.append(block)
            size += len(block)
        return b"".join(parts)

    def _plain(self, first: bytes) -> Iterator[bytes]:
        if first:
            yield first
        while block := self._raw.read(BLOCK_BYTES):
            yield block

    def _unpacked(self, block: bytes) -> Iterator[bytes]:
        """The members of a gzip file one after the other; zero padding between them is allowed."""
        unpacker = zlib.decompressobj(wbits=31)
        block += self._raw.read(GZIP_BLOCK_BYTES)
        while block:
            if unpacker.eof:
                block = block.lstrip(b"\0")
                if not block:
                    block = self._raw.read(GZIP_BLOCK_BYTES)
                    continue
                block += _read_fully(self._raw, len(GZIP_MAGIC) - len(block))
                if not block.startswith(GZIP_MAGIC):
                    self.damage = "bytes that are not gzip follow the gzip stream"
                    return
                unpacker = zlib.decompressobj(wbits=31)
            before = unpacker.copy()
            try:
                unpacked = unpacker.decompress(block, BLOCK_BYTES)
            except zlib.error as error:
                self.damage = f"gzip stream is damaged ({error})"
                yield from _salvage(before, block)
                return
            if unpacked:
                yield unpacked
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            block = rest or self._raw.read(GZIP_BLOCK_BYTES)
        if not unpacker.eof:
            self.damage = "gzip stream is truncated"


def _salvage(unpacker, block: bytes) -> Iterator[bytes]:
    """What precedes the damage: zlib drops the output of a call that fails, so feed single bytes."""
    for i in range(len(block)):
        try:
            unpacked = unpacker.decompress(block[i : i + 1])
        except zlib.error:
            return
        if unpacked:
            yield unpacked


def _read_fully(raw: BinaryIO, n: int) -> bytes:
    parts = b""
    while len(parts) < n and (part := raw.read(n - len(parts))):
        parts += part
    return parts


@contextmanager
def seekable(stream: ByteSource) -> Iterator[BinaryIO]:
    """The same bytes for formats that are read from their end; a copy, on disk where it is large, where need be."""
    if (file := stream.rewound()) is not None:
        yield file
        return
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
        shutil.copyfileobj(stream, spool)
        spool.seek(0)
        yield cast(BinaryIO, spool)


class Line(NamedTuple):
    """One physical line with its end-of-line bytes; ``damage`` says why it is not whole."""

    raw: bytes
    damage: str | None = None


def lines(stream: ByteSource, max_bytes: int = MAX_LINE_BYTES) -> Iterator[Line]:
    """Lines ended by LF. A line above ``max_bytes`` is cut there and its rest skipped."""
    held = b""
    while block := stream.read(max(BLOCK_BYTES, len(held))):
        *whole, held = (held + block).split(b"\n")
        for line in whole:
            yield Line(line + b"\n")
        if len(held) > max_bytes:
            yield Line(held[:max_bytes], f"line is longer than {max_bytes} bytes")
            while (newline := held.find(b"\n")) < 0:
                if not (held := stream.read(BLOCK_BYTES)):
                    break
            held = held[newline + 1 :] if held else b""
    if stream.damage:
        yield Line(held, stream.damage)
    elif held:
        yield Line(held)


def excerpt(raw: bytes | str) -> str:
    """The beginning of a rejected record, printable: foreign bytes and control characters escaped."""
    text = raw if isinstance(raw, str) else raw[: 4 * EXCERPT_CHARS].decode("utf-8", "backslashreplace")
    text = text.strip()[:EXCERPT_CHARS].encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
