"""Export of a warehouse: what readers see comes back from the files, all of it or what SQL selects."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from citations import citation, write_file
from fake_model import find
from litcoin_batch.commands.export import main
from litcoin_batch.commands.work.export import write_files
from litcoin_batch.readers import read_path
from litcoin_batch.schema import Document
from warehouses import annotate


@pytest.fixture(scope="module")
def warehouse(spark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    texts = ["aspirin, gene", "gene and alien", "nothing"]
    source = write_file(folder, "pubmed26n0001.xml", *(citation(9 - i, text) for i, text in enumerate(texts)))
    annotate(spark, folder / "w", source, run_id="r")
    return folder / "w"


def export(warehouse, format, output, *more):
    done = CliRunner().invoke(main, ["--warehouse", str(warehouse), "--format", format, "--output", str(output), *more])
    assert done.exit_code == 0, done.output
    return output


def test_documents_come_back_with_what_the_model_found(spark, warehouse, tmp_path):
    documents = list(read_path(export(warehouse, "bioc-json", tmp_path / "all.json")))
    assert [document.pmid for document in documents] == [7, 8, 9]
    assert [document.gold for document in documents] == [find(document) for document in documents]
    assert sum(len(document.gold.relations) for document in documents) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["all.json"]


def test_a_selection_is_that_of_its_pmids(spark, warehouse, tmp_path):
    sql = "SELECT pmid, type FROM mentions WHERE text = 'alien'"
    lines = export(warehouse, "jsonl", tmp_path / "some.jsonl", "--sql", sql).read_text().splitlines()
    assert [json.loads(line)["pmid"] for line in lines] == [8]


@pytest.mark.parametrize(
    ("sql", "said"),
    [("SELEC 1", "the selection cannot be run"), ("SELECT 1 AS one", "the selection has no column pmid, only one")],
)
def test_a_wrong_selection_is_one_line_and_no_file(spark, warehouse, tmp_path, sql, said):
    words = ["--warehouse", str(warehouse), "--format", "csv", "--output", str(tmp_path / "f"), "--sql", sql]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_several_files_and_what_is_left_out(spark, warehouse, tmp_path):
    folder = export(warehouse, "kgx", tmp_path / "graph")
    assert sorted(path.name for path in folder.iterdir()) == ["edges.jsonl", "nodes.jsonl"]
    edges = [json.loads(line) for line in (folder / "edges.jsonl").read_text().splitlines()]
    # "alien" has an id that means nothing outside of its document.
    assert sorted((edge["subject"], edge["object"]) for edge in edges) == [
        ("ID:and", "ID:gene"),
        ("ID:aspirin", "ID:gene"),
    ]


def test_a_failed_export_leaves_what_was_there(tmp_path):
    target = tmp_path / "x.jsonl"
    target.write_text("before")

    def documents():
        yield Document(1, "One", None, gold=find(Document(1, "One", None)))
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_files(documents(), "jsonl", {"annotations.jsonl": target})
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x.jsonl", "before")]
