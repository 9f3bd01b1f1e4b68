"""Input files on disks that this machine and the workers mount, read by Python itself.

Hadoop's local file system takes a colon in a name for the end of a scheme, cannot tell names that are not UTF-8, and
fails the whole job for one file that cannot be opened. Here what is wrong with a file stays with that file.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from glob import glob
from typing import NamedTuple
from urllib.parse import unquote

from litcoin_batch.readers.parts.archives import is_of_systems

SCHEME = "file:"
_OTHER_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://?")
_BRACES = re.compile(r"\{([^{}]*)\}")
_MAX_SHOWN = 5
_ESCAPED_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


class LocalFile(NamedTuple):
    """``uri``: ``file:`` and the path; bytes of a name that are not UTF-8 as ``\\xNN``. ``problem``: why it cannot be read."""

    uri: str
    n_bytes: int
    modified: int
    problem: str = ""


def is_local(uri: str) -> bool:
    return uri.startswith(SCHEME)


def is_named_locally(path: str) -> bool:
    """Whether a path that a person gave lies on a disk, supposing that disks are what paths without scheme mean."""
    return is_local(path) or not _OTHER_SCHEME.match(path) or os.path.lexists(path)


def path_of(uri: str) -> str:
    """What the operating system calls a file of ours."""
    path = "/" + uri.removeprefix(SCHEME).lstrip("/")
    if os.path.lexists(path):
        return path
    return _ESCAPED_BYTE.sub(lambda match: chr(0xDC00 + int(match[1], 16)), path)


def find_local(given: str) -> list[LocalFile]:
    """What a path, a folder or a glob pattern names, sorted by path; hidden files and ``.md5`` only if named.

    A name that exists is meant literally, even where it holds pattern characters.
    """
    path = os.path.abspath("/" + given.removeprefix(SCHEME).lstrip("/") if is_local(given) else given)
    if not os.path.lexists(path) and is_local(given) and os.path.lexists(unquote(path)):
        path = unquote(path)  # an address with %20 for a space
    named = [path] if os.path.lexists(path) else sorted({p for pattern in _alternatives(path) for p in glob(pattern)})
    return [file for one in named for file in _below(one, frozenset())]


def find_hidden(paths: Iterable[str]) -> list[str]:
    """One line for each folder on disks: what is passed over in it, but for what systems and Spark put there."""
    lines = []
    for path in paths:
        folder = "/" + path.removeprefix(SCHEME).lstrip("/") if is_local(path) else path
        found = [
            os.path.relpath(os.path.join(below, name), folder)
            for below, folders, names in _shown_folders(folder)
            for name in sorted((*folders, *names))
            if name[0] in "._" and not is_of_systems(name)
        ]
        if found:
            shown = [os.fsencode(name).decode("utf-8", "backslashreplace") for name in found[:_MAX_SHOWN]]
            more = " ..." if len(found) > _MAX_SHOWN else ""
            lines.append(f"{path}: passed over {len(found)}, as names begin with . or _: {', '.join(shown)}{more}")
    return lines


def _shown_folders(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for below, folders, names in os.walk(folder):
        yield below, folders, names
        folders[:] = [name for name in folders if name[0] not in "._"]


def _alternatives(pattern: str) -> Iterator[str]:
    """Hadoop's ``{a,b}`` and ``[^a]`` in the words of Python's glob."""
    match = _BRACES.search(pattern)
    if match is None:
        yield pattern.replace("[^", "[!")
        return
    for one in match[1].split(","):
        yield from _alternatives(pattern[: match.start()] + one + pattern[match.end() :])


def _below(path: str, around: frozenset[str]) -> Iterator[LocalFile]:
    """``around``: the folders that hold it, for links that lead back to one of them."""
    uri = SCHEME + os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            real = os.path.realpath(path)
            if real in around:
                return
            for name in sorted(os.listdir(path)):
                if name[0] not in "._" and not name.endswith(".md5"):
                    yield from _below(os.path.join(path, name), around | {real})
            return
    except OSError as error:
        yield LocalFile(uri, 0, 0, f"cannot be opened: {error.strerror or error}")
        return
    kind = "" if stat.S_ISREG(status.st_mode) else "is no plain file, but a pipe, a socket or a device"
    yield LocalFile(uri, status.st_size, status.st_mtime_ns // 1_000_000, kind)
