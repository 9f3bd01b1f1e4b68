"""What readers see: SELECT statements over the stored files, for Spark and DuckDB alike.

``runs`` holds the committed runs; the other views show only what those wrote, and of that only what
is current: the newest text of each citation that is not deleted, with its newest annotation. A view
reads the list of runs and the immutable files they wrote, so it never sees a run in the making.
"""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.storage import Storage
from litcoin_batch.warehouse.tables import ANNOTATIONS, DOCUMENTS, MENTIONS, REJECTS, RELATIONS, RUNS, SCHEMAS

STORED = "stored_"


def _columns(schema: StructType, table: str) -> str:
    # A column name behind a dot may be a reserved word (end), in Spark as in DuckDB.
    return ", ".join(f"{table}.{field.name}" for field in schema)


# Within one run ``fates.flag_records`` applies the same rule.
_CURRENT_DOCUMENTS = f"""
SELECT {_columns(DOCUMENTS, "d")} FROM (
  SELECT p.*, row_number() OVER (PARTITION BY pmid ORDER BY version DESC, arrival DESC) AS place FROM (
    SELECT a.*, max(CASE WHEN deleted THEN arrival ELSE 0 END) OVER (PARTITION BY pmid) AS deletion FROM (
      SELECT s.*, row_number() OVER (
        PARTITION BY s.pmid ORDER BY coalesce(s.source_order, 0), r.started, s.run_id, s.source, s.record
      ) AS arrival
      FROM {STORED}documents s JOIN runs r ON s.run_id = r.run_id
    ) a
  ) p WHERE NOT deleted AND arrival > deletion
) d WHERE place = 1"""

_CURRENT_ANNOTATIONS = f"""
SELECT {_columns(ANNOTATIONS, "a")} FROM (
  SELECT s.*, row_number() OVER (
    PARTITION BY s.pmid, s.text_sha256 ORDER BY r.started DESC, s.run_id DESC
  ) AS place
  FROM {STORED}annotations s JOIN runs r ON s.run_id = r.run_id
) a JOIN documents d ON a.pmid = d.pmid AND a.text_sha256 = d.text_sha256
WHERE a.place = 1"""


def _flat(table: str, schema: StructType) -> str:
    return (
        f"SELECT {_columns(schema, 's')} FROM {STORED}{table} s"
        " JOIN (SELECT pmid, run_id FROM annotations) a ON s.pmid = a.pmid AND s.run_id = a.run_id"
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
    "documents": _CURRENT_DOCUMENTS,
    "annotations": _CURRENT_ANNOTATIONS,
    "mentions": _flat("mentions", MENTIONS),
    "relations": _flat("relations", RELATIONS),
    "rejects": f"SELECT {_columns(REJECTS, 's')} FROM {STORED}rejects s JOIN runs r ON s.run_id = r.run_id",
    "evidence": _EVIDENCE,
    "pubtator3": _PUBTATOR3,
}


def register_views(spark: SparkSession, warehouse: str) -> None:
    """Make the views temporary views of the session. Raises ``ConfigError`` where no run is committed."""
    storage = Storage(spark, warehouse)
    if not any(name.endswith(".parquet") for name in storage.names("runs")):
        raise ConfigError(f"warehouse {warehouse}: no committed run in it; jobs/annotate.py makes one")
    for table, schema in SCHEMAS.items():
        spark.read.schema(schema).parquet(storage.uri(table)).createOrReplaceTempView(STORED + table)
    for name, select in VIEWS.items():
        spark.sql(select).createOrReplaceTempView(name)


def duckdb_script(warehouse: str) -> str:
    """The views for DuckDB: ``duckdb -init WAREHOUSE/views.sql``, started where ``warehouse`` is a valid path."""
    place = warehouse.replace("'", "''")
    stored = {STORED + table: f"SELECT * FROM read_parquet('{place}/{table}/*.parquet')" for table in SCHEMAS}
    # The one function of the views that has another name there.
    views = {name: select.replace("explode(", "unnest(") for name, select in VIEWS.items()}
    return "".join(f"CREATE OR REPLACE VIEW {name} AS {select.strip()};\n" for name, select in {**stored, **views}.items())
