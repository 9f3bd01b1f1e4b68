"""What a run did, for a person to read."""

from __future__ import annotations

from shlex import quote

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.tables.declared import FATES, TABLES
from litcoin_batch.warehouse.tables.log import TableLog
from litcoin_batch.warehouse.tables.stored import Stored
from litcoin_batch.warehouse.tables.text_table import format_table

_MAX_SOURCES = 20
_TEXT_CHARS = 34


def summarise(spark: SparkSession, warehouse: str, record: Row) -> str:
    """First relations, records by source and fate, findings by type, durations, and where to look next."""
    total_sec = (record.finished - record.started).total_seconds()
    storage = Storage(spark, warehouse)
    log = TableLog(storage.root)
    stored = Stored(spark, storage, log, log.state())
    parts = [
        _first_relations(stored, record.run_id),
        f"Run {record.run_id} with {record.model_id}: {record.n_records:,} records in {total_sec:.1f} s",
        "",
        _files(record),
        _sources(record) if record.sources else None,
        _notes(record),
        "",
        f"mentions   {record.n_mentions:>9,}   {_by_type(stored, 'mentions', record.run_id)}",
        f"relations  {record.n_relations:>9,}   {_by_type(stored, 'relations', record.run_id)}",
        "durations  " + ", ".join(f"{step} {seconds:.1f} s" for step, seconds in _durations(record)),
        f"tables     {warehouse}/{{{','.join(TABLES)}}} (Delta tables)",
        "",
        "Ask them:",
        f'  litcoin-batch query --warehouse {quote(warehouse)} "SELECT type, count(*) AS n FROM relations GROUP BY type"',
        f'  duckdb -init {quote(f"{warehouse}/views/duckdb.sql")} -c "SELECT * FROM pubtator3 LIMIT 10"',
    ]
    return "\n".join(part for part in parts if part is not None)


def _files(record: Row) -> str:
    parts = [f"{record.n_files:,} read", f"{record.n_files_applied_before:,} applied before"]
    if record.n_files_refused:
        parts.append(f"{record.n_files_refused:,} refused")
    if record.n_restored:
        parts.append(f"{record.n_restored:,} documents restored")
    return "files      " + ", ".join(parts)


def _notes(record: Row) -> str | None:
    """What the readers noted about records that they read all the same."""
    notes = (record.configuration or {}).get("notes")
    return "\n".join(f"note       {line}" for line in notes.split("\n")[:_MAX_SOURCES]) if notes else None


def _by_type(stored: Stored, table: str, run_id: str) -> str:
    rows = stored.read(table).where(F.col("run_id") == run_id)
    counts = rows.groupBy("type").count().orderBy(F.desc("count"), "type")
    return ", ".join(f"{row['type']} {row['count']:,}" for row in counts.collect())


def _first_relations(stored: Stored, run_id: str, n: int = 10) -> str | None:
    relations = stored.read("relations").where(F.col("run_id") == run_id)
    rows = relations.orderBy("pmid", F.desc("score"), "entity_1_id", "entity_2_id", "type").limit(n).collect()
    if not rows:
        return None
    header = ("pmid", "entity 1", "relation", "entity 2", "score", "novel")
    cells = [
        (
            str(r.pmid),
            _short(r.entity_1_text),
            r.type,
            _short(r.entity_2_text),
            f"{r.score:.2f}",
            "yes" if r.novel else "no",
        )
        for r in rows
    ]
    return format_table(header, cells) + "\n"


def _short(text: str | None) -> str:
    text = text or "?"
    return text if len(text) <= _TEXT_CHARS else text[: _TEXT_CHARS - 1] + "…"


def _durations(record: Row) -> list[tuple[str, float]]:
    steps = dict(record.durations_sec)
    read, annotate, write, pairs = (steps.pop(step, 0.0) for step in ("read", "annotate", "write", "pairs"))
    return [
        ("read", read),
        ("compare with what is stored", sum(steps.values())),
        ("annotate", annotate),
        ("write tables", write + pairs),
    ]


def _sources(record: Row) -> str:
    header = ("source", "records", *(fate.replace("_", " ") for fate in FATES))
    shown = record.sources[:_MAX_SOURCES]
    cells = [(s.source, f"{s.records:,}", *(f"{s[fate]:,}" for fate in FATES)) for s in shown]
    if len(record.sources) > len(shown):
        cells.append((f"... and {len(record.sources) - len(shown):,} more", *[""] * (len(FATES) + 1)))
    cells.append(("all", f"{record.n_records:,}", *(f"{record[f'n_{fate}']:,}" for fate in FATES)))
    return format_table(header, cells)
