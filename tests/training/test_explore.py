"""The page of training/explore.py: numbers that can be counted again, text that stays text."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from html import escape, unescape

import pytest
from click.testing import CliRunner

from html_page import Reader, read_page, references
from litcoin_batch.readers import read_path
from litcoin_batch.reports.page import percent
from training.data.piece_vocabulary import train_tokenizer
from training.explore import PAGE_NAME
from training.explore import main as explore_main
from training.pages.corpus_facts import collect

EVIL = '<script src="http://evil.example/x.js">alert(1)</script> & "quotes"'
ABSTRACTS = {
    11: ("Aspirin and COX-2 in $ulcer$ _mice_", 'Aspirin inhibits COX-2, "quoted" text. Ulcer was rare.'),
    12: (f"BRCA1 {EVIL}", "BRCA1 causes breast cancer in HeLa cells. Cancer is <b>bad</b>."),
    13: ("Nothing annotated", "A text without mentions."),
}
KINDS = {
    "Aspirin": ("ChemicalEntity", "D001241"),
    "COX-2": ("GeneOrGeneProduct", "5743,4513"),
    "Ulcer": ("DiseaseOrPhenotypicFeature", "-"),
    "BRCA1": ("GeneOrGeneProduct", "672"),
    "breast cancer": ("DiseaseOrPhenotypicFeature", "D001943"),
    "HeLa": ("CellLine", "CVCL_0030"),
}
RELATIONS = [
    (11, "Negative_Correlation", "D001241", "5743", "Novel"),
    (11, "Association", "D001241", "4513", "No"),
    (12, "Association", "672", "D001943", "No"),
]


def found_mentions():
    """(pmid, start, end, type, text, ids) of every occurrence, by text."""
    rows = []
    for pmid, (title, abstract) in ABSTRACTS.items():
        text = f"{title} {abstract}"
        for name, (kind, ids) in KINDS.items():
            rows += [(pmid, m.start(), m.end(), kind, name, ids) for m in re.finditer(re.escape(name), text)]
    return rows


def write_tsv(path, header, rows):
    with path.open("w", newline="") as stream:
        csv.writer(stream, delimiter="\t", lineterminator="\n").writerows([header, *rows])


@pytest.fixture
def litcoin(tmp_path):
    folder = tmp_path / "litcoin"
    folder.mkdir()
    write_tsv(
        folder / "abstracts_train.csv", ("abstract_id", "title", "abstract"), [(k, *v) for k, v in ABSTRACTS.items()]
    )
    entities = [(i, *row) for i, row in enumerate(found_mentions())]
    write_tsv(
        folder / "entities_train.csv",
        ("id", "abstract_id", "offset_start", "offset_finish", "type", "mention", "entity_ids"),
        entities,
    )
    relations = [(i, *row) for i, row in enumerate(RELATIONS)]
    write_tsv(
        folder / "relations_train.csv", ("id", "abstract_id", "type", "entity_1_id", "entity_2_id", "novel"), relations
    )
    return folder


def write_pubtator(path, mentions=None):
    blocks = []
    for pmid, (title, abstract) in ABSTRACTS.items():
        lines = [f"{pmid}|t|{title}", f"{pmid}|a|{abstract}"]
        lines += [
            "\t".join(map(str, (p, a, b, text, kind, ids)))
            for p, a, b, kind, text, ids in (mentions or found_mentions())
            if p == pmid
        ]
        lines += ["\t".join(map(str, (p, kind, a, b, novel))) for p, kind, a, b, novel in RELATIONS if p == pmid]
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n\n")
    return path


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([" ".join(text) for text in ABSTRACTS.values()], 200)


@pytest.fixture
def run(tmp_path, tokenizer):
    tokenizer.save(str(tmp_path / "tokenizer.json"))

    def explore(*arguments):
        output = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        result = CliRunner().invoke(
            explore_main,
            [*map(str, arguments), "--tokenizer", str(tmp_path / "tokenizer.json"), "--output", str(output)],
        )
        return result, output / PAGE_NAME

    return explore


def test_the_same_corpus_gives_the_same_bytes(litcoin, run):
    first, second = run("--litcoin", litcoin), run("--litcoin", litcoin)
    assert first[0].exit_code == 0, first[0].output
    assert first[1] != second[1] and first[1].read_bytes() == second[1].read_bytes()


def test_the_page_fetches_nothing_and_runs_nothing(litcoin, run):
    page = run("--litcoin", litcoin)[1].read_text()
    reader = Reader(page)
    assert reader.tags["svg"] >= 10 and not reader.tags["script"] and not reader.tags["img"] and not reader.tags["link"]
    assert references(reader) and all(value.startswith("#") for value in references(reader))
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    assert not re.search(r"https?://", page.replace(escape(EVIL), ""))
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]


def test_every_reference_inside_the_page_has_one_target(litcoin, run):
    page = run("--litcoin", litcoin)[1].read_text()
    reader = Reader(page)
    ids = Counter(value for _, name, value in reader.attributes if name == "id")
    pointed = {value[1:] for value in references(reader)} | set(re.findall(r"url\(#([^)]+)\)", page))
    assert pointed and pointed <= ids.keys()
    assert [name for name, n in ids.items() if n > 1] == []


def test_text_of_the_corpus_is_escaped(litcoin, run):
    rows = [*csv.reader((litcoin / "entities_train.csv").open(newline=""), delimiter="\t")]
    pmid_12 = next(i for i, row in enumerate(rows) if row[1] == "12")
    rows[pmid_12][5] = EVIL  # the mention no longer agrees: it is listed, and so is the rejected record
    rows[-1][4] = "<i>Type</i>"
    write_tsv(litcoin / "entities_train.csv", rows[0], rows[1:])
    page = run("--litcoin", litcoin)[1].read_text()
    assert escape(EVIL) in page and "&lt;i&gt;Type&lt;/i&gt;" in page
    assert EVIL not in page and "<i>Type" not in page and "<b>bad" not in page
    assert EVIL in unescape(page)


def test_summaries_of_the_raw_tables_equal_a_count_by_hand(litcoin, run):
    tables = read_page(run("--litcoin", litcoin)[1]).tables
    for name in ("abstracts", "entities", "relations"):
        with (litcoin / f"{name}_train.csv").open(newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))
        shown = {row[0]: row for row in tables[f"{name}_train.csv: {len(rows)} rows"][1:]}
        assert list(shown) == list(rows[0])
        for column, cells in shown.items():
            values = [row[column] for row in rows if row[column] not in ("", "-")]
            number = all(value.isdigit() for value in values)
            assert cells[1] == ("whole number" if number else "text")
            assert [int(cells[2]), int(cells[4])] == [len(rows) - len(values), len(set(values))]
            sizes = [int(v) for v in values] if number else [len(v) for v in values]
            unit = "" if number else " characters"
            assert cells[5:] == [f"{min(sizes)}{unit}", f"{max(sizes)}{unit}"]


@pytest.mark.parametrize("kind", ["litcoin", "pubtator"])
def test_charts_and_sentences_hold_the_numbers_of_the_corpus(kind, litcoin, run, tmp_path):
    path = litcoin if kind == "litcoin" else write_pubtator(tmp_path / "gold.txt")
    result, output = run("--litcoin" if kind == "litcoin" else "--corpus", path)
    assert result.exit_code == 0, result.output
    text = read_page(output).text
    counts = Counter(row[3] for row in found_mentions())
    for name, n in counts.items():
        assert f"{n} ({percent(n, counts.total())})" in text and name in text
    assert f"{len(found_mentions())} of {len(found_mentions())} mentions agree with the text" in text
    assert "always answers Association has 66.7 % of 3 relation types right" in text
    assert "33.3 % of the relations are novel" in text
    # 11: aspirin, two COX-2 genes; ulcer has no id. 12: BRCA1, breast cancer, HeLa. Pairs: 3 + 3, 3 related.
    assert (
        "has 2.0 pairs of entities on average (at most 3), 1.0 of types that are ever related, and 1.0 related pairs"
        in text
    )
    assert "for 0.0 % of the candidates" in text


def test_facts_equal_an_independent_count(litcoin, tokenizer):
    documents = list(read_path(litcoin))
    facts = collect(documents, tokenizer)
    assert facts.title_chars == {"abstracts_train.csv": [len(title) for title, _ in ABSTRACTS.values()]}
    assert facts.abstract_chars == {"abstracts_train.csv": [len(abstract) for _, abstract in ABSTRACTS.values()]}
    assert facts.n_pieces == {
        # Markup is no words; what only looks like it is.
        "abstracts_train.csv": [
            len(tokenizer.encode(re.sub("</?b>", " ", d.text), add_special_tokens=False).ids) for d in documents
        ]
    }
    assert facts.n_mentions == [sum(row[0] == pmid for row in found_mentions()) for pmid in ABSTRACTS]
    assert facts.n_entities == [3, 3, 0] and facts.n_related == [2, 1, 0] and facts.n_related_candidates == 3
    assert facts.candidate_pairs() == [3, 3, 0]
    assert facts.candidate_pairs([("ChemicalEntity", "GeneOrGeneProduct")]) == [2, 0, 0]
    assert facts.candidate_pairs([("GeneOrGeneProduct", "GeneOrGeneProduct")]) == [1, 0, 0]
    assert facts.n_in_title == sum(end <= len(ABSTRACTS[pmid][0]) for pmid, _, end, *_ in found_mentions())
    assert {k: sorted(v) for k, v in facts.offset_start.items()} == {
        kind: sorted(row[1] for row in found_mentions() if row[3] == kind) for kind, _ in KINDS.values()
    }
    assert facts.novelty == {("Negative_Correlation", True): 1, ("Association", False): 2}
    chemical_gene, disease_gene = (
        ("ChemicalEntity", "GeneOrGeneProduct"),
        ("DiseaseOrPhenotypicFeature", "GeneOrGeneProduct"),
    )
    assert facts.type_pairs == {
        (chemical_gene, "Negative_Correlation"): 1,
        (chemical_gene, "Association"): 1,
        (disease_gene, "Association"): 1,
    }


def test_disagreeing_mentions_are_counted_and_listed(litcoin, run):
    rows = [*csv.reader((litcoin / "entities_train.csv").open(newline=""), delimiter="\t")]
    shifted = next(i for i, row in enumerate(rows) if row[5] == "breast cancer")
    rows[shifted][2] = str(int(rows[shifted][2]) + 1)
    write_tsv(litcoin / "entities_train.csv", rows[0], rows[1:])
    reader = read_page(run("--litcoin", litcoin)[1])
    n = len(rows) - 1
    assert (
        f"{n - 1} of {n} mentions agree with the text" in reader.text and "1 labels mark something else" in reader.text
    )
    listed = next(rows for caption, rows in reader.tables.items() if caption.startswith("Mentions that disagree"))
    assert [row[1:] for row in listed[1:]] == [["DiseaseOrPhenotypicFeature", "breast cancer", "reast cancer"]]
    rejected = next(rows for rows in reader.tables.values() if rows[0][0] == "source")
    assert (
        len(rejected) == 2 and rejected[1][:2] == ["abstracts_train.csv", "2"] and "'breast cancer'" in rejected[1][2]
    )


def test_mentions_that_are_no_whole_words_are_listed(tmp_path, run):
    text = ABSTRACTS[12][0] + " " + ABSTRACTS[12][1]
    part = (12, text.index("RCA1"), text.index("RCA1") + 4, "GeneOrGeneProduct", "RCA1", "672")
    reader = read_page(run("--corpus", write_pubtator(tmp_path / "gold.txt", [*found_mentions(), part]))[1])
    listed = next(
        rows for caption, rows in reader.tables.items() if caption.startswith("Mentions that are not whole words (1,")
    )
    assert [row[1:] for row in listed[1:]] == [["GeneOrGeneProduct", "RCA1", "BRCA1"]]
    assert "and 1 overlap an earlier mention" in reader.text


def test_plain_abstracts_get_the_charts_that_make_sense(tmp_path, run):
    path = tmp_path / "plain.jsonl"
    path.write_text(
        "".join(json.dumps({"pmid": p, "title": t, "abstract": a}) + "\n" for p, (t, a) in ABSTRACTS.items())
        + "{broken\n"
    )
    result, output = run("--corpus", path)
    assert result.exit_code == 0, result.output
    reader = read_page(output)
    assert [
        s for s in ("Lengths of titles", "Pieces per document", "Novelty", "Offsets of mentions") if s in reader.text
    ] == [
        "Lengths of titles",
        "Pieces per document",
    ]
    assert reader.tags["svg"] == 3 and "1 of 4 records (25.0 %) are lost" in reader.text and "{broken" in reader.text


def test_a_corpus_without_novelty_says_so(tmp_path, run):
    path = write_pubtator(tmp_path / "gold.txt")
    path.write_text(path.read_text().replace("\tNovel\n", "\tNo\n"))
    assert "None of the 3 relations is marked as novel" in read_page(run("--corpus", path)[1]).text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--litcoin", "nowhere"), "no abstracts_*.csv"),
        (("--corpus", "nowhere.txt"), "nowhere.txt does not exist"),
        (("--corpus", "bad.txt"), "no document to show, 1 records cannot be used; the first reason: unknown format"),
        ((), "give either --litcoin DIR or --corpus FILE"),
        (("--litcoin", ".", "--corpus", "bad.txt"), "give either"),
        (("--corpus", "good.txt", "--tokenizer", "bad.txt"), "not a tokenizer"),
        (("--corpus", "good.txt", "--tokenizer", "nothing"), "neither a folder nor one of the shipped checkpoints"),
        (("--corpus", "good.txt", "--tokenizer", "."), "tokenizer.json does not exist"),
    ],
)
def test_bad_input_is_named(arguments, message, tmp_path, monkeypatch, tokenizer):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.txt").write_text("this is no corpus\n")
    write_pubtator(tmp_path / "good.txt")
    tokenizer.save(str(tmp_path / "t.json"))
    arguments = arguments if "--tokenizer" in arguments else (*arguments, "--tokenizer", "t.json")
    result = CliRunner().invoke(explore_main, [*arguments, "--output", "out"])
    assert result.exit_code in (1, 2) and message in result.output and not isinstance(result.exception, Exception)
    assert not (tmp_path / "out").exists()


def test_real_corpora(shared_data, run):
    litcoin = read_page(run("--litcoin", shared_data / "litcoin")[1])
    assert (
        "13,636 of 13,636 mentions agree with the text" in litcoin.text
        and "53.1 % of 4,280 relation types" in litcoin.text
    )
    assert {
        "abstracts_train.csv: 400 rows",
        "abstracts_test.csv: 100 rows",
        "relations_train.csv: 4,280 rows",
    } <= litcoin.tables.keys()
