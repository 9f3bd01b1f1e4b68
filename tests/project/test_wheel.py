"""What an installed wheel carries: everything that runs without the repository's folders beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "litcoin_batch")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    """Names of the files in a wheel built offline, from a copy, as setuptools leaves a build folder behind."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source, target = REPOSITORY / name, folder / "source" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=LEFT_OUT)
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)
    command = f"{sys.executable} -m pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir".split()
    built = subprocess.run([*command, folder, folder / "source"], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("litcoin_batch-*-py3-none-any.whl")
    return set(zipfile.ZipFile(path).namelist())


def test_wheel_carries_every_file_of_the_package(wheel):
    package = REPOSITORY / "litcoin_batch"
    files = [path for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert len(files) > 40
    assert {path.relative_to(REPOSITORY).as_posix() for path in files} - wheel == set()


@pytest.mark.parametrize(
    "pattern", ["sql/*.sql", "vocabulary/manifest.json", "sample/*.xml", "checkpoints/transformer/model.safetensors"]
)
def test_wheel_carries_what_the_first_minute_needs(wheel, pattern):
    assert [name for name in wheel if Path(name).match(f"litcoin_batch/{pattern}")]


def test_wheel_carries_the_licences_and_nothing_else(wheel):
    assert {name.rpartition("/")[2] for name in wheel if "/licenses/" in name} == {"LICENSE", "NOTICE"}
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"litcoin_batch"}
