"""What one night did, in numbers: for the report that a person reads and for whatever watches the runs.

WAREHOUSE/reports/<run_id>.json     written after the snapshot; the next nights compare themselves with it
WAREHOUSE/reports/<run_id>.html     the same as a page (``pages.night``)
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import Row
from pyspark.sql import functions as F

from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.tables.declared import FATES
from litcoin_batch.warehouse.tables.log import ANNOTATE
from litcoin_batch.warehouse.tables.stored import Stored

FOLDER = "reports"
SCORE_BINS = 20
_EARLIER = 30
# Compared with so many nights before, each of at least so many documents.
_USUAL_NIGHTS, _MIN_DOCUMENTS = 5, 100
_SHOWN_REJECTS = 20


def describe(stored: Stored, record: Row) -> dict[str, Any]:
    """Facts of the run with this record, JSON-ready; drift against the nights before, if there are any."""
    run = as_json(record.asDict(recursive=True))
    # Of a fresh run only its own files hold its rows; after a compaction Parquet's statistics find them.
    facts: dict[str, Any] = {"run": run, "seconds": (record.finished - record.started).total_seconds()}
    for table in ("mentions", "relations"):
        rows = stored.read(table, record.model_id).where(F.col("run_id") == record.run_id)
        bin_ = F.least(F.floor(F.col("score") * SCORE_BINS), F.lit(SCORE_BINS - 1)).cast("int")
        counted = (
            rows.groupBy("type", bin_.alias("bin"))
            .agg(F.count("*").alias("n"), F.sum("score").alias("score"))
            .collect()
        )
        facts[table] = {
            "n": sum(row.n for row in counted),
            "by_type": {
                kind: sum(row.n for row in counted if row.type == kind)
                for kind in sorted({row.type for row in counted})
            },
            "by_score": [sum(row.n for row in counted if row.bin == number) for number in range(SCORE_BINS)],
            "mean_score": sum(row.score for row in counted) / max(1, sum(row.n for row in counted)),
        }
    facts["rejects"] = _rejects(stored, record.run_id)
    facts["files"] = [
        as_json(row.asDict())
        for row in stored.read("files").where(F.col("run_id") == record.run_id).orderBy("source").collect()
    ]
    facts["history"] = _history(stored)
    earlier = _earlier(stored.storage, record)
    facts["drift"] = {table: drift(facts[table], [e[table] for e in earlier]) for table in ("mentions", "relations")}
    return facts


def _rejects(stored: Stored, run_id: str) -> list[dict[str, Any]]:
    """By reason, numbers in it left out, the commonest first, each with one example."""
    reason = F.regexp_replace("reason", r"\d+", "N")
    rows = stored.read("rejects").where(F.col("run_id") == run_id).groupBy(reason.alias("kind"))
    found = rows.agg(F.count("*").alias("n"), F.min(F.struct("source", "record", "reason", "excerpt")).alias("example"))
    return [row.asDict(recursive=True) for row in found.orderBy(F.desc("n"), "kind").limit(_SHOWN_REJECTS).collect()]


def _history(stored: Stored) -> list[dict[str, Any]]:
    """The last runs, oldest first."""
    names = ("run_id", "started", "finished", "n_records", *(f"n_{fate}" for fate in FATES), "n_relations")
    rows = (
        stored.read("runs")
        .where(F.col("work") == ANNOTATE)
        .orderBy(F.desc("run_number"))
        .limit(_EARLIER)
        .select(*names)
        .collect()
    )
    return [as_json(row.asDict()) | {"seconds": (row.finished - row.started).total_seconds()} for row in reversed(rows)]


def _earlier(storage: Storage, record: Row) -> list[dict[str, Any]]:
    """The facts of the last nights that annotated enough to be compared with, newest first."""
    found: list[dict[str, Any]] = []
    names = [name for name in storage.names(FOLDER) if name.endswith(".json") and name != f"{record.run_id}.json"]
    texts = [json.loads(storage.read_text(f"{FOLDER}/{name}")) for name in names[-_EARLIER:]]
    for facts in sorted(texts, key=lambda facts: facts["run"]["run_number"], reverse=True):
        run = facts["run"]
        if (
            run["run_number"] < record.run_number
            and run["n_annotated"] >= _MIN_DOCUMENTS
            and run["model_id"] == record.model_id
        ):
            found.append(facts)
    return found[:_USUAL_NIGHTS]


def drift(found: dict[str, Any], earlier: list[dict[str, Any]]) -> dict[str, float] | None:
    """How far types and scores are from those of ``earlier`` together: total variation distance, 0 the same, 1 nothing in common.

    None where there is nothing to compare.
    """
    before = sum(e["n"] for e in earlier)
    if not before or not found["n"]:
        return None
    kinds = {kind for one in (found, *earlier) for kind in one["by_type"]}
    by_type = sum(
        abs(found["by_type"].get(kind, 0) / found["n"] - sum(e["by_type"].get(kind, 0) for e in earlier) / before)
        for kind in kinds
    )
    by_score = sum(
        abs(n / found["n"] - sum(e["by_score"][i] for e in earlier) / before) for i, n in enumerate(found["by_score"])
    )
    usual = sum(e["mean_score"] * e["n"] for e in earlier) / before
    return {
        "types": by_type / 2,
        "scores": by_score / 2,
        "mean_score": found["mean_score"] - usual,
        "nights": len(earlier),
    }


def keep(storage: Storage, run_id: str, facts: dict[str, Any], page: str) -> str:
    """Write both files; returns the address of the page."""
    storage.make_folder(FOLDER)
    storage.replace_text(f"{FOLDER}/{run_id}.json", json.dumps(facts, indent=1))
    storage.replace_text(f"{FOLDER}/{run_id}.html", page)
    return storage.uri(f"{FOLDER}/{run_id}.html")


def as_json(value: Any) -> Any:
    """Times in UTC, as texts."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    # Spark hands times over without their zone, in that of this process.
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
