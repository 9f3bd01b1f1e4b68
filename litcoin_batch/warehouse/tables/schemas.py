"""The declared tables as Spark and Arrow know them, and the flat tables as projections of the nested one."""

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
from litcoin_batch.warehouse.tables import declared
from litcoin_batch.warehouse.tables.declared import PAIR

INT, LONG, DOUBLE, BOOLEAN, STRING = IntegerType(), LongType(), DoubleType(), BooleanType(), StringType()
_WORDS: dict[str, DataType] = {
    "int": INT,
    "bigint": LONG,
    "double": DOUBLE,
    "boolean": BOOLEAN,
    "string": STRING,
    "date": DateType(),
    "timestamp": TimestampType(),
}


def columns(**types: DataType) -> StructType:
    return StructType([StructField(name, type_) for name, type_ in types.items()])


def _spark_type(kind: declared.Type) -> DataType:
    if isinstance(kind, list):
        return ArrayType(_spark_type(kind[0]))
    if isinstance(kind, declared.MapOf):
        return MapType(STRING, _spark_type(kind.value))
    return columns(**_types(kind)) if isinstance(kind, dict) else _WORDS[kind]


def _types(found: declared.Columns) -> dict[str, DataType]:
    return {name: _spark_type(kind) for name, kind in found.items()}


SCHEMAS = {table: columns(**_types(found)) for table, found in declared.TABLES.items()}
DOCUMENTS, ANNOTATIONS = SCHEMAS["documents"], SCHEMAS["annotations"]
MENTIONS, RELATIONS = SCHEMAS["mentions"], SCHEMAS["relations"]
REJECTS, FILES, RUNS = SCHEMAS["rejects"], SCHEMAS["files"], SCHEMAS["runs"]
_CITATION, _MADE_BY, _FOUND = map(_types, (declared.CITATION, declared.MADE_BY, declared.FOUND))

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
# whether a newer issue of its file has replaced it (``is_void``). ``state``: see ``nightly.states``.
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
    n_chars=INT,
    reason=STRING,
    run_number=LONG,
    written_by=STRING,
    is_visible=BOOLEAN,
    is_void=BOOLEAN,
    state=STRING,
)
# Annotations that the warehouse holds of PMIDs that a run touches.
HELD = columns(pmid=LONG, text_sha256=STRING, model_id=STRING, written_by=STRING, is_visible=BOOLEAN)
# What becomes of each record of these inputs, and of each stored document that comes back (``is_restored``), without their
# texts. ``step``: what a current text needs to have its annotation (``states.DUE`` ...); ``written_by``: the run that wrote the
# one that the warehouse holds.
DECISIONS = columns(
    pmid=LONG,
    path=STRING,
    source=STRING,
    record=LONG,
    run_number=LONG,
    text_sha256=STRING,
    n_chars=INT,
    reason=STRING,
    fate=STRING,
    step=STRING,
    written_by=STRING,
    is_current=BOOLEAN,
    is_restored=BOOLEAN,
)
# Pairs that a run computes anew, and all that is said of each then.
TOUCHED = columns(**dict.fromkeys(PAIR, STRING))
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
