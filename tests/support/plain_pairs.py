"""The table of pairs computed anew by plain Python from the relations that readers see, and what is stored of it."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import duckdb

_COLUMNS = (
    *("entity_1_id", "entity_1_type", "entity_1_text", "entity_2_id", "entity_2_type", "entity_2_text", "type"),
    *("n_documents", "first_year", "last_year", "novel_share", "score", "best_score", "best_pmid", "best_evidence"),
    "model_id",
)


def _open(warehouse: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute((warehouse / "views" / "duckdb.sql").read_text())
    return connection


def seen_pairs(warehouse: Path) -> list[dict]:
    """The view of the stored rows, sorted."""
    rows = _open(warehouse).execute(f"SELECT {', '.join(_COLUMNS)} FROM pairs").fetchall()
    return sorted((_rounded(dict(zip(_COLUMNS, row, strict=True))) for row in rows), key=_key)


def expected_pairs(warehouse: Path) -> list[dict]:
    """One row for each pair and type of relation whose concepts other documents can name, sorted."""
    relations = _open(warehouse).sql("SELECT r.*, d.year FROM relations r JOIN documents d USING (pmid)")
    names = [column[0] for column in relations.description]
    reports = defaultdict(list)
    for row in relations.fetchall():
        report = dict(zip(names, row, strict=True))
        if not any(report[name].startswith("local:") for name in ("entity_1_id", "entity_2_id")):
            reports[_key(report)].append(report)
    return [_pair(reports[key]) for key in sorted(reports)]


def _pair(reports: list[dict]) -> dict:
    best = min(reports, key=lambda report: (-report["score"], report["pmid"]))
    years = [report["year"] for report in reports]
    found = {
        "n_documents": len({report["pmid"] for report in reports}),
        "first_year": min(years),
        "last_year": max(years),
        "novel_share": sum(report["novel"] for report in reports) / len(reports),
        "score": 1 - math.prod(1 - min(report["score"], 0.999999) for report in reports),
        "best_score": best["score"],
        "best_pmid": best["pmid"],
        "best_evidence": best["evidence"][0]["text"] if best["evidence"] else None,
    }
    return _rounded({name: found[name] if name in found else best[name] for name in _COLUMNS})


def _key(row: dict) -> tuple:
    return row["entity_1_id"], row["entity_2_id"], row["type"]


def _rounded(row: dict) -> dict:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
