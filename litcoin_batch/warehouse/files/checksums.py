"""Is a file what the object store says it is: S3's checksums and ETags over files on disk.

Sources: Amazon S3 user guide, "Checking object integrity" and "Common response headers" (ETag). Of an object uploaded
in parts the store may keep a composite value, the digest of the parts' digests with ``-<number of parts>``
behind it; to compare, the sizes of the parts are asked for.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from awscrt import checksums

_BLOCK_BYTES = 1 << 20
_ETAG = re.compile(r'"?([0-9a-f]{32})(?:-(\d+))?"?')


class Digest(Protocol):
    """A running checksum."""

    def update(self, block: bytes) -> None: ...

    def digest(self) -> bytes: ...


class _Crc:
    def __init__(self, function: Callable[[bytes, int], int], width: int) -> None:
        self._function, self._width, self._value = function, width, 0

    def update(self, block: bytes) -> None:
        self._value = self._function(block, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._width, "big")


# By the name of the field in S3's answers, the most telling first. CRC-64/NVME is what S3 itself adds to each object.
_ALGORITHMS: dict[str, Callable[[], Digest]] = {
    "ChecksumSHA256": hashlib.sha256,
    "ChecksumSHA1": hashlib.sha1,
    "ChecksumCRC64NVME": lambda: _Crc(checksums.crc64nvme, 8),
    "ChecksumCRC32C": lambda: _Crc(checksums.crc32c, 4),
    "ChecksumCRC32": lambda: _Crc(zlib.crc32, 4),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """``digest`` of the whole where ``n_parts`` is 0, else of the parts' digests."""

    name: str
    algorithm: Callable[[], Digest]
    digest: bytes
    n_parts: int = 0


def expected_of(facts: Mapping[str, Any]) -> Expected | None:
    """From the answer to a HEAD request; None where it holds nothing that the content could be compared with."""
    for field, algorithm in _ALGORITHMS.items():
        if value := facts.get(field):
            digest, _, n_parts = value.partition("-")
            return Expected(field.removeprefix("Checksum"), algorithm, base64.b64decode(digest), int(n_parts or 0))
    etag = _ETAG.fullmatch(facts.get("ETag", ""))
    # With keys of KMS or of the customer the ETag is 32 digits, too, but no MD5 of the content.
    encrypted = facts.get("ServerSideEncryption", "AES256") != "AES256" or "SSECustomerAlgorithm" in facts
    if etag is None or encrypted:
        return None
    return Expected("ETag", _md5, bytes.fromhex(etag[1]), int(etag[2] or 0))


def _md5() -> Digest:
    # Against accidents, not attackers; hosts in FIPS mode allow it by this word alone.
    return hashlib.md5(usedforsecurity=False)


def digest_of(path: Path, expected: Expected, part_sizes: Iterable[int] = ()) -> bytes:
    """What ``expected.digest`` should be; ``part_sizes`` in bytes, in order, where it is composite."""
    with path.open("rb") as stream:
        if not expected.n_parts:
            return _of_next(stream, path.stat().st_size, expected.algorithm)
        whole = expected.algorithm()
        for n_bytes in part_sizes:
            whole.update(_of_next(stream, n_bytes, expected.algorithm))
        return whole.digest()


def _of_next(stream: Any, n_bytes: int, algorithm: Callable[[], Digest]) -> bytes:
    digest = algorithm()
    while n_bytes > 0 and (block := stream.read(min(n_bytes, _BLOCK_BYTES))):
        digest.update(block)
        n_bytes -= len(block)
    return digest.digest()
