import os
import shutil
import sys
from dataclasses import dataclass

import pytest
from pyspark import cloudpickle

from fake_model import MODEL_ID, FakeAnnotator, FakeLoader, find
from litcoin_batch.schema import ContractError, Document
from litcoin_batch.warehouse.inference import annotate, register_sql
from litcoin_batch.warehouse.inference.isolation import annotate_surviving
from litcoin_batch.warehouse.inference.workers import annotate_with, measure
from tiny_models import tiny_checkpoint, write_tiny_vocabulary

cloudpickle.register_pickle_by_value(sys.modules[__name__])
DOCUMENTS = [Document(i, f"aspirin{i} and gene", "alien poison" if i in (5, 11) else "x " * i) for i in range(1, 21)]
SCHEMA = "pmid long, title string, abstract string"


def frame(spark, documents=DOCUMENTS):
    return spark.createDataFrame([(d.pmid, d.title, d.abstract) for d in documents], SCHEMA)


def rows_of(annotated):
    return sorted((row.asDict(recursive=True) for row in annotated.collect()), key=lambda row: row["pmid"])


def test_only_the_guilty_fail():
    found = annotate_surviving(FakeAnnotator(MODEL_ID), DOCUMENTS)
    for document, annotation in zip(DOCUMENTS, found, strict=True):
        if "poison" in document.text:
            assert isinstance(annotation, RuntimeError)
            assert str(document.pmid) in str(annotation)
        else:
            assert annotation == find(document)


def test_partitions_and_batches_change_nothing(spark):
    expected = rows_of(annotate_with(frame(spark), FakeLoader(), 1))
    assert [row["error"] for row in expected].count(None) == 18
    for partitions, batch in ((2, 2000), (7, 3)):
        spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch)
        try:
            annotated = annotate_with(frame(spark), FakeLoader(), partitions)
            assert annotated.rdd.getNumPartitions() == partitions
            assert rows_of(annotated) == expected
        finally:
            spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 2000)


@pytest.mark.parametrize(("n_chars", "expected"), [(0, 2), (9, 2), (20, 2), (21, 4), (41, 6), (60, 6)])
def test_every_core_has_as_many_tasks(spark, monkeypatch, n_chars, expected):
    assert spark.sparkContext.defaultParallelism == 2
    monkeypatch.setattr("litcoin_batch.warehouse.inference.workers._CHARS_PER_TASK", 10)
    texts = spark.createDataFrame(
        [(1, None, None), (2, "a" * n_chars, None)], "pmid bigint, title string, abstract string"
    )
    size = measure(texts)
    assert (size.n_documents, size.n_tasks(spark)) == (texts.count(), expected)


def test_documents_without_any_text_are_left_out_and_null_is_no_word(spark):
    documents = [Document(1, None, None), Document(2, "gene", None), Document(3, None, "aspirin")]
    rows = rows_of(annotate_with(frame(spark, documents), FakeLoader(), 1))
    assert [(row["pmid"], [m["text"] for m in row["mentions"]]) for row in rows] == [(2, ["gene"]), (3, ["aspirin"])]
    assert rows[0]["text_sha256"] == documents[1].text_sha256


def test_sql_function_gives_what_the_call_gives(spark):
    documents = [*DOCUMENTS, Document(30, None, None), Document(31, "gene", None)]
    frame(spark, documents).createOrReplaceTempView("some_documents")
    register_sql(spark, FakeLoader(), "annotate_here")
    answer = spark.sql("SELECT pmid, annotate_here(pmid, title, abstract) AS found FROM some_documents").collect()
    found = {row.pmid: row.found and row.found.asDict(recursive=True) for row in answer}
    assert found.pop(30) is None
    assert [{"pmid": pmid, **found[pmid]} for pmid in sorted(found)] == rows_of(
        annotate_with(frame(spark, documents), FakeLoader(), 2)
    )


@dataclass(frozen=True)
class CountingLoader:
    """Leaves one file for each time it loads."""

    folder: str

    def __call__(self):
        with open(f"{self.folder}/{os.getpid()}", "a") as stream:
            stream.write("loaded\n")
        return FakeLoader()()


def test_a_worker_loads_the_model_once(spark, tmp_path):
    annotated = annotate_with(frame(spark), CountingLoader(str(tmp_path)), 7)
    assert annotated.count() == len(DOCUMENTS)
    loads = [path.read_text() for path in tmp_path.iterdir()]
    assert 1 <= len(loads) <= 2
    assert set(loads) == {"loaded\n"}


def test_checkpoint_and_vocabulary_travel_as_archives_that_spark_unpacks(spark, tmp_path):
    checkpoint = tiny_checkpoint("rnn", tmp_path / "rnn")
    vocabulary_id = write_tiny_vocabulary(tmp_path / "words")
    for name, folder in (("far_model", checkpoint), ("far_words", tmp_path / "words")):
        archive = shutil.make_archive(str(tmp_path / name), "gztar", folder)
        shutil.rmtree(folder)
        spark.sparkContext.addArchive(f"{archive}#{name}")  # as --archives does
    found = rows_of(annotate(frame(spark), "far_model", vocabulary="far_words", device="cpu"))
    assert {row["vocabulary_id"] for row in found} == {vocabulary_id}
    assert [row["pmid"] for row in found if row["error"] is None] == [d.pmid for d in DOCUMENTS]


def test_a_missing_checkpoint_is_found_before_spark_works(spark, tmp_path):
    with pytest.raises(ContractError, match="neither a folder nor one of the shipped"):
        annotate(frame(spark), "no-such-checkpoint")
    with pytest.raises(ContractError, match="manifest"):
        register_sql(spark, str(tmp_path))
