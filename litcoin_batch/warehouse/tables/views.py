"""What readers see: SELECT statements over the tables, for every engine alike.

The views show what is current: the newest text of each citation that is not deleted, with its annotation by the model
that the newest run names. They leave out what runs wrote that ``runs`` does not hold, and what a later run made
obsolete; such rows are named in ``retired``, which is small beside the tables and empty after a compaction: no window
over all versions of all citations, an anti-join against a table that fits into memory.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.tables.declared import (
    ANNOTATIONS,
    DOCUMENTS,
    FILES,
    MENTIONS,
    OTHERS,
    PAIRS,
    REJECTS,
    RELATIONS,
    RETIRED,
    RETIRED_PAIRS,
    RUNS,
    TABLES,
    Columns,
    duckdb_type,
)
from litcoin_batch.warehouse.tables.log import State, TableLog
from litcoin_batch.warehouse.tables.places import VIEWS_FOLDER, head_of

if TYPE_CHECKING:
    from litcoin_batch.warehouse.files.storage import Storage

STORED = "stored_"
# What concerns only the runs.
_INTERNAL = ("is_current", "tables", "work")


def _columns(columns: Columns) -> str:
    # A column name behind a dot may be a reserved word (end), in Spark as in DuckDB.
    return ", ".join(f"s.{name}" for name in columns if name not in _INTERNAL)


def _committed(table: str, columns: Columns, *conditions: str) -> str:
    """The rows of runs that ``runs`` holds."""
    where = " AND ".join((f"s.run_id IN (SELECT r.run_id FROM {STORED}runs r)", *conditions))
    return f"SELECT {_columns(columns)} FROM {STORED}{table} s WHERE {where}"


def _not_retired(kind: str) -> str:
    same = "x.pmid = s.pmid AND x.written_by = s.run_id"
    return f"NOT EXISTS (SELECT 1 FROM retired x WHERE x.kind = '{kind}' AND {same})"


_PAIR_NOT_RETIRED = (
    "NOT EXISTS (SELECT 1 FROM retired_pairs x WHERE x.entity_1_id = s.entity_1_id AND x.entity_2_id = s.entity_2_id"
    " AND x.type = s.type AND x.written_by = s.run_id)"
)

# The newest baseline of NLM replaces what older ones said; other sources have no order.
_OF_BASELINE = (
    f"(s.source_order IS NULL OR s.source_order >= (SELECT 1000000 * coalesce(max(r.baseline), 0) FROM {STORED}runs r))"
)
# During a rollout another model's annotations are there already.
_OF_MODEL = f"s.model_id = (SELECT max_by(r.model_id, r.run_number) FROM {STORED}runs r)"


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
    "runs": f"SELECT {_columns(RUNS)} FROM {STORED}runs s WHERE s.work = 'annotate'",
    "retired": _committed("retired", RETIRED),
    "retired_pairs": _committed("retired_pairs", RETIRED_PAIRS),
    "files": _committed("files", FILES),
    "documents": _committed("documents", DOCUMENTS, "s.is_current", _OF_BASELINE, _not_retired("document")),
    "annotations": _committed("annotations", ANNOTATIONS, _OF_MODEL, _not_retired("annotation")),
    "mentions": _committed("mentions", MENTIONS, _OF_MODEL, _not_retired("annotation")),
    "relations": _committed("relations", RELATIONS, _OF_MODEL, _not_retired("annotation")),
    "pairs": _committed("pairs", PAIRS, _PAIR_NOT_RETIRED),
    "rejects": _committed("rejects", REJECTS),
    "evidence": _EVIDENCE,
    "pubtator3": _PUBTATOR3,
}


def committed_state(log: TableLog, as_of: str | None = None) -> State:
    """The newest state, or that which the run ``as_of`` left. Raises ``ConfigError`` where there is none."""
    state = log.state() if as_of is None else log.state_after(as_of)
    if not state.number:
        raise ConfigError(f"warehouse {log.root}: no committed run in it; litcoin-batch annotate makes one")
    return state


def up_to(state: State) -> str:
    """Which rows of ``runs`` make the state."""
    return f"run_number <= {state.number}"


# Scripts for engines


def write_scripts(storage: Storage, log: TableLog, state: State) -> None:
    """``views/<engine>.sql``, each replaced in one step; left alone where it shows the state already."""
    storage.make_folder(VIEWS_FOLDER)
    for engine, script in scripts(log, state).items():
        place = f"{VIEWS_FOLDER}/{engine}.sql"
        try:
            if storage.read_text(place) == script:
                continue
        except FileNotFoundError:
            pass
        storage.replace_text(place, script)


def scripts(log: TableLog, state: State) -> dict[str, str]:
    return {
        "duckdb": duckdb_script(log, state),
        "spark": _spark_script(log.root),
        "trino": _trino_script(log.root),
        "snowflake": _snowflake_script(log.root),
    }


def duckdb_script(log: TableLog, state: State) -> str:
    """For DuckDB without extensions: the files of one state by name.

    A session sees this state until it reads the script again.
    """
    stored = {STORED + table: _read_parquet(log, state, table) for table in OTHERS}
    stored[f"{STORED}runs"] = f"SELECT * FROM ({_read_parquet(log, state, 'runs')}) WHERE {up_to(state)}"
    # The one function of the views that has another name there.
    views = {name: select.replace("explode(", "unnest(") for name, select in VIEWS.items()}
    lines = [
        head_of(log.root, state.versions["runs"]),
        f"-- What run {state.run_id} ({state.work}, {state.finished}) left; number {state.number}\n",
        "BEGIN;\n",
    ]
    lines += [f"CREATE OR REPLACE VIEW {name} AS {select.strip()};\n" for name, select in {**stored, **views}.items()]
    return "".join([*lines, "COMMIT;\n"])


def _read_parquet(log: TableLog, state: State, table: str) -> str:
    typed = ", ".join(f'CAST(NULL AS {duckdb_type(kind)}) AS "{name}"' for name, kind in TABLES[table].items())
    nothing = f"SELECT {typed} WHERE false"
    # Pattern characters in a path stand for themselves.
    folder = re.sub(r"([\[*?])", r"[\1]", log.uri(table)).replace("'", "''")
    files = ", ".join(f"'{folder}/{file.path}'" for file in log.files(state, table))
    # Files that were written before a column came are read as if it were null there.
    return (
        f"{nothing} UNION ALL BY NAME SELECT * FROM read_parquet([{files}], union_by_name = true)" if files else nothing
    )


def _script(head: str, stored: dict[str, str], views: dict[str, str], view: str = "VIEW") -> str:
    lines = [f"CREATE OR REPLACE {view} {name} AS {select.strip()};\n" for name, select in views.items()]
    return "".join([head, *(f"{line};\n" for line in stored.values()), *lines])


def _spark_script(root: str) -> str:
    place = root.replace("`", "``")
    stored = {t: f"CREATE OR REPLACE TEMP VIEW {STORED}{t} AS SELECT * FROM delta.`{place}/{t}`" for t in TABLES}
    head = "-- For a Spark session with Delta Lake (--packages io.delta:delta-spark_...), started anywhere\n"
    return _script(head, stored, VIEWS, "TEMP VIEW")


def _trino_script(root: str) -> str:
    stored = {
        t: "CALL system.register_table(schema_name => 'litcoin_batch', table_name => "
        f"'{STORED}{t}', table_location => {_quoted(f'{root}/{t}')})"
        for t in TABLES
    }
    evidence = (
        'SELECT r.pmid, r.entity_1_id, r.entity_2_id, r.type, e."start", e."end", e.text FROM relations r'
        ' CROSS JOIN UNNEST(r.evidence) AS e ("start", "end", text)'
    )
    head = (
        "-- For a catalog of Trino's connector delta_lake with delta.register-table-procedure.enabled=true, once:\n"
        "-- USE <catalog>.litcoin_batch\n"
    )
    return _script(head, stored, {**{n: _with_quotes(s) for n, s in VIEWS.items()}, "evidence": evidence})


def _snowflake_script(root: str) -> str:
    stored = {
        t: f"CREATE OR REPLACE ICEBERG TABLE {STORED}{t} CATALOG = 'litcoin_batch_delta'"
        f" EXTERNAL_VOLUME = 'litcoin_batch' BASE_LOCATION = '{t}'"
        for t in TABLES
    }
    evidence = (
        'SELECT r.pmid, r.entity_1_id, r.entity_2_id, r.type, e.value:"start"::int AS "start",'
        ' e.value:"end"::int AS "end", e.value:"text"::string AS text'
        " FROM relations r, LATERAL FLATTEN(input => r.evidence) e"
    )
    head = (
        f"-- For Snowflake, with an external volume litcoin_batch that leads to {root}, once:\n"
        "CREATE CATALOG INTEGRATION IF NOT EXISTS litcoin_batch_delta"
        " CATALOG_SOURCE = OBJECT_STORE TABLE_FORMAT = DELTA ENABLED = TRUE;\n"
    )
    return _script(head, stored, {**{n: _with_quotes(s) for n, s in VIEWS.items()}, "evidence": evidence})


def _with_quotes(select: str) -> str:
    """Where a reserved word is no name of a column, not even behind a dot."""
    return re.sub(r"\bs\.(start|end)\b", r's."\1"', select)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
