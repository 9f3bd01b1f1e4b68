"""Settings that can be told to be wrong before anything starts: no import here takes long.

What only Spark could see (HDFS, objects, archives that it unpacks) is left to it.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlparse

from litcoin_batch.schema import ConfigError, check_run_id
from litcoin_batch.warehouse.tables.places import refuse_former_layout

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "float32", "bfloat16", "int8")
# What the drivers of NVIDIA, of Windows below Linux, and of AMD put there.
_GPUS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")


def local_path(path: str) -> Path | None:
    """Where a path is on this machine; None where it is another's, or where Hadoop is set up to say so."""
    if path.startswith("file:"):
        return Path(unquote(urlparse(path).path))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", path):
        return None
    elsewhere = any(os.environ.get(name) for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR"))
    return None if elsewhere and started_by_spark() else Path(path)


def started_by_spark() -> bool:
    return "PYSPARK_GATEWAY_PORT" in os.environ


def check_inputs(paths: Iterable[str]) -> None:
    for path in paths:
        place = local_path(path)
        if place is not None and not place.exists() and not glob.glob(str(place)) and not _is_pattern(path):
            raise ConfigError(f"input {path}: no such file, or a folder or pattern without files")


def _is_pattern(path: str) -> bool:
    """Hadoop's patterns know alternatives, which Python's do not."""
    return "{" in path


def check_output(warehouse: str) -> None:
    """The folder, or the nearest one above that there is, can be written."""
    if warehouse.startswith("s3:"):
        raise ConfigError(f"output folder {warehouse}: cannot be written: Spark writes to S3 as s3a:// (conf/s3a.conf)")
    place = local_path(warehouse)
    if place is None:
        return
    there = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise ConfigError(f"output folder {warehouse}: cannot be written: {there} is a file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"output folder {warehouse}: cannot be written: no permission for {there}")


def check_warehouse(warehouse: str) -> None:
    """There is a folder at least, and not of the former layout; what is in it is for ``warehouse`` to say."""
    place = local_path(warehouse)
    if place is not None and not place.is_dir():
        raise ConfigError(f"warehouse {warehouse}: no committed run in it; litcoin-batch annotate makes one")
    check_layout(warehouse)


def check_layout(warehouse: str) -> None:
    place = local_path(warehouse)
    if place is not None:
        refuse_former_layout(str(place.absolute()))


def check_model(checkpoint: str, device: str, precision: str, lexicon: Iterable[str] = ()) -> None:
    if device.split(":")[0] not in DEVICES:
        raise ConfigError(f"device {device!r}: expected auto, cpu or cuda")
    if precision not in PRECISIONS:
        raise ConfigError(f"precision {precision!r}: expected {', '.join(PRECISIONS)}")
    if not started_by_spark():
        check_gpu(device)
    for path in lexicon:
        if not Path(path).is_file():
            raise ConfigError(f"lexicon {path}: no such file")
    _check_checkpoint(checkpoint)


def check_gpu(device: str) -> None:
    """For work on this machine: there is something that ``cuda`` could be."""
    if device.startswith("cuda") and not any(map(os.path.exists, _GPUS)):
        raise ConfigError(f"device {device!r}: this machine has no GPU; use cpu or auto")


def _check_checkpoint(name_or_dir: str) -> None:
    is_archive = started_by_spark() and "/" not in name_or_dir
    if is_archive or name_or_dir.startswith("s3:") or Path(name_or_dir).is_dir():
        return
    root = Path(str(resources.files("litcoin_batch"))) / "checkpoints"
    shipped = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if name_or_dir not in shipped:
        raise ConfigError(
            f"checkpoint {name_or_dir!r}: neither a folder nor one of the shipped checkpoints"
            f" ({', '.join(shipped) or 'none'})"
        )


def check_vocabulary(folder: str | None) -> None:
    """A folder, where it is not one that Spark unpacks or S3 has."""
    if folder is None or folder.startswith("s3:") or (started_by_spark() and "/" not in folder):
        return
    if not Path(folder).is_dir():
        raise ConfigError(f"vocabulary {folder}: no such folder")


def check_run(run_id: str | None) -> None:
    if run_id is not None:
        check_run_id(run_id)
