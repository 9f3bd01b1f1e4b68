"""Column by column: what there is to annotate of a record, why it cannot be used, its state, and what becomes of it.

of the run's records     rejected, deleted, superseded, current
of the stored records    kept      readers see it and go on doing so
restored  they do not see it and will again
obsolete  they see it and will no more
past      they do not see it and will not
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from litcoin_batch.warehouse.nightly.reading.ingest import EXCERPT_CHARS

REJECTED, DELETED, SUPERSEDED, CURRENT = "rejected", "deleted", "superseded", "current"
KEPT, RESTORED, OBSOLETE, PAST = "kept", "restored", "obsolete", "past"
# What a text that is to have an annotation needs: the model; nothing; its annotation of earlier, copied.
DUE, KEEP, CARRY = "due", "keep", "carry"


def what_text() -> Column:
    """What of a citation there is to annotate.

    >>> rows = [(1, "A title", "An abstract."), (2, "A title", None), (3, None, None)]
    >>> spark.createDataFrame(rows, "pmid int, title string, abstract string").select("pmid", what_text().alias("text")).show()
    +----+--------+
    |pmid|    text|
    +----+--------+
    |   1|abstract|
    |   2|   title|
    |   3|    NULL|
    +----+--------+
    <BLANKLINE>
    """
    return F.when(F.col("abstract").isNotNull(), "abstract").when(F.col("title").isNotNull(), "title")


def has_text(annotate_titles: bool) -> Column:
    """Whether ``text`` is something that the model is asked for."""
    return F.col("text").isin("abstract", "title") if annotate_titles else F.col("text") == "abstract"


def n_chars() -> Column:
    """Code points of title, one space, abstract: ``Document.text``."""
    return F.length(F.coalesce("title", F.lit(""))) + 1 + F.length(F.coalesce("abstract", F.lit("")))


def duplicate(last: Column) -> Column:
    """Why a record is not used that comes before ``last`` of the same PMID, version and file; null where it is the last."""
    text = "duplicate: PMID %d version %d comes again as record %d of the same file"
    return F.when(F.col("record") < last, F.format_string(text, F.col("pmid"), F.col("version"), last))


def too_long(max_text_chars: int) -> Column:
    text = "text has %d characters, more than the limit of %d"
    return F.when(F.col("n_chars") > max_text_chars, F.format_string(text, F.col("n_chars"), F.lit(max_text_chars)))


def state() -> Column:
    """The state of a record by the rules above; ``written_by`` is null where this run has read it.

    >>> rows = [
    ...     ("new", "too long", False, False, None, False),
    ...     ("new", None, True, False, None, False),
    ...     ("new", None, False, False, None, False),
    ...     ("new", None, False, True, None, False),
    ...     ("stored", None, False, True, "run-1", True),
    ...     ("stored", None, False, True, "run-1", False),
    ...     ("stored", None, False, False, "run-1", True),
    ...     ("stored", None, False, False, "run-1", False),
    ... ]
    >>> names = "record string, reason string, deleted boolean, is_current boolean, written_by string, is_visible boolean"
    >>> spark.createDataFrame(rows, names).select("record", state().alias("state")).show()
    +------+----------+
    |record|     state|
    +------+----------+
    |   new|  rejected|
    |   new|   deleted|
    |   new|superseded|
    |   new|   current|
    |stored|      kept|
    |stored|  restored|
    |stored|  obsolete|
    |stored|      past|
    +------+----------+
    <BLANKLINE>
    """
    of_new = (
        F.when(F.col("reason").isNotNull(), REJECTED)
        .when(F.col("deleted"), DELETED)
        .when(F.col("is_current"), CURRENT)
        .otherwise(SUPERSEDED)
    )
    of_stored = F.when(F.col("is_visible"), F.when(F.col("is_current"), KEPT).otherwise(OBSOLETE)).otherwise(
        F.when(F.col("is_current"), RESTORED).otherwise(PAST)
    )
    return F.when(F.col("written_by").isNull(), of_new).otherwise(of_stored)


def fate() -> Column:
    """What becomes of a record of this state whose text needs this step.

    >>> rows = [("superseded", "due"), ("current", "due"), ("current", "keep"), ("current", "carry"), ("current", None)]
    >>> spark.createDataFrame(rows, "state string, step string").withColumn("fate", fate()).show()
    +----------+-----+------------+
    |     state| step|        fate|
    +----------+-----+------------+
    |superseded|  due|  superseded|
    |   current|  due|   annotated|
    |   current| keep|   unchanged|
    |   current|carry|   unchanged|
    |   current| NULL|without_text|
    +----------+-----+------------+
    <BLANKLINE>
    """
    of_current = (
        F.when(F.col("step") == DUE, "annotated").when(F.col("step").isNotNull(), "unchanged").otherwise("without_text")
    )
    return F.when(F.col("state") == CURRENT, of_current).otherwise(F.col("state"))


def excerpt() -> Column:
    return F.substring(F.concat_ws(" ", "title", "abstract"), 1, EXCERPT_CHARS)
