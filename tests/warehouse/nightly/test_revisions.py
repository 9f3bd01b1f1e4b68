import doctest
import random
from collections import Counter

import pytest
from pyspark.sql import functions as F

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.nightly import revisions, states
from litcoin_batch.warehouse.nightly.account import check_counts, tally
from litcoin_batch.warehouse.tables.declared import FATES
from litcoin_batch.warehouse.tables.schemas import DOCUMENTS, RECORDS

OLD, NEW = ("f1.xml", 26_000_001), ("f2.xml", 26_000_002)


def row(file, record, pmid, abstract="text", **rest):
    path, order = file
    values = {"path": path, "source": path, "source_order": order, "record": record, "pmid": pmid, "version": 1}
    values |= {"title": "title", "abstract": abstract, "deleted": False, **rest}
    return tuple(values.get(field.name) for field in RECORDS)


def flag(spark, rows, annotate_titles=False):
    """Upon an empty warehouse: whatever has text is due."""
    records = spark.createDataFrame(rows, RECORDS)
    keys = revisions.decide(revisions.keys_of(records, 1, 100))
    texts = revisions.texts_of(keys.where(F.col("state") == revisions.CURRENT), annotate_titles)
    plan = texts.withColumn("step", F.lit(revisions.DUE))
    return revisions.join_texts(records, spark.createDataFrame([], DOCUMENTS), keys, plan)


def fates_of(spark, rows, annotate_titles=False):
    return {(r.path, r.record): (r.fate, r.reason) for r in flag(spark, rows, annotate_titles).collect()}


ROWS = [
    row(OLD, 1, 1),
    row(OLD, 2, 2, abstract=None),
    row(OLD, 3, None, title=None, abstract=None, reason="no PMID", excerpt="<PMID/>"),
    row(OLD, 4, 4, abstract="first"),
    row(OLD, 5, 4, abstract="second"),
    row(OLD, 6, 6),
    row(OLD, 7, 7),
    row(OLD, 8, 8, version=2),
    row(OLD, 9, 8, version=1),
    row(OLD, 10, 10, abstract="x" * 95),
    row(OLD, 11, 11, title=None, abstract="x" * 99),
    row(NEW, 1, 6, abstract="revised"),
    row(NEW, 2, 7, title=None, abstract=None, deleted=True),
    row(NEW, 3, 13, title=None, abstract=None, deleted=True),
    row(NEW, 4, 13, abstract="back again"),
    row(NEW, 5, 14),
    row(NEW, 6, 14, title=None, abstract=None, deleted=True),
]
EXPECTED = {
    ("f1.xml", 1): "annotated",
    ("f1.xml", 2): "without_text",
    ("f1.xml", 3): "rejected",
    ("f1.xml", 4): "rejected",
    ("f1.xml", 5): "annotated",
    ("f1.xml", 6): "superseded",
    ("f1.xml", 7): "superseded",
    ("f1.xml", 8): "annotated",
    ("f1.xml", 9): "superseded",
    ("f1.xml", 10): "rejected",
    ("f1.xml", 11): "annotated",
    ("f2.xml", 1): "annotated",
    ("f2.xml", 2): "deleted",
    ("f2.xml", 3): "deleted",
    ("f2.xml", 4): "annotated",
    ("f2.xml", 5): "superseded",
    ("f2.xml", 6): "deleted",
}


def test_every_record_has_the_fate_the_rules_give_it(spark):
    found = fates_of(spark, ROWS)
    assert {key: fate for key, (fate, _) in found.items()} == EXPECTED
    assert found["f1.xml", 3][1] == "no PMID"
    assert found["f1.xml", 4][1] == "duplicate: PMID 4 version 1 comes again as record 5 of the same file"
    assert found["f1.xml", 10][1] == "text has 101 characters, more than the limit of 100"


def test_examples_show_what_rules_give(spark):
    failed, tried = doctest.testmod(states, extraglobs={"spark": spark})
    assert (failed, tried > 5) == (0, True)


def test_order_of_rows_changes_nothing(spark):
    shuffled = random.Random(7).sample(ROWS, len(ROWS))
    assert fates_of(spark, shuffled) == fates_of(spark, ROWS)


def test_titles_alone_are_annotated_on_demand(spark):
    assert fates_of(spark, ROWS[:2], annotate_titles=True)["f1.xml", 2] == ("annotated", None)


def test_what_the_model_fails_on_is_rejected_but_stays_a_document(spark):
    flagged = flag(spark, ROWS[:2])
    annotated = spark.createDataFrame([(1, "ValueError: bad")], "pmid long, error string")
    settled = {r.pmid: r for r in revisions.settle(flagged, annotated).collect()}
    assert (settled[1].fate, settled[1].reason, settled[1].is_document) == ("rejected", "ValueError: bad", True)
    assert settled[1].excerpt == "title text"
    assert (settled[2].fate, settled[2].reason) == ("without_text", None)


def test_tally_counts_each_source(spark):
    counts, restored = tally(flag(spark, ROWS))
    assert not restored
    expected = {path: Counter(f for (p, _), f in EXPECTED.items() if p == path) for path in ("f1.xml", "f2.xml")}
    assert counts == expected
    assert set().union(*counts.values()) == set(FATES) - {"unchanged"}


def test_counts_that_do_not_add_up_stop_the_run():
    counts = {"a": Counter(annotated=2, rejected=1), "b": Counter(deleted=1)}
    restored = Counter(annotated=1, rejected=1)
    good = {"records": 4, "annotations": 5, "rejects": 2, "carried": 2}
    assert check_counts(counts, restored, good) is None
    for table in ("records", "annotations", "rejects"):
        with pytest.raises(ContractError, match=f"{table}: {good[table] + 1} rows, {good[table]} by fate"):
            check_counts(counts, restored, {**good, table: good[table] + 1})
