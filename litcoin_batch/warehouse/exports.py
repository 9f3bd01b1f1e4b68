"""What readers see of a warehouse, document by document, as the types of ``schema``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame, SparkSession

from litcoin_batch.schema import Annotation, ConfigError, Document, Evidence, Mention, Relation
from litcoin_batch.warehouse.tables.spark_views import register_views

_CITATION = ("title", "abstract", "source", "version", "year", "journal", "revised")


class Export:
    """The annotated documents of a warehouse, or of those whose pmid ``selection``, a query, has in a column ``pmid``.

    Raises ``ConfigError`` where nothing is published and for a query that cannot be run.
    """

    def __init__(self, spark: SparkSession, warehouse: str, selection: str | None = None) -> None:
        register_views(spark, warehouse)
        self._rows = _rows(spark, selection)

    def count(self) -> int:
        return self._rows.count()

    def __iter__(self) -> Iterator[Document]:
        """Sorted by pmid; of one partition at a time."""
        for row in self._rows.orderBy("pmid").toLocalIterator():
            yield _document(row.asDict(recursive=True))


def _rows(spark: SparkSession, selection: str | None) -> DataFrame:
    found = spark.sql(
        f"SELECT d.pmid, {', '.join(f'd.{name}' for name in _CITATION)}, a.mentions, a.relations"
        " FROM documents d JOIN annotations a ON a.pmid = d.pmid WHERE NOT d.deleted"
    )
    if selection is None:
        return found
    try:
        chosen = spark.sql(selection.strip().rstrip(";"))
    except (AnalysisException, ParseException) as error:
        said = (error.getMessage() or str(error)).splitlines()[0]
        raise ConfigError(f"the selection cannot be run: {said}") from error
    if "pmid" not in chosen.columns:
        raise ConfigError(f"the selection has no column pmid, only {', '.join(chosen.columns)}")
    return found.join(chosen.select("pmid").distinct(), "pmid", "left_semi")


def _document(row: Mapping[str, Any]) -> Document:
    relations = [_relation(relation) for relation in row["relations"] or ()]
    mentions = [_mention(mention) for mention in row["mentions"] or ()]
    gold = Annotation(row["pmid"], tuple(mentions), tuple(relations))
    return Document(row["pmid"], gold=gold, **{name: row[name] for name in _CITATION})


def _mention(row: Mapping[str, Any]) -> Mention:
    known = {name: row[name] for name in ("start", "end", "type", "text", "score", "id_score") if name in row}
    return Mention(**known, entity_ids=tuple(row["entity_ids"] or ()))


def _relation(row: Mapping[str, Any]) -> Relation:
    names = ("entity_1_id", "entity_2_id", "type", "novel", "score", "novel_score", "subject")
    evidence = tuple(Evidence(**sentence) for sentence in row["evidence"] or ())
    return Relation(**{name: row[name] for name in names if name in row}, evidence=evidence)
