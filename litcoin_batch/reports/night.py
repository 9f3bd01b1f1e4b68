"""The report of one night: what came in, what changed, what was rejected and why, how fast, and how far from the usual."""

from __future__ import annotations

from typing import Any

from litcoin_batch.reports.charts import Labels, bars
from litcoin_batch.reports.page import Html, Page, join, paragraph, percent, table

FATES = ("annotated", "unchanged", "without_text", "deleted", "superseded", "rejected")
# Distances beyond which a night looks unlike those before.
_FAR_TYPES, _FAR_SCORES = 0.10, 0.15


def night_page(facts: dict[str, Any]) -> str:
    """``facts``: as ``warehouse.nights.describe`` gives them."""
    run = facts["run"]
    page = Page(f"Run {run['run_id']}", _lead(facts))
    page.add("What came in", _came_in(facts))
    page.add("What was found", _found(facts))
    page.add("What was rejected", _rejected(facts))
    page.add("How fast", _speed(facts))
    page.add("Against the nights before", _drift(facts), _history(facts["history"]))
    page.add(
        "Settings",
        table(("setting", "value"), sorted(run["configuration"].items()), "Configuration"),
        table(("package", "version"), sorted(run["versions"].items()), "Versions"),
    )
    return page.render()


def _lead(facts: dict[str, Any]) -> str:
    run = facts["run"]
    return (
        f"{run['n_records']:,} records from {run['n_files']:,} files, {run['n_annotated']:,} documents annotated by {run['model_id']},"
        f" {run['n_relations']:,} relations, {run['n_rejected']:,} records rejected; finished {run['finished']} after {facts['seconds']:.0f} s."
    )


def _came_in(facts: dict[str, Any]) -> Html:
    run = facts["run"]
    rows = [(fate.replace("_", " "), run[f"n_{fate}"], percent(run[f"n_{fate}"], run["n_records"])) for fate in FATES]
    files = [(f["source"], f["n_bytes"], f["status"], f["md5"]) for f in facts["files"]]
    parts = [table(("fate", "records", "share"), [*rows, ("all", run["n_records"], "")], "Records by fate")]
    parts.append(
        paragraph(
            f"{run['n_files_applied_before']:,} files had been applied before, {run['n_files_refused']:,} were refused, {run['n_restored']:,} documents came back from what was stored."
        )
    )
    if files:
        parts.append(table(("file", "bytes", "status", "MD5"), files, "Files applied"))
    if run["sources"]:
        parts.append(
            table(
                ("file", "records", *FATES),
                [(s["source"], s["records"], *(s[fate] for fate in FATES)) for s in run["sources"]],
                "Records by file and fate",
            )
        )
    return join(parts)


def _found(facts: dict[str, Any]) -> Html:
    parts = []
    for name in ("mentions", "relations"):
        found = facts[name]
        if not found["n"]:
            parts.append(paragraph(f"No {name}."))
            continue
        counts = dict(sorted(found["by_type"].items(), key=lambda item: -item[1]))
        parts.append(bars(counts, Labels(f"{name.capitalize()} by type", f"number of {name}"), lambda n: f"{n:,.0f}"))
        parts.append(_scores(name, found))
    return join(parts)


def _scores(name: str, found: dict[str, Any]) -> Html:
    n_bins = len(found["by_score"])
    counts = {f"{i / n_bins:.2f} to {(i + 1) / n_bins:.2f}": n for i, n in enumerate(found["by_score"]) if n}
    return bars(
        counts,
        Labels(f"{name.capitalize()} by score, {found['mean_score']:.3f} on average", f"number of {name}"),
        lambda n: f"{n:,.0f}",
    )


def _rejected(facts: dict[str, Any]) -> Html:
    if not facts["rejects"]:
        return paragraph("Nothing.")
    rows = [
        (r["kind"], r["n"], r["example"]["source"], r["example"]["record"], r["example"]["excerpt"] or "")
        for r in facts["rejects"]
    ]
    return table(
        ("reason (N: a number)", "records", "for example in", "record", "excerpt"), rows, "Rejected records by reason"
    )


def _speed(facts: dict[str, Any]) -> Html:
    run = facts["run"]
    steps = dict(sorted(run["durations_sec"].items(), key=lambda item: -item[1]))
    rate = run["n_annotated"] / steps["annotate"] if steps.get("annotate") else 0.0
    return join(
        (
            paragraph(
                f"{rate:,.1f} documents per second while annotating, {run['n_records'] / max(facts['seconds'], 1e-9):,.1f} records per second over all."
            ),
            bars(steps, Labels("Seconds by step", "seconds"), lambda seconds: f"{seconds:.1f}"),
        )
    )


def _drift(facts: dict[str, Any]) -> Html:
    parts = []
    for name, drift in facts["drift"].items():
        if drift is None:
            parts.append(
                paragraph(f"{name.capitalize()}: no night of 100 documents or more by this model to compare with.")
            )
            continue
        far = drift["types"] > _FAR_TYPES or drift["scores"] > _FAR_SCORES
        parts.append(
            paragraph(
                f"{name.capitalize()} against the last {drift['nights']:.0f} nights: types differ by {drift['types']:.3f}, scores by"
                f" {drift['scores']:.3f} (0: the same shares, 1: nothing in common); the mean score by {drift['mean_score']:+.3f}."
                + (" That is unusual: look at the files and at the checkpoint." if far else " That is usual.")
            )
        )
    return join(parts)


def _history(history: list[dict[str, Any]]) -> Html:
    rows = [
        (
            h["run_id"],
            h["n_records"],
            h["n_annotated"],
            h["n_rejected"],
            h["n_relations"] / h["n_annotated"] if h["n_annotated"] else None,
            round(h["seconds"], 1),
        )
        for h in reversed(history)
    ]
    return table(
        ("run", "records", "annotated", "rejected", "relations per document", "seconds"),
        rows,
        "The last runs, newest first",
    )
