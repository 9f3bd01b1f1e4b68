"""The columns of every table, in Spark's words for types; no engine is imported to know them.

A table is a Delta table; which of its files count, its log says (``log``), and which of their rows, the tables ``runs``,
``retired`` and ``retired_pairs`` (``views``).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map from texts."""

    value: Type


# A word of SQL, a list of one type for an array of it, a dictionary for a struct.
Type = str | list | dict | MapOf
Columns = dict[str, Type]

# What became of a record that was read. Every record has exactly one fate.
FATES = ("annotated", "unchanged", "without_text", "deleted", "superseded", "rejected")

MENTION: Columns = {
    "start": "int",
    "end": "int",
    "type": "string",
    "text": "string",
    "entity_ids": ["string"],
    "resolved": "boolean",
    "score": "double",
    "id_score": "double",
}
_ENTITIES: Columns = {f"entity_{n}_{what}": "string" for n in (1, 2) for what in ("id", "type", "text")}
RELATION: Columns = {
    **_ENTITIES,
    "type": "string",
    "score": "double",
    "novel": "boolean",
    "novel_score": "double",
    "subject": "string",
    "evidence": [{"start": "int", "end": "int", "text": "string"}],
}
CITATION: Columns = {
    "pmid": "bigint",
    "version": "int",
    "title": "string",
    "abstract": "string",
    "year": "int",
    "journal": "string",
    "revised": "date",
    "source": "string",
}
# ``model_id`` as of ``schemas.made_by``; ``vocabulary_id``: the part of it that names the vocabulary, null where there is none.
MADE_BY: Columns = {"model_id": "string", "vocabulary_id": "string"}
FOUND: Columns = {"mentions": [MENTION], "relations": [RELATION]}
_RUN: Columns = {"run_id": "string"}

# One citation version per row, instructions to delete (``deleted``) included. ``run_number`` is that of the run that
# applied the record: of two issues of one file the later counts. ``is_current``: readers saw the row when the run
# was published; what a later run makes obsolete stands in ``retired``.
DOCUMENTS: Columns = {
    **CITATION,
    "source_order": "bigint",
    "deleted": "boolean",
    "text_sha256": "string",
    "record": "bigint",
    "fate": "string",
    "run_number": "bigint",
    "is_current": "boolean",
    **_RUN,
}
# One document per row, the only output of the expensive step; a ``pmid`` occurs once in a run.
ANNOTATIONS: Columns = {"pmid": "bigint", "text_sha256": "string", **MADE_BY, **_RUN, **FOUND}
MENTIONS: Columns = {"pmid": "bigint", **MENTION, **MADE_BY, **_RUN}
RELATIONS: Columns = {"pmid": "bigint", **RELATION, **MADE_BY, **_RUN}
# Two concepts and what all documents together say of them; one row for each type of relation. Concepts that are local to a
# document are not here: no other document can name them.
PAIR = ("entity_1_id", "entity_2_id", "type")
PAIRS: Columns = {
    **_ENTITIES,
    "type": "string",
    "n_documents": "bigint",
    "first_year": "int",
    "last_year": "int",
    "novel_share": "double",
    "score": "double",
    "best_score": "double",
    "best_pmid": "bigint",
    "best_evidence": "string",
    **MADE_BY,
    **_RUN,
}
REJECTS: Columns = {"source": "string", "record": "bigint", "reason": "string", "excerpt": "string", **_RUN}
# Input files, each time they were applied. ``modified``: milliseconds since 1970, 0 where not known.
FILES: Columns = {
    "source": "string",
    "name": "string",
    "path": "string",
    "n_bytes": "bigint",
    "modified": "bigint",
    "md5": "string",
    "source_order": "bigint",
    "status": "string",
    "run_number": "bigint",
    **_RUN,
}
# What readers no longer see: of ``pmid``, the row of ``documents`` (kind "document") or the rows of annotations,
# mentions and relations (kind "annotation") that run ``written_by`` wrote; ``run_id`` made them obsolete.
RETIRED: Columns = {"kind": "string", "pmid": "bigint", "written_by": "string", **_RUN}
# The same of rows of ``pairs``.
RETIRED_PAIRS: Columns = {**dict.fromkeys(PAIR, "string"), "written_by": "string", **_RUN}
# One row for each piece of work that was committed; ``work``: "annotate", "compact", "rollout" or "rollback". ``baseline``: the
# year (two digits) of NLM's baseline that the warehouse holds; ``tables``: the version of each that the run left.
RUNS: Columns = {
    **_RUN,
    "run_number": "bigint",
    "work": "string",
    "started": "timestamp",
    "finished": "timestamp",
    **MADE_BY,
    "n_records": "bigint",
    **{f"n_{fate}": "bigint" for fate in FATES},
    "n_restored": "bigint",
    "n_mentions": "bigint",
    "n_relations": "bigint",
    "n_files": "bigint",
    "n_files_applied_before": "bigint",
    "n_files_refused": "bigint",
    "baseline": "int",
    "tables": MapOf("bigint"),
    "sources": [{"source": "string", "records": "bigint", **dict.fromkeys(FATES, "bigint")}],
    "durations_sec": MapOf("double"),
    "configuration": MapOf("string"),
    "versions": MapOf("string"),
}

# In the order in which a run commits them: rows go before anything says that they are obsolete, and ``runs`` is last.
# ``history``: documents that a compaction has taken out of ``documents``, older versions, instructions to delete, what they
# deleted. A late file may ask for them.
TABLES: dict[str, Columns] = {
    "history": DOCUMENTS,
    "documents": DOCUMENTS,
    "annotations": ANNOTATIONS,
    "mentions": MENTIONS,
    "relations": RELATIONS,
    "pairs": PAIRS,
    "rejects": REJECTS,
    "files": FILES,
    "retired": RETIRED,
    "retired_pairs": RETIRED_PAIRS,
    "runs": RUNS,
}
# All that ``runs`` speaks for.
OTHERS = tuple(table for table in TABLES if table != "runs")
# Tables whose files hold the annotations of one model each.
BY_MODEL = ("annotations", "mentions", "relations")


def duckdb_type(kind: Type) -> str:
    """
    >>> duckdb_type({"sentences": ["string"], "counts": MapOf("bigint")})
    'STRUCT("sentences" string[], "counts" MAP(string, bigint))'
    """
    if isinstance(kind, list):
        return f"{duckdb_type(kind[0])}[]"
    if isinstance(kind, MapOf):
        return f"MAP(string, {duckdb_type(kind.value)})"
    if isinstance(kind, dict):
        return "STRUCT(" + ", ".join(f'"{name}" {duckdb_type(one)}' for name, one in kind.items()) + ")"
    return "TIMESTAMPTZ" if kind == "timestamp" else kind
