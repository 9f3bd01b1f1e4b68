import json

from click.testing import CliRunner

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import read_gold
from tiny_models import documents, tiny_checkpoint
from training import pseudo_label


def label(path, checkpoint, output, *more):
    arguments = ["--documents", path, "--checkpoint", checkpoint, "--output", output, "--device", "cpu", *more]
    return CliRunner().invoke(pseudo_label.main, [str(argument) for argument in arguments])


def test_what_a_checkpoint_finds_is_gold_for_another(tmp_path):
    checkpoint = tiny_checkpoint("rnn", tmp_path / "rnn")
    texts = documents(6)
    rows = [{"pmid": d.pmid, "title": d.title, "abstract": (d.abstract or "") + "\tA tab\nand a line."} for d in texts]
    rows += [rows[0], {"pmid": 77, "title": "No abstract", "abstract": None}]
    source = tmp_path / "some.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = label(source, checkpoint, tmp_path / "all.PubTator", "--number", 6)
    assert result.exit_code == 0, result.output
    read = read_gold([tmp_path / "all.PubTator"])
    assert [d.pmid for d in read] == [d.pmid for d in texts]
    assert "A tab and a line." in read[0].abstract
    expected = Annotator.load(checkpoint, device="cpu", precision="auto").annotate(read)
    assert sum(len(a.mentions) for a in expected) > 0
    for document, annotation in zip(read, expected, strict=True):
        assert [(m.start, m.end, m.type, m.entity_ids) for m in document.gold.mentions] == [
            (m.start, m.end, m.type, m.entity_ids) for m in annotation.mentions
        ]
        assert {(*r.pair, r.type, r.novel) for r in document.gold.relations} == {
            (*r.pair, r.type, r.novel) for r in annotation.relations
        }


def test_excluded_documents_are_not_drawn_and_too_few_are_an_error(tmp_path):
    checkpoint = tiny_checkpoint("rnn", tmp_path / "rnn")
    texts = documents(4)
    source = tmp_path / "some.jsonl"
    source.write_text(
        "".join(json.dumps({"pmid": d.pmid, "title": d.title, "abstract": d.abstract}) + "\n" for d in texts)
    )
    (tmp_path / "test_pmids.txt").write_text(f"{texts[0].pmid}\n")
    exclude = ("--exclude-pmids", tmp_path / "test_pmids.txt")
    assert label(source, checkpoint, tmp_path / "few.PubTator", "--number", 3, *exclude).exit_code == 0
    assert [d.pmid for d in read_gold([tmp_path / "few.PubTator"])] == [d.pmid for d in texts[1:]]
    result = label(source, checkpoint, tmp_path / "none.PubTator", "--number", 4, *exclude)
    assert result.exit_code == 1 and "--number 4: the files have 3 documents" in result.output
