"""Which files a night reads, and what must hold before it is published."""

import hashlib
from collections import Counter
from dataclasses import fields

import pytest

from litcoin_batch.config import AnnotateConfig
from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.files.storage import find_files
from litcoin_batch.warehouse.nightly.pipeline import _NOT_OF_THE_WORK, _of_the_work
from litcoin_batch.warehouse.nightly.quality_gates import GateClosed, QualityGates
from litcoin_batch.warehouse.nightly.reading.input_files import APPLIED, CHANGED, DAMAGED, NEW, OUTDATED, select
from litcoin_batch.warehouse.tables.schemas import FILES, RUNS


def md5_of(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def write(folder, **contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.xml").write_bytes(content)
    return folder


def applied_files(spark, *rows):
    """(name, content, run) of files applied before, from somewhere else."""
    values = [
        {"name": f"{n}.xml", "path": f"file:/gone/{n}.xml", "md5": md5_of(c), "source": f"{n}.xml", "run_number": r}
        for n, c, r in rows
    ]
    return spark.createDataFrame([tuple(v.get(field.name) for field in FILES) for v in values], FILES)


def chosen(spark, folder, *before, known=None, baseline=False):
    selection = select(spark, find_files(spark, [str(folder)]), applied_files(spark, *before), known, baseline)
    return selection, {i.file.name.split(".")[0]: i.status for i in selection.inputs}


def test_each_file_is_read_once_by_name_and_content(spark, tmp_path):
    folder = write(tmp_path, pubmed26n0001=b"one", pubmed26n0002=b"two", pubmed26n0003=b"three")
    before = (("pubmed26n0001", b"one", 1), ("pubmed26n0002", b"two as it was", 1))
    selection, status = chosen(spark, folder, *before, known=26)
    assert status == {"pubmed26n0001": APPLIED, "pubmed26n0002": CHANGED, "pubmed26n0003": NEW}
    assert [i.file.name for i in selection.to_read] == ["pubmed26n0002.xml", "pubmed26n0003.xml"]


def test_a_file_issued_again_and_taken_back_is_compared_with_its_last_issue(spark, tmp_path):
    folder = write(tmp_path, pubmed26n0001=b"one")
    _, status = chosen(spark, folder, ("pubmed26n0001", b"one", 1), ("pubmed26n0001", b"one corrected", 2), known=26)
    assert status == {"pubmed26n0001": CHANGED}


def test_a_file_is_checked_against_its_companion(spark, tmp_path):
    folder = write(tmp_path, pubmed26n0001=b"one", pubmed26n0002=b"two", pubmed26n0003=b"three")
    (folder / "pubmed26n0001.xml.md5").write_text(f"MD5(pubmed26n0001.xml)= {md5_of(b'one').upper()}\n")
    (folder / "pubmed26n0002.xml.md5").write_text(f"{md5_of(b'more')}  pubmed26n0002.xml\n")
    (folder / "pubmed26n0003.xml.md5").write_text("nothing that looks like it\n")
    selection, status = chosen(spark, folder)
    assert status == {"pubmed26n0001": NEW, "pubmed26n0002": DAMAGED, "pubmed26n0003": NEW}
    (reject,) = selection.rejects
    assert (reject.source, reject.record) == ("pubmed26n0002.xml", 0)
    assert (
        reject.reason
        == f"file is damaged or incomplete: its MD5 is {md5_of(b'two')}, pubmed26n0002.xml.md5 says {md5_of(b'more')}"
    )


def test_one_file_in_two_folders_is_read_once_and_two_contents_are_refused(spark, tmp_path):
    write(tmp_path / "a", pubmed26n0001=b"one")
    write(tmp_path / "b", pubmed26n0001=b"one")
    selection, _ = chosen(spark, tmp_path)
    assert len(selection.to_read) == 1
    write(tmp_path / "b", pubmed26n0001=b"another")
    with pytest.raises(ConfigError, match="two contents under one name"):
        chosen(spark, tmp_path)


def test_files_of_the_users_own_may_share_a_name(spark, tmp_path):
    write(tmp_path / "a", mine=b"one")
    write(tmp_path / "b", mine=b"another")
    selection, _ = chosen(spark, tmp_path)
    assert len({i.source for i in selection.to_read}) == 2


def test_a_new_baseline_replaces_and_must_be_whole(spark, tmp_path):
    folder = write(tmp_path / "new", pubmed27n0001=b"one", pubmed27n0002=b"two")
    selection, _ = chosen(spark, folder, known=26, baseline=True)
    assert (selection.baseline, selection.replaces, len(selection.to_read)) == (27, True, 2)
    with pytest.raises(
        ConfigError, match="the warehouse holds the baseline of 2026; NLM's new baseline replaces everything"
    ):
        chosen(spark, folder, known=26)
    write(folder, pubmed27n0005=b"five")
    with pytest.raises(ConfigError, match="2 of NLM's files 1 to 5 are not among the inputs: 3, 4"):
        chosen(spark, folder, known=26, baseline=True)
    with pytest.raises(ConfigError, match="the newest of the new inputs is of 2027; the warehouse holds that of 2028"):
        chosen(spark, folder, known=28, baseline=True)


def test_a_file_older_than_the_baseline_is_refused_with_its_reason(spark, tmp_path):
    folder = write(tmp_path, pubmed25n0009=b"old", pubmed26n0001=b"one")
    selection, status = chosen(spark, folder, known=26)
    assert status == {"pubmed25n0009": OUTDATED, "pubmed26n0001": NEW}
    assert selection.rejects[0].reason == "file is older than the baseline of 2026, which has replaced it"


class Stored:
    """Of a warehouse, its runs: (annotated documents, relations) in the order of the runs."""

    def __init__(self, spark, *runs):
        self._spark, self._runs = spark, runs

    def read(self, table):
        assert table == "runs"
        values = [{"run_number": n, "n_annotated": a, "n_relations": r} for n, (a, r) in enumerate(self._runs, 1)]
        return self._spark.createDataFrame([tuple(v.get(field.name) for field in RUNS) for v in values], RUNS)


def counts(**sources):
    return {name: Counter(annotated=n, rejected=rejected) for name, (n, rejected) in sources.items()}


def test_too_many_rejects_close_the_gate_and_the_worst_file_is_named(spark):
    few, many = counts(good=(995, 5), bad=(90, 5)), counts(good=(995, 5), bad=(70, 30))
    nothing = {"annotated": 0, "relations": 0}
    QualityGates(0.01).check(Stored(spark), few, nothing)
    with pytest.raises(
        GateClosed, match=r"35 of 1100 records are rejected, a share of 0\.0318, .* most of them in bad \(30 of 100\)"
    ):
        QualityGates(0.01).check(Stored(spark), many, nothing)
    QualityGates(0.04).check(Stored(spark), many, nothing)


def test_few_records_do_not_close_the_gate_unless_all_are_rejected(spark):
    nothing = {"annotated": 0, "relations": 0}
    QualityGates(0.01).check(Stored(spark), counts(a=(9, 3)), nothing)
    QualityGates(0.01).check(Stored(spark), counts(a=(200, 9)), nothing)
    with pytest.raises(GateClosed, match="10 of 210 records"):
        QualityGates(0.01).check(Stored(spark), counts(a=(200, 10)), nothing)
    with pytest.raises(GateClosed, match="3 of 3 records"):
        QualityGates(0.01).check(Stored(spark), counts(a=(0, 3)), nothing)


def test_a_drop_of_relations_per_document_closes_the_gate(spark):
    stored = Stored(
        spark, (1_000, 9_000), (1_000, 3_000), (1_000, 2_900), (20, 0), (1_000, 3_100), (1_000, 3_000), (1_000, 3_200)
    )
    QualityGates().check(stored, {}, {"annotated": 600, "relations": 1_000})
    with pytest.raises(GateClosed, match=r"1\.000 relations per document, 3\.000 in the last 5 runs: a drop of 0\.67"):
        QualityGates().check(stored, {}, {"annotated": 600, "relations": 600})
    QualityGates(max_drop=0.7).check(stored, {}, {"annotated": 600, "relations": 600})
    # Of few documents nothing can be said, nor where there is nothing to compare with.
    QualityGates().check(stored, {}, {"annotated": 100, "relations": 0})
    QualityGates().check(Stored(spark), {}, {"annotated": 600, "relations": 0})


def test_a_run_stopped_by_a_gate_goes_on_with_another_limit_and_not_with_another_precision():
    asked = {"paths": "a", "precision": "int8", "max_reject_share": "0.01", "wait_minutes": "0"}
    assert _of_the_work(asked) == _of_the_work({**asked, "max_reject_share": "1.0", "wait_minutes": "4"})
    assert _of_the_work(asked) != _of_the_work({**asked, "precision": "float32"})


def test_settings_that_are_not_of_the_work_are_settings():
    assert {field.name for field in fields(AnnotateConfig)} >= _NOT_OF_THE_WORK
