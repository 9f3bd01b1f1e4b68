import doctest
import random
from collections import Counter

import pytest

from litcoin_batch.schema import ContractError
from litcoin_batch.warehouse.inference.workers import Size
from litcoin_batch.warehouse.nightly import revisions, states
from litcoin_batch.warehouse.nightly.account import Tally, check_counts, tally
from litcoin_batch.warehouse.tables.declared import FATES
from litcoin_batch.warehouse.tables.schemas import DECISIONS, DOCUMENTS, HELD, RECORDS

OLD, NEW = ("f1.xml", 26_000_001), ("f2.xml", 26_000_002)


def row(file, record, pmid, abstract="text", **rest):
    path, order = file
    values = {"path": path, "source": path, "source_order": order, "record": record, "pmid": pmid, "version": 1}
    values |= {"title": "title", "abstract": abstract, "deleted": False, **rest}
    return tuple(values.get(field.name) for field in RECORDS)


def decide(spark, rows, annotate_titles=False):
    """Upon an empty warehouse: whatever has text is due."""
    records = spark.createDataFrame(rows, RECORDS)
    keys = revisions.decide(revisions.keys_of(records, 1, 100))
    restored, held = (spark.createDataFrame([], schema) for schema in (DOCUMENTS, HELD))
    return records, restored, revisions.decisions(records, keys, restored, held, "fake-1", annotate_titles)


def fates_of(records, restored, decided):
    reasons = {(r.source, r.record): r.reason for r in revisions.rejects(decided, records, restored).collect()}
    found = {(r.path, r.record): (r.fate, reasons.pop((r.source, r.record), None)) for r in decided.collect()}
    assert not reasons
    return found


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


@pytest.fixture(scope="module")
def all_decided(spark):
    """Of ``ROWS``, decided once."""
    records, restored, decided = decide(spark, ROWS)
    return records, restored, spark.createDataFrame(decided.collect(), DECISIONS)


def test_every_record_has_the_fate_the_rules_give_it(all_decided):
    found = fates_of(*all_decided)
    assert {key: fate for key, (fate, _) in found.items()} == EXPECTED
    assert found["f1.xml", 3][1] == "no PMID"
    assert found["f1.xml", 4][1] == "duplicate: PMID 4 version 1 comes again as record 5 of the same file"
    assert found["f1.xml", 10][1] == "text has 101 characters, more than the limit of 100"


def test_examples_show_what_rules_give(spark):
    failed, tried = doctest.testmod(states, extraglobs={"spark": spark})
    assert (failed, tried > 5) == (0, True)


def test_documents_are_all_records_but_those_that_cannot_be_used(all_decided):
    records, restored, decided = all_decided
    kept = Counter((r.source, r.record) for r in revisions.documents(decided, records, restored).collect())
    assert kept == Counter(key for key, fate in EXPECTED.items() if fate != "rejected")


def test_order_of_rows_changes_nothing(spark, all_decided):
    shuffled = random.Random(7).sample(ROWS, len(ROWS))
    assert fates_of(*decide(spark, shuffled)) == fates_of(*all_decided)


def test_titles_alone_are_annotated_on_demand(spark):
    assert fates_of(*decide(spark, ROWS[:2], annotate_titles=True))["f1.xml", 2] == ("annotated", None)


def test_what_the_model_fails_on_is_rejected_but_stays_a_document(spark):
    records, restored, decided = decide(spark, ROWS[:2])
    annotated = spark.createDataFrame([(1, "ValueError: bad")], "pmid long, error string")
    settled = revisions.settle(decided, annotated)
    assert {r.pmid: (r.fate, r.reason) for r in settled.collect()} == {
        1: ("rejected", "ValueError: bad"),
        2: ("without_text", None),
    }
    rejects = [tuple(r) for r in revisions.rejects(settled, records, restored).collect()]
    assert rejects == [("f1.xml", 1, "ValueError: bad", "title text")]
    documents = {r.pmid: (r.fate, r.title) for r in revisions.documents(settled, records, restored).collect()}
    assert documents == {1: ("rejected", "title"), 2: ("without_text", "title")}


def test_what_is_due_are_the_texts_that_have_no_annotation(all_decided):
    records, restored, decided = all_decided
    rows = {r.pmid: (r.title, r.abstract) for r in revisions.due(decided, records, restored).collect()}
    texts = {
        (values["path"], values["record"]): values
        for values in (dict(zip(RECORDS.names, r, strict=True)) for r in ROWS)
    }
    wanted = [texts[key] for key, fate in EXPECTED.items() if fate == "annotated"]
    assert rows == {values["pmid"]: (values["title"], values["abstract"]) for values in wanted}
    size = tally(decided).due
    assert size.n_documents == len(rows)
    assert size.n_chars == sum(len(f"{title or ''} {abstract or ''}") for title, abstract in rows.values())


def test_tally_counts_each_source(all_decided):
    counted = tally(all_decided[2])
    assert not counted.restored and not counted.n_carried
    expected = {path: Counter(f for (p, _), f in EXPECTED.items() if p == path) for path in ("f1.xml", "f2.xml")}
    assert counted.by_source == expected
    assert set().union(*counted.by_source.values()) == set(FATES) - {"unchanged"}


def test_counts_that_do_not_add_up_stop_the_run():
    counted = Tally(
        {"a": Counter(annotated=2, rejected=1), "b": Counter(deleted=1)},
        Counter(annotated=1, rejected=1),
        n_carried=2,
        due=Size(3, 300),
    )
    good = {"records": 4, "annotations": 5, "rejects": 2}
    assert check_counts(counted, good) is None
    for table in ("records", "annotations", "rejects"):
        with pytest.raises(ContractError, match=f"{table}: {good[table] + 1} rows, {good[table]} by fate"):
            check_counts(counted, {**good, table: good[table] + 1})
