"""The declared schema of every table, and the flat tables as projections of the nested one.

A table is a Delta table; which of its files count, its log says (``log``), and which of their rows, the tables ``runs``
and ``retired`` (``views``).
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from litcoin_batch.schema import ContractError

# What became of a record that was read. Every record has exactly one fate.
FATES = ("annotated", "unchanged", "without_text", "deleted", "superseded", "rejected")

INT, LONG, DOUBLE, BOOLEAN, STRING = IntegerType(), LongType(), DoubleType(), BooleanType(), StringType()


def columns(**types: DataType) -> StructType:
    return StructType([StructField(name, type_) for name, type_ in types.items()])


MENTION = columns(
    start=INT,
    end=INT,
    type=STRING,
    text=STRING,
    entity_ids=ArrayType(STRING),
    resolved=BOOLEAN,
    score=DOUBLE,
    id_score=DOUBLE,
)
RELATION = columns(
    entity_1_id=STRING,
    entity_1_type=STRING,
    entity_1_text=STRING,
    entity_2_id=STRING,
    entity_2_type=STRING,
    entity_2_text=STRING,
    type=STRING,
    score=DOUBLE,
    novel=BOOLEAN,
    novel_score=DOUBLE,
    subject=STRING,
    evidence=ArrayType(columns(start=INT, end=INT, text=STRING)),
)
_CITATION = dict(
    pmid=LONG, version=INT, title=STRING, abstract=STRING, year=INT, journal=STRING, revised=DateType(), source=STRING
)
# ``model_id`` as of ``made_by``; ``vocabulary_id``: the part of it that names the vocabulary, null where there is none.
_MADE_BY = dict(model_id=STRING, vocabulary_id=STRING)
_FOUND = dict(mentions=ArrayType(MENTION), relations=ArrayType(RELATION))

# One citation version per row, instructions to delete (``deleted``) included. ``run_number`` is that of the run that
# applied the record: of two issues of one file the later counts. ``is_current``: readers saw the row when the run
# was published; what a later run makes obsolete stands in ``retired``.
DOCUMENTS = columns(
    **_CITATION,
    source_order=LONG,
    deleted=BOOLEAN,
    text_sha256=STRING,
    record=LONG,
    fate=STRING,
    run_number=LONG,
    is_current=BOOLEAN,
    run_id=STRING,
)
# One document per row, the only output of the expensive step; a ``pmid`` occurs once in a run.
ANNOTATIONS = columns(pmid=LONG, text_sha256=STRING, **_MADE_BY, run_id=STRING, **_FOUND)
MENTIONS = columns(pmid=LONG, **{f.name: f.dataType for f in MENTION}, **_MADE_BY, run_id=STRING)
RELATIONS = columns(pmid=LONG, **{f.name: f.dataType for f in RELATION}, **_MADE_BY, run_id=STRING)
# Two concepts and what all documents together say of them; one row for each type of relation. Concepts that are local to a
# document are not here: no other document can name them.
PAIRS = columns(
    entity_1_id=STRING,
    entity_1_type=STRING,
    entity_1_text=STRING,
    entity_2_id=STRING,
    entity_2_type=STRING,
    entity_2_text=STRING,
    type=STRING,
    n_documents=LONG,
    first_year=INT,
    last_year=INT,
    novel_share=DOUBLE,
    score=DOUBLE,
    best_score=DOUBLE,
    best_pmid=LONG,
    best_evidence=STRING,
    **_MADE_BY,
    run_id=STRING,
)
PAIR = ("entity_1_id", "entity_2_id", "type")
REJECTS = columns(source=STRING, record=LONG, reason=STRING, excerpt=STRING, run_id=STRING)
# Input files, each time they were applied. ``modified``: milliseconds since 1970, 0 where not known.
FILES = columns(
    source=STRING,
    name=STRING,
    path=STRING,
    n_bytes=LONG,
    modified=LONG,
    md5=STRING,
    source_order=LONG,
    status=STRING,
    run_number=LONG,
    run_id=STRING,
)
# What readers no longer see: of ``pmid``, the row of ``documents`` (kind "document") or the rows of annotations,
# mentions and relations (kind "annotation") that run ``written_by`` wrote; ``run_id`` made them obsolete.
RETIRED = columns(kind=STRING, pmid=LONG, written_by=STRING, run_id=STRING)
# The same of rows of ``pairs``.
RETIRED_PAIRS = columns(**dict.fromkeys(PAIR, STRING), written_by=STRING, run_id=STRING)
# One row for each piece of work that was committed; ``work``: "annotate", "compact", "rollout" or "rollback". ``baseline``: the
# year (two digits) of NLM's baseline that the warehouse holds; ``tables``: the version of each that the run left.
RUNS = columns(
    run_id=STRING,
    run_number=LONG,
    work=STRING,
    started=TimestampType(),
    finished=TimestampType(),
    **_MADE_BY,
    n_records=LONG,
    **{f"n_{fate}": LONG for fate in FATES},
    n_restored=LONG,
    n_mentions=LONG,
    n_relations=LONG,
    n_files=LONG,
    n_files_applied_before=LONG,
    n_files_refused=LONG,
    baseline=INT,
    tables=MapType(STRING, LONG),
    sources=ArrayType(columns(source=STRING, records=LONG, **dict.fromkeys(FATES, LONG))),
    durations_sec=MapType(STRING, DOUBLE),
    configuration=MapType(STRING, STRING),
    versions=MapType(STRING, STRING),
)

# Documents that a compaction has taken out of ``documents``: older versions, instructions to delete, what they deleted. A late
# file may ask for them.
HISTORY = DOCUMENTS

# In the order in which a run commits them: rows go before anything says that they are obsolete, and ``runs`` is last.
SCHEMAS = {
    "history": HISTORY,
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

# Tables whose files hold the annotations of one model each.
BY_MODEL = ("annotations", "mentions", "relations")

# What one pass over the inputs yields, before fates are decided: a document, or the reason why it is none.
# ``path`` tells inputs of one name apart; a file as a whole is record 0.
RECORDS = columns(
    path=STRING,
    **_CITATION,
    source_order=LONG,
    deleted=BOOLEAN,
    text_sha256=STRING,
    record=LONG,
    reason=STRING,
    excerpt=STRING,
)
# Records of these inputs and the stored ones of the same PMIDs, without their texts: ``text`` says what there is to annotate
# ("abstract", "title"). Of the stored: ``written_by``, the run that wrote the row, whether readers see it (``is_visible``) and
# whether a newer issue of its file has replaced it (``is_void``). ``state``: see ``nightly.revisions``.
KEYS = columns(
    pmid=LONG,
    version=INT,
    path=STRING,
    source=STRING,
    source_order=LONG,
    record=LONG,
    deleted=BOOLEAN,
    text_sha256=STRING,
    text=STRING,
    reason=STRING,
    run_number=LONG,
    written_by=STRING,
    is_visible=BOOLEAN,
    is_void=BOOLEAN,
    state=STRING,
)
FLAGGED = StructType([*RECORDS.fields, *columns(fate=STRING, run_number=LONG, is_current=BOOLEAN, is_restored=BOOLEAN)])
# Annotations that the warehouse holds of PMIDs that a run touches, and what each current text needs (``revisions.DUE`` ...).
HELD = columns(pmid=LONG, text_sha256=STRING, model_id=STRING, written_by=STRING, is_visible=BOOLEAN)
PLAN = columns(pmid=LONG, text_sha256=STRING, step=STRING, written_by=STRING)
# Pairs that a run computes anew, the run whose row of each readers see, if any, and all that is said of each then.
TOUCHED = columns(**dict.fromkeys(PAIR, STRING), written_by=STRING)
REPORTS = StructType([field for field in RELATIONS if field.name != "run_id"])
# A document's annotation before it is kept; ``error`` says why the model could not annotate it.
ANNOTATED = columns(pmid=LONG, text_sha256=STRING, **_MADE_BY, **_FOUND, error=STRING)


def made_by(checkpoint_id: str, vocabulary_id: str) -> str:
    """The ``model_id`` of rows and runs: what decides an annotation. Another vocabulary is as another checkpoint.

    >>> made_by("lstm-0123456789ab", "vocabulary-ba9876543210")
    'lstm-0123456789ab+vocabulary-ba9876543210'
    """
    return f"{checkpoint_id}+{vocabulary_id}"


def vocabulary_of(model_id: str) -> str | None:
    """The vocabulary that a ``model_id`` names.

    >>> vocabulary_of("lstm-0123456789ab+vocabulary-ba9876543210")
    'vocabulary-ba9876543210'
    """
    return model_id.partition("+")[2] or None


def arrow_schema(schema: StructType) -> pa.Schema:
    return to_arrow_schema(schema)


def table_of(spark: SparkSession, rows: Sequence[tuple], schema: StructType) -> DataFrame:
    """A few rows that the driver knows, or none: Spark then plans with what they are.

    Of Python objects it would make a job for its Python workers, even where there are none.
    """
    return spark.createDataFrame(arrow_table(rows, schema), schema)


def arrow_table(rows: Sequence[tuple], schema: StructType) -> pa.Table:
    arrow = arrow_schema(schema)
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [_arrow_array(values, field.type) for values, field in zip(columns, arrow, strict=True)]
    return pa.Table.from_arrays(arrays, schema=arrow)


def _arrow_array(values: Sequence, kind: pa.DataType) -> pa.Array:
    # Maps are made of their pairs.
    return pa.array(
        [None if value is None else list(value.items()) for value in values] if pa.types.is_map(kind) else values, kind
    )


def conform(table: DataFrame, schema: StructType) -> DataFrame:
    """Exactly the declared columns in their order. Raises ``ContractError`` naming all differences at once."""
    found = {field.name: field.dataType.simpleString() for field in table.schema}
    wrong = [
        f"{field.name}: expected {field.dataType.simpleString()}, found {found.get(field.name, 'no such column')}"
        for field in schema
        if found.get(field.name) != field.dataType.simpleString()
    ]
    if wrong:
        raise ContractError("table does not have its declared schema: " + "; ".join(wrong))
    # One call to the JVM, not several for each column.
    return table.selectExpr(*(f"`{field.name}`" for field in schema))


def mentions_of(annotations: DataFrame) -> DataFrame:
    """One row per mention, from ``annotations`` alone."""
    return conform(annotations.select("pmid", "model_id", "vocabulary_id", "run_id", F.inline("mentions")), MENTIONS)


def relations_of(annotations: DataFrame) -> DataFrame:
    """One row per relation, from ``annotations`` alone."""
    return conform(annotations.select("pmid", "model_id", "vocabulary_id", "run_id", F.inline("relations")), RELATIONS)
