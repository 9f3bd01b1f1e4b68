"""Where the tables of a warehouse lie, and what tells that they do; no engine is imported to know it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from litcoin_batch.schema import ConfigError

VIEWS_FOLDER = "views"
_FORMER = "snapshots"
_COMMIT = re.compile(r"(\d{20})\.json")


def location_of(warehouse: str) -> tuple[str, dict[str, str]]:
    """Where delta-rs finds what Spark calls ``warehouse``, and the options it needs."""
    if re.match(r"s3[an]?://", warehouse):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        options = {"allow_http": "true"} if endpoint.startswith("http://") else {}
        return re.sub(r"^s3[an]?://", "s3://", warehouse).rstrip("/"), options
    if warehouse.startswith("file:"):
        warehouse = re.sub(r"^file:/+", "/", warehouse)
    elif re.match(r"[a-z][a-z0-9+.-]+://", warehouse):
        return warehouse.rstrip("/"), {}
    return os.path.abspath(warehouse), {}


def is_on_this_machine(root: str) -> bool:
    """``root``: as ``location_of`` gives it."""
    return root.startswith("/")


def refuse_former_layout(root: str) -> None:
    """Raises ``ConfigError`` for a warehouse on this machine whose tables version 0.1 listed in files of its own."""
    if os.path.isdir(f"{root}/{_FORMER}") and not os.path.isdir(f"{root}/runs/_delta_log"):
        raise ConfigError(
            f"warehouse {root}: its tables are listed in {_FORMER}/*.json, the layout of version 0.1; this version"
            " keeps Delta tables: annotate the same files into a new folder (texts are annotated once more)"
        )


def head_of(root: str, version: int) -> str:
    """The first line of a script that shows version ``version`` of ``runs``."""
    return f"-- Version {version} of {root}/runs\n"


def newest_script(root: str) -> str | None:
    """``views/duckdb.sql`` of a warehouse on this machine, where it shows the newest version of ``runs``; else None:
    its writer died between the commit and the script, or the folder was moved.
    """
    try:
        script = Path(root, VIEWS_FOLDER, "duckdb.sql").read_text(encoding="utf-8")
        names = os.listdir(f"{root}/runs/_delta_log")
    except OSError:
        return None
    versions = [int(found[1]) for found in map(_COMMIT.fullmatch, names) if found]
    return script if versions and script.startswith(head_of(root, max(versions))) else None
