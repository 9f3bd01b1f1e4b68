"""What decides an annotation is the checkpoint and the vocabulary: both are verified before work, both name the rows."""

from __future__ import annotations

import pytest

from litcoin_batch.concepts.vocabularies.entries import GENE
from litcoin_batch.schema import ConfigError, ContractError, Document
from litcoin_batch.warehouse.inference.loading import CheckpointLoader
from tiny_models import tiny_checkpoint, write_tiny_vocabulary


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return str(tiny_checkpoint("rnn", tmp_path_factory.mktemp("rnn")))


def vocabulary(folder, gene="7157"):
    write_tiny_vocabulary(folder, gene)
    return str(folder)


def test_checkpoint_and_vocabulary_and_own_tables_name_what_annotates(checkpoint, tmp_path):
    one, other = vocabulary(tmp_path / "one"), vocabulary(tmp_path / "other", gene="22059")
    (tmp_path / "own.tsv").write_text(f"surface\ttype\tconcept_id\nmyp53\t{GENE}\t1\n")
    loaders = [
        CheckpointLoader(checkpoint, vocabulary=one),
        CheckpointLoader(checkpoint, vocabulary=other),
        CheckpointLoader(checkpoint, vocabulary=one, lexicon=(str(tmp_path / "own.tsv"),)),
    ]
    names = [loader.verify() for loader in loaders]
    assert len(set(names)) == 3
    assert {name.split("+")[0] for name in names} == {
        CheckpointLoader(checkpoint, vocabulary=one)().model_id.split("+")[0]
    }
    assert [loader().model_id for loader in loaders] == names


def test_the_vocabulary_given_is_the_one_that_is_asked(checkpoint, tmp_path):
    for gene in ("7157", "22059"):
        annotator = CheckpointLoader(checkpoint, vocabulary=vocabulary(tmp_path / gene, gene))()
        assert annotator.vocabulary_id in annotator.model_id
        assert annotator.annotate([Document(1, "TP53.", None)])[0].pmid == 1


def test_a_vocabulary_that_is_missing_or_damaged_stops_before_any_work(checkpoint, tmp_path, monkeypatch):
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    with pytest.raises(ContractError, match="vocabulary nowhere: no such folder"):
        CheckpointLoader(checkpoint, vocabulary="nowhere").verify_early()
    damaged = tmp_path / "damaged"
    vocabulary(damaged)
    (damaged / "entries.bin").write_bytes(b"xxxx")
    with pytest.raises(ContractError, match="entries.bin: .*the vocabulary is damaged"):
        CheckpointLoader(checkpoint, vocabulary=str(damaged)).verify()


def test_a_vocabulary_may_be_an_archive_that_spark_is_yet_to_unpack(checkpoint, monkeypatch):
    monkeypatch.setenv("PYSPARK_GATEWAY_PORT", "1")
    assert CheckpointLoader(checkpoint, vocabulary="unpacked_later").verify_early() is None
    with pytest.raises(ContractError, match="no such folder"):
        CheckpointLoader(checkpoint, vocabulary="/unpacked/never").verify_early()


def test_a_table_of_ones_own_with_a_bad_row_stops_before_any_work(checkpoint, tmp_path):
    (tmp_path / "own.tsv").write_text(f"surface\ttype\tconcept_id\nmyp53\t{GENE}\t\n")
    loader = CheckpointLoader(checkpoint, vocabulary=vocabulary(tmp_path / "one"), lexicon=(str(tmp_path / "own.tsv"),))
    with pytest.raises(ContractError, match="own.tsv, line 2: surface and concept_id must not be empty"):
        loader.verify()
    with pytest.raises(ConfigError, match="lexicon .*nowhere.tsv: no such file"):
        CheckpointLoader(checkpoint, lexicon=(str(tmp_path / "nowhere.tsv"),)).verify()
