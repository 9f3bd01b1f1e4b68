"""Fixtures of all tests; the ``spark`` session and the ``s3`` server are in files of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Before anything imports transformers: tests never reach for a network.
os.environ["HF_HUB_OFFLINE"] = "1"
# Two cores of a small machine are quicker with one thread each than with many that fight.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# As annotating does, before anything of a process multiplies: see ``model.cpu.memory.settle_kernels``.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")
# Helpers of tests; the benchmark's modules, which stand beside the jobs that use them; the commands of training.
for folder in (REPOSITORY / "tests" / "support", REPOSITORY / "jobs", REPOSITORY):
    sys.path.insert(0, str(folder))

from quick_spark import java_options

pytest_plugins = ["s3_server", "spark_session"]


# The longest before the others, so that none of two processes is left with a long one at the end.
LONG = (
    "test_standalone",
    "test_benchmark_jobs",
    "test_kills",
    "test_checkpointed_inference",
    "test_year",
    "test_jobs_s3",
    "test_maintenance",
    "test_runs",
    "test_shipped_checkpoints",
    "test_training",
    "test_jobs_annotate",
    "test_isolation",
)


# Files whose tests start Spark themselves, in processes of their own; others ask for the fixture.
STARTS_SPARK = (
    "test_benchmark_jobs",
    "test_jobs_annotate",
    "test_jobs_query",
    "test_jobs_s3",
    "test_kills",
    "test_spark_settings",
    "test_standalone",
)
# Files whose tests train, or annotate with checkpoints of full width.
SLOW = (
    "test_ablation",
    "test_adapt_backbone",
    "test_benchmark_loops",
    "test_benchmark_training",
    "test_deck_protocol",
    "test_explore",
    "test_pseudo_label",
    "test_report_run",
    "test_shipped_checkpoints",
    "test_submission",
    "test_training",
    "test_wheel",
)


def tier(item: pytest.Item) -> str:
    """``spark``, ``slow`` or ``fast``: every test is in one tier, by its fixtures and its file."""
    if "spark" in getattr(item, "fixturenames", ()) or item.path.stem in STARTS_SPARK:
        return "spark"
    return "slow" if item.path.stem in SLOW or item.get_closest_marker("slow") else "fast"


# Before pytest drops what -m does not ask for.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tiers = {}
    for item in items:
        item.add_marker(tier(item))
        tiers.setdefault(item.path, set()).add(tier(item))

    def place(item: pytest.Item) -> int:
        # Files without Spark come first: by their end quick_spark.py has kept its classes, and all that follow start sooner.
        if tiers[item.path] == {"fast"}:
            return -1
        return LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG)

    items.sort(key=place)


JAVA_IS_GIVEN = "SPARK_SUBMIT_OPTS" in os.environ


def pytest_runtest_setup() -> None:
    """For the commands that a test starts in processes of their own, the classes that are kept by now."""
    if not JAVA_IS_GIVEN:
        os.environ["SPARK_SUBMIT_OPTS"] = java_options()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real corpora and citation files, kept beside the repository and not part of it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the real corpora in {folder.parent.name}/{folder.name} beside the repository")
    return folder
