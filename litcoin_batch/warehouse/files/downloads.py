"""Objects to local files: in parallel ranges, compared with the store's checksum, once per host where many ask."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.client import BaseClient
from s3transfer.exceptions import RetriesExceededError, S3DownloadFailedError
from s3transfer.futures import TransferFuture
from s3transfer.subscribers import BaseSubscriber

from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.files.checksums import Expected, digest_of, expected_of
from litcoin_batch.warehouse.files.objects import (
    ATTEMPTS,
    N_PARALLEL,
    StoredObject,
    explained,
    list_objects,
    open_client,
    read_facts,
    split_uri,
)

LOG = logging.getLogger("litcoin_batch")
CACHE_VARIABLE = "LITCOIN_BATCH_CACHE"
# Large enough that requests do not weigh, small enough that a file of NLM (30 MB) comes in several at once.
_RANGE_BYTES = 8 << 20
_TRIES = 3


class _Replaced(Exception):
    """The object is no longer the one whose download began."""


def download(uri: str, target: Path, range_bytes: int = _RANGE_BYTES) -> str:
    """Fetch one object to ``target``, which appears whole or not at all; returns by what it was checked.

    Size always; besides, in this order, "SHA256", "SHA1", "CRC64NVME", "CRC32C", "CRC32" as the store knows
    them, "ETag" where that is an MD5, else "size". An object that is replaced meanwhile is fetched again, and so is one
    that came altered. Raises as ``objects.explained``, ``ContractError`` where it came altered each time.
    """
    client = open_client()
    reason = ""
    for attempt in range(1, _TRIES + 1):
        facts = read_facts(client, uri)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        try:
            os.close(handle)
            _fill(client, uri, facts, Path(name), range_bytes)
            checked, reason = _compare(client, uri, facts, Path(name))
            if not reason:
                os.replace(name, target)
                return checked
        except _Replaced:
            reason = "it was replaced while it was read"
        finally:
            Path(name).unlink(missing_ok=True)
        LOG.warning("%s: %s, attempt %d of %d", uri, reason, attempt, _TRIES)
    raise ContractError(f"{uri}: {reason}, {_TRIES} times over")


def _fill(client: BaseClient, uri: str, facts: dict[str, Any], path: Path, range_bytes: int) -> None:
    """The object of ``facts`` to ``path``, in ranges that all are of that object; a range that breaks off is asked again."""
    bucket, key = split_uri(uri)
    config = TransferConfig(
        multipart_threshold=range_bytes + 1,
        multipart_chunksize=range_bytes,
        max_concurrency=N_PARALLEL,
        num_download_attempts=ATTEMPTS,
        preferred_transfer_client="classic",  # on some hosts boto3 would take another, which knows no ``_Known``
    )
    with path.open("wb") as target:
        if facts["ContentLength"]:
            with explained(uri, "be read"), create_transfer_manager(client, config) as transfers:
                try:
                    transfers.download(bucket, key, target, subscribers=[_Known(facts)]).result()
                except S3DownloadFailedError:
                    raise _Replaced from None
                except RetriesExceededError as error:
                    raise error.last_exception from None
            target.flush()
            os.fsync(target.fileno())
    if path.stat().st_size != facts["ContentLength"]:
        raise _Replaced


class _Known(BaseSubscriber):
    """Tells a transfer what HEAD said, so that nothing is asked twice and another object is refused."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._facts = facts

    def on_queued(self, future: TransferFuture, **_: object) -> None:
        future.meta.provide_transfer_size(self._facts["ContentLength"])
        future.meta.provide_object_etag(self._facts["ETag"])


def _compare(client: BaseClient, uri: str, facts: dict[str, Any], path: Path) -> tuple[str, str]:
    """By what the file was checked, and what is wrong with it (empty: nothing)."""
    expected = expected_of(facts)
    sizes = _part_sizes(client, uri, facts, expected) if expected is not None and expected.n_parts else []
    if expected is None or (expected.n_parts and not sizes):
        return "size", ""
    wrong = digest_of(path, expected, sizes) != expected.digest
    return expected.name, f"its {expected.name} is not what the store says" if wrong else ""


def _part_sizes(client: BaseClient, uri: str, facts: dict[str, Any], expected: Expected) -> list[int]:
    """Of an object uploaded in parts; empty where the service does not tell."""

    def size(number: int) -> int:
        return read_facts(client, uri, PartNumber=number)["ContentLength"]

    with ThreadPoolExecutor(max_workers=N_PARALLEL) as pool:
        sizes = list(pool.map(size, range(1, expected.n_parts + 1)))
    return sizes if sum(sizes) == facts["ContentLength"] else []


def fetch_folder(uri: str, check: Callable[[Path], object]) -> Path:
    """A local folder with all objects below ``uri``, downloaded once per host, however many processes ask.

    Its content passed ``check`` (which raises) before any process saw it. Another state of the objects makes another
    folder, so what runs now is not changed below its feet. Raises as ``objects.explained``, ``ConfigError``
    where nothing is below ``uri``, ``ContractError`` for names that lead out of the folder.
    """
    prefix = uri.rstrip("/") + "/"
    objects = list_objects(prefix)
    if not objects:
        raise ConfigError(f"{uri}: no such folder, or nothing in it")
    places = {found: _place(prefix, found) for found in objects}
    state = [open_client().meta.endpoint_url, *(f"{f.uri}\t{f.n_bytes}\t{f.etag}" for f in objects)]
    name = hashlib.sha256("\n".join(state).encode()).hexdigest()[:32]
    folder = cache_folder() / name
    with _only_one(folder.with_name(f"{name}.lock")):
        if not folder.is_dir():
            LOG.info("%s: %d objects are downloaded to %s", uri, len(objects), folder)
            _fetch_all(uri, places, folder, check)
    return folder


def _place(prefix: str, found: StoredObject) -> str:
    place = found.uri.removeprefix(prefix)
    if any(part in ("", ".", "..") for part in place.split("/")) or PurePosixPath(place).is_absolute():
        raise ContractError(f"{found.uri}: a name that leads out of the folder {prefix}")
    return place


def _fetch_all(uri: str, places: dict[StoredObject, str], folder: Path, check: Callable[[Path], object]) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    # Left by a process that was killed: the lock says that nobody writes there now.
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for found, place in places.items():
            (partial / place).parent.mkdir(parents=True, exist_ok=True)
            download(found.uri, partial / place)
        check(partial)
        partial.rename(folder)
    except ContractError as error:
        raise ContractError(f"{uri}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Of all processes of this host; the system lets go of the lock when its holder dies."""
    with lock.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            LOG.info("waiting for another process of this host to finish its download")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def cache_folder() -> Path:
    """``$LITCOIN_BATCH_CACHE``, or a folder of this user below that of temporary files.

    Raises ``ConfigError`` where it cannot be made, or where others could put models into it.
    """
    given = os.environ.get(CACHE_VARIABLE)
    folder = Path(given) if given else Path(tempfile.gettempdir()) / f"litcoin-batch-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ConfigError(f"cache folder {folder}: {error.strerror}; set {CACHE_VARIABLE} to another") from error
    if not given and (found.st_uid != os.getuid() or found.st_mode & 0o022 or not stat.S_ISDIR(found.st_mode)):
        raise ConfigError(f"cache folder {folder}: others may write to it; set {CACHE_VARIABLE} to another")
    return folder
