import csv
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import Annotation, ContractError, Mention, Relation
from tiny_models import documents, tiny_checkpoint
from toy_gold import gold_mentions
from training.studies import submit_litcoin
from training.studies.submit_litcoin import FOUND, PART_1, PART_2, account, check_mentions, check_relations

PART_1_LINE = "id\tabstract_id\toffset_start\toffset_finish\ttype\n"
PART_2_LINE = "id\tabstract_id\ttype\tentity_1_id\tentity_2_id\tnovel\n"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint("lstm", tmp_path_factory.mktemp("submission"))


def texts():
    """With quotes, a tab, a title alone and a text without a word."""
    few = documents(4)
    few[0] = replace(few[0], title='The "BRCA1" gene', abstract=few[0].abstract + '\tNo "end".')
    return [
        *few,
        replace(few[0], pmid=9, title="HeLa cells died of BRCA1", abstract=None),
        replace(few[0], pmid=10, title=None, abstract="\u200b"),
    ]


def write_rows(path, rows):
    with path.open("w", newline="") as out:
        csv.writer(out, delimiter="\t", lineterminator="\n").writerows(rows)
    return path


@pytest.fixture
def abstracts(tmp_path):
    rows = [(d.pmid, d.title or "", d.abstract or "") for d in texts()]
    return write_rows(tmp_path / "abstracts_test.csv", [("abstract_id", "title", "abstract"), *rows])


@pytest.fixture
def entities(tmp_path):
    mentions = [(d.pmid, m) for d in texts() for m in gold_mentions(d)]
    rows = [(i, pmid, m.start, m.end, m.type, m.text, *m.entity_ids) for i, (pmid, m) in enumerate(mentions)]
    return write_rows(tmp_path / "entities_given.csv", [submit_litcoin.FOUND_HEADER, *rows])


def submit(abstracts, checkpoint, output, *more):
    arguments = ["--abstracts", abstracts, "--checkpoint", checkpoint, "--output", output, "--device", "cpu", *more]
    return CliRunner().invoke(submit_litcoin.main, [str(argument) for argument in arguments])


def rows_of(path):
    with path.open(newline="") as lines:
        return list(csv.reader(lines, delimiter="\t"))[1:]


def bare(annotation):
    """What a file can hold: no scores, no evidence, the order of the reader."""
    mentions = sorted((m.start, m.end, m.type, m.text, m.entity_ids) for m in annotation.mentions)
    return annotation.pmid, mentions, sorted((*r.pair, r.type, r.novel) for r in annotation.relations)


def read_back(folder, abstracts, entities, relations):
    """Our own reader on the three tables, put side by side under one name."""
    folder.mkdir()
    for source, name in ((abstracts, "abstracts_x.csv"), (entities, "entities_x.csv"), (relations, "relations_x.csv")):
        shutil.copy(source, folder / name)
    return [bare(d.gold) for d in read_gold(folder)]


def test_what_is_written_is_what_was_found(abstracts, checkpoint, tmp_path):
    result = submit(abstracts, checkpoint, tmp_path / "out")
    assert result.exit_code == 0, result.output
    found = Annotator.load(checkpoint, device="cpu").annotate(texts())
    assert sum(len(a.mentions) for a in found) > 10 and sum(len(a.relations) for a in found) > 3
    out = tmp_path / "out"
    assert read_back(tmp_path / "tables", abstracts, out / FOUND, out / PART_2) == [bare(a) for a in found]
    assert [row[1:] for row in rows_of(out / PART_1)] == [row[1:5] for row in rows_of(out / FOUND)]


def test_relations_of_given_entities(abstracts, entities, checkpoint, tmp_path):
    result = submit(abstracts, checkpoint, tmp_path / "out", "--entities", entities)
    assert result.exit_code == 0, result.output
    expected = Annotator.load(checkpoint, device="cpu").annotate(texts(), [gold_mentions(d) for d in texts()])
    assert sum(len(a.relations) for a in expected) > 3
    assert read_back(tmp_path / "tables", abstracts, entities, tmp_path / "out" / PART_2) == [bare(a) for a in expected]
    # Entities are found all the same, and nothing is written that the challenge has handed out.
    assert {path.name for path in (tmp_path / "out").iterdir()} == {PART_1, PART_2}
    assert submit(abstracts, checkpoint, tmp_path / "alone").exit_code == 0
    assert (tmp_path / "out" / PART_1).read_bytes() == (tmp_path / "alone" / PART_1).read_bytes()


