"""Tar and zip archives, member by member: each is read like a file of its own, in the order of the archive.

Nothing is unpacked to disk but a zip archive that comes as a stream. Records count through the whole archive, and what
is wrong with one says in which member.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO, BinaryIO, Self, cast

from litcoin_batch.readers.parts.streams import ByteSource, seekable
from litcoin_batch.schema import Document, RecordError, Reject

_TAR_BLOCK = 512
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_OFFICE = {"xl/": "an Excel workbook: save it as CSV in UTF-8", "word/": "a Word document: save it as text in UTF-8"}
_DAMAGE: tuple[type[Exception], ...] = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError),
    *(RuntimeError, NotImplementedError, OverflowError),  # encrypted or of an unknown kind, for zipfile
)

# What systems put beside files of people: it holds no documents. Other names with a dot or "_" before them are read.
_OF_SYSTEMS = re.compile(
    r"__MACOSX|\._.*|\.DS_Store|\..*\.crc|_SUCCESS|_temporary|_delta_log|_(?:common_)?metadata|_(?:committed|started)_\d+"
)

_END = "litcoin_batch.end"
_ENDS = {"EmptyHeaderError": "no end mark, it may be cut", "TruncatedHeaderError": "cut within a header"}

# A member: its name, and its bytes, or why there are none.
Member = tuple[str, IO[bytes] | str]


def is_archive(head: bytes) -> bool:
    return head.startswith(_ZIP_MAGIC) or _is_tar(head)


def _is_tar(head: bytes) -> bool:
    """By the sum over its first header, which all kinds of tar have."""
    block = head[:_TAR_BLOCK]
    if len(block) < _TAR_BLOCK or not block[0]:
        return False
    try:
        told = int(block[148:156].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    return told == sum(block[:148]) + 8 * ord(" ") + sum(block[156:])


def read_archive(
    stream: ByteSource, source: str, read_member: Callable[[BinaryIO, str], Iterator[Document | Reject]]
) -> Iterator[Document | Reject]:
    """``read_member``: of the bytes and the name of one. Checksums and what systems put there are passed over."""
    is_zip = stream.peek(_TAR_BLOCK).startswith(_ZIP_MAGIC)
    record, name = 0, ""
    try:
        for name, content in (_zip_members if is_zip else _tar_members)(stream):
            if not _is_shown(name):
                continue
            try:
                for item in _items_of(content, name, read_member):
                    record += 1
                    yield _placed(item, source, record, name)
            except _DAMAGE as error:
                if not is_zip:
                    raise
                # Its table says where the next member is.
                record += 1
                yield Reject(source, record, f"member {name}: damaged: {type(error).__name__}: {error}")
    except RecordError as error:
        yield Reject(source, 0, str(error))
    except _DAMAGE as error:
        where = f"in or behind member {name}" if name else "at its beginning"
        what = stream.damage or f"{type(error).__name__}: {error}"
        yield Reject(source, record + 1, f"archive is damaged {where}, the rest is not read: {what}")
    else:
        if stream.damage:
            yield Reject(source, record + 1, f"archive is damaged in or behind member {name}: {stream.damage}")
        elif not record:
            yield Reject(source, 0, "an archive without files to read")


def _items_of(
    content: IO[bytes] | str, name: str, read_member: Callable[[BinaryIO, str], Iterator[Document | Reject]]
) -> Iterator[Document | Reject]:
    if isinstance(content, str):
        yield Reject(name, 0, content)
    else:
        yield from read_member(cast(BinaryIO, _Forward(content)), name.rsplit("/", 1)[-1])


class _Forward:
    """A member's bytes from its beginning to its end: to go back in it would mean to unpack anew, or is impossible."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content

    def read(self, n: int = -1) -> bytes:
        return self._content.read(n)


def is_of_systems(name: str) -> bool:
    """Whether a file or folder of this name holds what systems and Spark keep for themselves."""
    return _OF_SYSTEMS.fullmatch(name) is not None


def _is_shown(name: str) -> bool:
    parts = [part for part in name.split("/") if part not in (".", "..", "")]
    return bool(parts) and not any(map(is_of_systems, parts)) and not parts[-1].endswith(".md5")


def _placed(item: Document | Reject, source: str, record: int, name: str) -> Document | Reject:
    if isinstance(item, Document):
        return replace(item, source=source, record=record)
    place = f"member {name}" + (f", record {item.record}" if item.record else "")
    return replace(item, source=source, record=record, reason=f"{place}: {item.reason}")


class _Header(tarfile.TarInfo):
    """Keeps what ended the archive: the library itself takes a damaged header for the end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            archive.pax_headers = {**archive.pax_headers, _END: type(error).__name__}
            raise


def _tar_members(stream: ByteSource) -> Iterator[Member]:
    with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|", errors="backslashreplace", tarinfo=_Header) as archive:
        for member in archive:
            if member.isdir():
                continue
            content = archive.extractfile(member) if member.isreg() else None
            yield member.name, content or "not a plain file but a link or a device, which is not read"
        # Two blocks of zeros end an archive.
        if (end := archive.pax_headers.get(_END, "")) != "EOFHeaderError":
            raise tarfile.ReadError(_ENDS.get(end, "a header cannot be read"))


def _zip_members(stream: ByteSource) -> Iterator[Member]:
    with seekable(stream) as file, zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        for folder, what in _OFFICE.items():
            if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
                raise RecordError(what)
        for member in archive.infolist():
            if member.is_dir():
                continue
            try:
                with archive.open(member) as content:
                    yield member.filename, content
            except (RuntimeError, NotImplementedError) as error:
                yield member.filename, f"cannot be unpacked: {error}"
