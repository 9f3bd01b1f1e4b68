"""Objects of S3, or of a service that speaks its protocol, named ``s3://bucket/key``: listed, read, put by boto3.

Credentials come from boto3's standard chain alone (environment, shared files, web identity, container,
instance) and the address of another service from ``AWS_ENDPOINT_URL``. Neither is ever part of a message:
what botocore says is not passed on, only the service's error code. (``s3a://`` is Spark's own, ``storage``.)
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from boto3.session import Session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.loaders import create_loader
from botocore.session import get_session

from litcoin_batch.schema import ConfigError, ContractError

SCHEME = "s3://"
# Requests are repeated, with back-off, where the service is busy or the connection fails (botocore's
# "standard" mode); a body that breaks off is resumed by ``downloads`` as often.
ATTEMPTS = 6
N_PARALLEL = 8
_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=N_PARALLEL,
    # Ranges have no checksum of their own: ``downloads`` compares whole files.
    response_checksum_validation="when_required",
    user_agent_extra="litcoin-batch",
)
# Descriptions of AWS's interfaces: parsed once, as that takes ten times as long as the rest of a client.
_LOADER = create_loader()
# What a body that breaks off raises while it is read.
INTERRUPTED = (HTTPClientError, IncompleteReadError)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_DENIED = {"403", "AccessDenied", "AllAccessDisabled", "Forbidden"}
_MISSING = {"404", "NoSuchKey", "NotFound"}
_NOT_ACCEPTED = {
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("TokenRefreshRequired", "RequestTimeTooSkewed", "AuthorizationHeaderMalformed"),
}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """``modified`` in milliseconds since 1970."""

    uri: str
    n_bytes: int
    etag: str
    modified: int


def is_object(path: str) -> bool:
    return path.startswith(SCHEME)


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (empty: the whole bucket). Raises ``ConfigError``, quiet about what may be a secret."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if "@" in bucket or not is_object(uri):
        raise ConfigError("S3 address: expected s3://bucket/key, without credentials; those come from the environment")
    if not _BUCKET.fullmatch(bucket):
        raise ConfigError(f"S3 address {uri}: {bucket!r} is no name of a bucket; expected s3://bucket/key")
    return bucket, key


def open_client() -> BaseClient:
    """A client of its own for each piece of work: none is ever shared with a forked process."""
    with explained("S3", "be set up"):
        try:
            session = get_session()
            session.register_component("data_loader", _LOADER)
            return Session(botocore_session=session).client("s3", config=_CONFIG)
        except ValueError:
            raise ConfigError("S3 cannot be set up: AWS_ENDPOINT_URL is no address of a service") from None


@contextmanager
def explained(uri: str, doing: str) -> Iterator[None]:
    """Say in our words what goes wrong while ``uri`` is to ``doing`` ("be read").

    Raises ``ConfigError`` where settings or rights are wrong, ``ConnectionError`` where the service does
    not do its part though asked repeatedly, ``ContractError`` where content came altered.
    """
    try:
        yield
    # No cause is kept: the chain is printed by Spark, and botocore's texts are not ours to vouch for.
    except ClientError as error:
        raise _said_by_service(error, f"{uri} cannot {doing}") from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        found = "none" if isinstance(error, NoCredentialsError) else "an incomplete set"
        raise ConfigError(
            f"{uri} cannot {doing}: credentials are needed, the standard chain of AWS found {found}"
            " (environment, shared files, web identity, container, instance)"
        ) from None
    except (*INTERRUPTED, EndpointConnectionError) as error:
        raise ConnectionError(
            f"{uri} cannot {doing}: no whole answer from the service ({type(error).__name__}), asked {ATTEMPTS} times;"
            " is AWS_ENDPOINT_URL right?"
        ) from None
    except FlexibleChecksumError:
        raise ContractError(f"{uri} cannot {doing}: the checksum of what came is not the object's") from None
    except BotoCoreError as error:
        raise ConfigError(f"{uri} cannot {doing}: AWS settings are wrong ({type(error).__name__})") from None


def _said_by_service(error: ClientError, place: str) -> Exception:
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return ConfigError(f"{place}: no such bucket")
    if code in _MISSING:
        return ConfigError(f"{place}: no such object")
    if code in _DENIED:
        return ConfigError(f"{place}: access denied; the credentials in use have no right to it")
    if code in _NOT_ACCEPTED:
        return ConfigError(f"{place}: the service does not accept the credentials ({code})")
    if status >= 500 or code in ("SlowDown", "RequestTimeout", "TooManyRequests", "Throttling"):
        return ConnectionError(f"{place}: the service failed with {code} (HTTP {status}), asked {ATTEMPTS} times")
    return ConfigError(f"{place}: the service refused with {code} (HTTP {status})")


def read_facts(client: BaseClient, uri: str, **more: Any) -> dict[str, Any]:
    """What a HEAD request says of one object, with its checksums. Raises as ``explained``."""
    bucket, key = split_uri(uri)
    with explained(uri, "be read"):
        try:
            return client.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **more)
        except ClientError as error:
            # A HEAD has no body, so the missing bucket and the missing object look the same.
            if _code(error) in _MISSING and not _has_bucket(client, bucket):
                raise ConfigError(f"{uri} cannot be read: no such bucket") from None
            raise


def _has_bucket(client: BaseClient, bucket: str) -> bool:
    try:
        client.head_bucket(Bucket=bucket)
    except ClientError as error:
        return _code(error) not in _MISSING
    return True


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def read_object(uri: str, last: int | None = None) -> bytes:
    """The content of a small object, or its ``last`` bytes. Raises as ``explained``."""
    bucket, key = split_uri(uri)
    part = {"ChecksumMode": "ENABLED"} if last is None else {"Range": f"bytes=-{last}"}
    client = open_client()
    with explained(uri, "be read"):
        for attempt in range(1, ATTEMPTS):
            body = client.get_object(Bucket=bucket, Key=key, **part)["Body"]
            try:
                return body.read()
            except (*INTERRUPTED, FlexibleChecksumError):
                back_off(attempt)
        return client.get_object(Bucket=bucket, Key=key, **part)["Body"].read()


def back_off(attempt: int) -> None:
    """Wait before the next attempt: up to 0.5 s after the first, doubling to 16 s, at random so that tasks spread."""
    time.sleep(random.uniform(0.1, 0.5) * 2 ** min(attempt - 1, 5))


def put_json(uri: str, value: object) -> None:
    """Raises as ``explained``, ``ConfigError`` for an address without a key."""
    bucket, key = split_uri(uri)
    if not key or key.endswith("/"):
        raise ConfigError(f"S3 address {uri}: expected the name of an object behind the bucket")
    content = json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8")
    with explained(uri, "be written"):
        open_client().put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")


def list_objects(uri: str, page_size: int = 1000) -> list[StoredObject]:
    """All objects whose address begins with ``uri``, in the order of their keys. Raises as ``explained``.

    The empty objects that some tools put in the place of folders are left out.
    """
    bucket, prefix = split_uri(uri)
    with explained(uri.rstrip("/"), "be listed"):
        pages = open_client().get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": page_size})
        entries = [entry for page in found for entry in page.get("Contents", ())]
    return [
        StoredObject(
            f"{SCHEME}{bucket}/{entry['Key']}",
            entry["Size"],
            entry.get("ETag", ""),
            int(entry["LastModified"].timestamp() * 1000),
        )
        for entry in entries
        if not entry["Key"].endswith("/")
    ]


def find_objects(path: str) -> list[StoredObject]:
    """The objects that a file's name, a folder's name or a pattern stands for, with what is below.

    Patterns are Hadoop's (``*``, ``?``, ``[a-z]``, ``{one,two}``; none crosses a ``/``). A name that exists
    is meant literally. Hidden objects and ``.md5`` companions are left out unless named one by one. Raises as
    ``explained``, ``ConfigError`` for a pattern that is none.
    """
    split_uri(path)
    folder = path.rstrip("/")
    if below := [found for found in list_objects(f"{folder}/") if _is_shown(found.uri[len(folder) + 1 :])]:
        return below
    literal = re.split(r"[*?\[{]", folder, maxsplit=1)[0]
    if literal.count("/") < 3:
        return []
    listed = list_objects(literal)
    if named := [found for found in listed if found.uri == folder]:
        return named
    pattern = _as_regex(folder)
    return [found for found in listed if (match := pattern.match(found.uri)) and _is_shown(match["last"])]


def _is_shown(rest: str) -> bool:
    """Of a path below what was named: no hidden file, nothing in a hidden folder, no checksum companion."""
    return not rest.endswith(".md5") and not any(name.startswith((".", "_")) for name in rest.split("/"))


_PATTERN_PARTS = re.compile(r"\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)


def _as_regex(pattern: str) -> re.Pattern[str]:
    """Its group ``last`` is the name that the end of the pattern matches, with what is below."""
    depth, parts = 0, []
    for part in _PATTERN_PARTS.findall(pattern):
        if part.startswith("[") and len(part) > 1:
            parts.append("(?!/)" + part.replace("\\", r"\\").replace("[!", "[^", 1))
        elif part in "{}":
            depth += 1 if part == "{" else -1
            parts.append("(?:" if part == "{" else ")")
        elif part == "," and depth:
            parts.append("|")
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(part[0], re.escape(part)))
    split = max((i for i, part in enumerate(parts) if part == "/"), default=-1) + 1
    try:
        return re.compile(f"{''.join(parts[:split])}(?P<last>{''.join(parts[split:])}(/.*)?)$", re.DOTALL)
    except re.error:
        raise ConfigError(f"input {pattern}: cannot be understood as a pattern") from None