def test_entities_found_and_handed_back_are_related_alike(abstracts, checkpoint, tmp_path):
    assert submit(abstracts, checkpoint, tmp_path / "one").exit_code == 0
    assert submit(abstracts, checkpoint, tmp_path / "two", "--entities", tmp_path / "one" / FOUND).exit_code == 0
    for name in (PART_1, PART_2):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_layout_is_the_challenge_s(abstracts, checkpoint, tmp_path):
    assert submit(abstracts, checkpoint, tmp_path).exit_code == 0
    assert (tmp_path / PART_1).read_text().startswith(PART_1_LINE)
    assert (tmp_path / PART_2).read_text().startswith(PART_2_LINE)
    by_abstract = {}
    for row in rows_of(tmp_path / PART_1):
        by_abstract.setdefault(row[1], []).append(int(row[0]))
    assert len(by_abstract) > 2
    assert all(ids == list(range(len(ids))) for ids in by_abstract.values())
    relations = rows_of(tmp_path / PART_2)
    assert [int(row[0]) for row in relations] == list(range(len(relations)))
    assert {row[-1] for row in relations} <= {"Novel", "No"}


def test_the_challenge_s_own_files_begin_alike(shared_data):
    for name, line in (("submission_example", PART_1_LINE), ("relations_train", PART_2_LINE)):
        with (shared_data / "litcoin" / f"{name}.csv").open(newline="") as lines:
            assert next(lines) == line
    example = rows_of(shared_data / "litcoin" / "submission_example.csv")
    assert [int(row[0]) == 0 for row in example] == [
        i == 0 or row[1] != example[i - 1][1] for i, row in enumerate(example)
    ]
    relations = rows_of(shared_data / "litcoin" / "relations_train.csv")
    assert [int(row[0]) for row in relations] == list(range(len(relations)))


def test_abstracts_without_a_finding_are_counted(abstracts, checkpoint, tmp_path):
    result = submit(abstracts, checkpoint, tmp_path / "out")
    found = {row[1] for row in rows_of(tmp_path / "out" / PART_1)}
    related = {row[1] for row in rows_of(tmp_path / "out" / PART_2)}
    n = len(texts())
    assert "10" not in found
    assert f"in {len(found)} of {n} abstracts; {n - len(found)} have none" in result.output.splitlines()[1]
    assert f"in {len(related)} of {n} abstracts; {n - len(related)} have none" in result.output.splitlines()[2]
    assert account([0, 1, 2000, 0], "things") == "2,001 things, in 2 of 4 abstracts; 2 have none"


@pytest.mark.parametrize(
    ("table", "old", "new", "reason"),
    [
        ("abstracts", "abstract_id", "pmid", "without abstract_id"),
        ("abstracts", "\n101\t", "\nx\t", "row 2: PMID 'x'"),
        ("abstracts", "\n10\t", "\n103\t", "abstract_id 103 stands there for the second time"),
        ("entities", "mention", "words", "without mention"),
        ("entities", "GeneOrGeneProduct", "Gene", "'Gene', expected one of"),
        ("entities", "\t100\t", "\t1\t", "the first is 1"),
        ("entities", "\t100\t", "\tx\t", "row 1: PMID 'x'"),
        ("entities", "BRCA1\t672", "TP53\t672", "'TP53' at"),
    ],
)
def test_tables_that_cannot_be_used_are_named(abstracts, entities, checkpoint, tmp_path, table, old, new, reason):
    path = {"abstracts": abstracts, "entities": entities}[table]
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    result = submit(abstracts, checkpoint, tmp_path / "out", "--entities", entities)
    assert result.exit_code == 1 and reason in result.output
    assert not (tmp_path / "out").exists()


def test_no_abstract_is_an_error(abstracts, checkpoint, tmp_path):
    abstracts.write_text(abstracts.read_text().splitlines()[0] + "\n")
    result = submit(abstracts, checkpoint, tmp_path / "out")
    assert result.exit_code == 1 and "no abstract" in result.output


def test_findings_that_do_not_fit_are_refused():
    document = documents(1)[0]
    start = document.text.index("BRCA1")
    mention = Mention(start, start + 5, "GeneOrGeneProduct", "BRCA1", ("672",))
    relation = Relation.between("672", "7157", "Bind", True)
    other = replace(mention, type="ChemicalEntity", entity_ids=("7157",))
    check_mentions([document], [Annotation(document.pmid, (mention, other))])
    check_relations([document], [Annotation(document.pmid, (mention, other), (relation,))])
    for mentions, reason in (
        ((replace(mention, start=start + 1),), "the text has 'RCA1'"),
        ((replace(mention, entity_ids=("6,72",)),), "cannot be told apart"),
        ((mention, replace(other, type=mention.type)), "more than once"),
    ):
        with pytest.raises(ContractError, match=reason):
            check_mentions([document], [Annotation(document.pmid, mentions)])
    with pytest.raises(ContractError, match="expected entities of the document: 672"):
        check_relations([document], [Annotation(document.pmid, (mention,), (relation,))])
    with pytest.raises(ContractError, match="more than once"):
        check_relations([document], [Annotation(document.pmid, (mention, other), (relation, relation))])
