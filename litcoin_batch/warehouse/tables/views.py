"""What readers see: SELECT statements over the files of the newest snapshot, for Spark and DuckDB alike.

The views show what is current: the newest text of each citation that is not deleted, with its annotation by the model
that the snapshot names. Rows that a run wrote and a later one made obsolete are named in ``retired``, which
is small beside the tables and empty after a compaction: no window over all versions of all citations, an
anti-join against a table that fits into memory.
"""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.tables.schemas import (
    ANNOTATIONS,
    BY_MODEL,
    DOCUMENTS,
    FILES,
    MENTIONS,
    REJECTS,
    RELATIONS,
    RUNS,
    SCHEMAS,
)
from litcoin_batch.warehouse.tables.snapshots import Snapshot, Snapshots
from litcoin_batch.warehouse.tables.stored import Stored

STORED = "stored_"
SCRIPT = "views.sql"
# Of the table ``documents``, what concerns only the runs.
_INTERNAL = ("is_current",)


def _columns(schema: StructType, table: str) -> str:
    # A column name behind a dot may be a reserved word (end), in Spark as in DuckDB.
    return ", ".join(f"{table}.{field.name}" for field in schema if field.name not in _INTERNAL)


def _without_retired(table: str, schema: StructType, kind: str, where: str = "") -> str:
    return (
        f"SELECT {_columns(schema, 's')} FROM {STORED}{table} s"
        f" ANTI JOIN (SELECT pmid, written_by FROM {STORED}retired WHERE kind = '{kind}') x"
        f" ON s.pmid = x.pmid AND s.run_id = x.written_by{where}"
    )


def _pubtator_type(column: str) -> str:
    return (
        f"CASE {column} WHEN 'GeneOrGeneProduct' THEN 'Gene' WHEN 'DiseaseOrPhenotypicFeature' THEN 'Disease'"
        " WHEN 'ChemicalEntity' THEN 'Chemical' WHEN 'SequenceVariant' THEN 'Variant'"
        f" WHEN 'OrganismTaxon' THEN 'Species' ELSE {column} END"
    )


# One row per sentence that carries a relation.
_EVIDENCE = """
SELECT e.pmid, e.entity_1_id, e.entity_2_id, e.type, e.sentence.start, e.sentence.end, e.sentence.text FROM (
  SELECT r.pmid, r.entity_1_id, r.entity_2_id, r.type, explode(r.evidence) AS sentence FROM relations r
) e"""

# PubTator 3's dump relation2pubtator3 (Wei et al. 2024, doi:10.1093/nar/gkae235) and its relation names;
# Conversion has none there.
_PUBTATOR3 = f"""
SELECT pmid,
  CASE type WHEN 'Association' THEN 'associate' WHEN 'Positive_Correlation' THEN 'positive_correlate'
    WHEN 'Negative_Correlation' THEN 'negative_correlate' WHEN 'Bind' THEN 'interact'
    WHEN 'Cotreatment' THEN 'cotreat' WHEN 'Comparison' THEN 'compare'
    WHEN 'Drug_Interaction' THEN 'drug_interact' ELSE lower(type) END AS relation,
  concat({_pubtator_type("entity_1_type")}, '|', entity_1_id) AS entity_1,
  concat({_pubtator_type("entity_2_type")}, '|', entity_2_id) AS entity_2
FROM relations"""

# In an order in which each can be created from those before it.
VIEWS = {
    "runs": f"SELECT {_columns(RUNS, 's')} FROM {STORED}runs s",
    "files": f"SELECT {_columns(FILES, 's')} FROM {STORED}files s",
    "documents": _without_retired("documents", DOCUMENTS, "document", " WHERE s.is_current"),
    "annotations": _without_retired("annotations", ANNOTATIONS, "annotation"),
    "mentions": _without_retired("mentions", MENTIONS, "annotation"),
    "relations": _without_retired("relations", RELATIONS, "annotation"),
    "rejects": f"SELECT {_columns(REJECTS, 's')} FROM {STORED}rejects s",
    "evidence": _EVIDENCE,
    "pubtator3": _PUBTATOR3,
}


def register_views(spark: SparkSession, warehouse: str) -> Snapshot:
    """Make the views temporary views of the session, of the newest snapshot until they are registered again.

    Raises ``ConfigError`` where nothing is published.
    """
    storage = Storage(spark, warehouse)
    snapshot = Snapshots(storage).newest()
    if not snapshot.number:
        raise ConfigError(f"warehouse {warehouse}: no committed run in it; litcoin-batch annotate makes one")
    stored = Stored(spark, storage, snapshot)
    for table in SCHEMAS:
        stored.read(table, _model_of(table, snapshot)).createOrReplaceTempView(STORED + table)
    for name, select in VIEWS.items():
        spark.sql(select).createOrReplaceTempView(name)
    return snapshot


def _model_of(table: str, snapshot: Snapshot) -> str | None:
    return snapshot.model_id if table in BY_MODEL else None


def write_script(storage: Storage, snapshot: Snapshot, warehouse: str) -> None:
    """``views.sql``, replaced in one step; left alone where it shows the snapshot already."""
    script = duckdb_script(snapshot, warehouse)
    try:
        if storage.read_text(SCRIPT) == script:
            return
    except FileNotFoundError:
        pass
    storage.replace_text(SCRIPT, script)


def duckdb_script(snapshot: Snapshot, warehouse: str) -> str:
    """The views for DuckDB: ``duckdb -init WAREHOUSE/views.sql``, started where ``warehouse`` is a valid path."""
    stored = {STORED + table: _read_parquet(table, snapshot, warehouse) for table in SCHEMAS}
    # The one function of the views that has another name there.
    views = {name: select.replace("explode(", "unnest(") for name, select in VIEWS.items()}
    lines = [
        f"-- Snapshot {snapshot.number}, published by {snapshot.run_id} ({snapshot.reason}) at {snapshot.created}\n",
        "BEGIN;\n",
    ]
    lines += [f"CREATE OR REPLACE VIEW {name} AS {select.strip()};\n" for name, select in {**stored, **views}.items()]
    return "".join([*lines, "COMMIT;\n"])


def _read_parquet(table: str, snapshot: Snapshot, warehouse: str) -> str:
    place = warehouse.replace("'", "''")
    files = [f"'{place}/{table}/{file.name}'" for file in snapshot.files(table, _model_of(table, snapshot))]
    return f"SELECT * FROM read_parquet([{', '.join(files)}])"
