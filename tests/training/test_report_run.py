"""The page of training/report_run.py: every figure against one counted by hand or by ``scoring``."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from click.testing import CliRunner

from html_page import read_page, references
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import seal_checkpoint
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import RELATION_TYPES, Annotation, ContractError, Document, Evidence, Mention, Relation
from litcoin_batch.scoring import Counts, score_mentions, score_relations
from tiny_models import tiny_checkpoint
from training.learning.reliability import Scored, bin_scores, calibration_error
from training.pages.run_errors import missed_mentions, missed_relations, wrong_mentions, wrong_relations
from training.pages.run_facts import (
    NO_CANDIDATE,
    NONE,
    Outcome,
    confusion,
    mention_scores,
    novelty_scores,
    relation_counts,
    relation_scores,
)
from training.pages.run_sections import learning_curves
from training.report_run import main as report_main
from training.report_run import read_history

TITLE, ABSTRACT = "BRCA1 in <breast> cancer", "Aspirin blocks COX-2. BRCA1 & TP53 bind; aspirin did not help."
TEXT = f"{TITLE} {ABSTRACT}"


def mention(words, kind, entity_id, nth=0, score=1.0):
    start = [m.start() for m in re.finditer(re.escape(words), TEXT)][nth]
    return Mention(start, start + len(words), kind, words, (entity_id,), score)


GENE, DISEASE, CHEMICAL = "GeneOrGeneProduct", "DiseaseOrPhenotypicFeature", "ChemicalEntity"
GOLD = Annotation(
    5,
    (
        mention("BRCA1", GENE, "672"),
        mention("<breast> cancer", DISEASE, "D001943"),
        mention("Aspirin", CHEMICAL, "D001241"),
        mention("COX-2", GENE, "5743"),
        mention("BRCA1", GENE, "672", 1),
        mention("TP53", GENE, "7157"),
        mention("aspirin", CHEMICAL, "D001241"),
    ),
    (
        Relation.between("672", "D001943", "Association", False),
        Relation.between("D001241", "5743", "Negative_Correlation", True),
        Relation.between("672", "7157", "Bind", True),
        Relation.between("D001943", "D001241", "Association", False),
    ),
)
DOCUMENT = Document(5, TITLE, ABSTRACT, gold=GOLD)
EVIDENCE = (Evidence(TEXT.index("Aspirin"), TEXT.index(" BRCA1 &"), "Aspirin blocks COX-2."),)
GIVEN = replace(
    GOLD,
    relations=(
        Relation.between("672", "D001943", "Association", False, score=0.95, novel_score=0.25),
        Relation.between("D001241", "5743", "Association", True, score=0.9, novel_score=0.75, evidence=EVIDENCE),
        Relation.between("7157", "5743", "Bind", True, score=0.35, novel_score=0.5, evidence=EVIDENCE),
    ),
)
FOUND = Annotation(
    5,
    (
        mention("BRCA1", GENE, "672", 0, 0.9),
        mention("cancer", DISEASE, "D009369", 0, 0.97),  # other borders
        mention("COX-2", CHEMICAL, "x", 0, 0.8),  # other type
        mention("blocks", GENE, "y", 0, 0.99),  # nothing there
        mention("TP53", GENE, "7157", 0, 0.65),
    ),
)
FORCED = {
    (5, ("672", "D001943")): ("Association", False),
    (5, ("5743", "D001241")): ("Association", True),
    (5, ("672", "7157")): ("Bind", False),
}
OUTCOME = Outcome([DOCUMENT], [GIVEN], [FOUND], FORCED)


def plain(markup):
    return unescape(re.sub("<[^>]*>", "", markup))


def as_cells(forced):
    rows, columns, counts = confusion(OUTCOME, forced)
    return {(rows[i], columns[j]): int(n) for (i, j), n in np.ndenumerate(counts) if n}


def test_confusion_follows_every_gold_relation_to_what_became_of_it():
    assert as_cells(False) == {
        ("Association", "Association"): 1,
        ("Negative_Correlation", "Association"): 1,
        ("Bind", NONE): 1,
        ("Association", NO_CANDIDATE): 1,
        (NONE, "Bind"): 1,
    }
    assert as_cells(True) == {
        ("Association", "Association"): 1,
        ("Negative_Correlation", "Association"): 1,
        ("Bind", "Bind"): 1,
        ("Association", NO_CANDIDATE): 1,
    }


def test_relation_counts_by_type_sum_up_to_all_types():
    counts = relation_counts([GOLD], [GIVEN])
    assert set(RELATION_TYPES) <= counts.keys()
    assert counts["Association"] == Counts(1, 2, 2) and counts["Bind"] == Counts(0, 1, 1)
    assert sum(counts.values(), Counts()) == score_relations([GOLD], [GIVEN]).pair_type


def test_scores_are_judged_as_scoring_judges():
    mentions, relations = mention_scores(OUTCOME), relation_scores([DOCUMENT], [GIVEN])
    assert sum(s.right for s in mentions) == score_mentions([GOLD], [FOUND]).micro.tp == 2 and len(mentions) == 5
    assert relations == [Scored(0.95, True), Scored(0.9, False), Scored(0.35, False)]
    assert novelty_scores(OUTCOME) == [Scored(0.25, False), Scored(0.75, True)]


def test_calibration_error_by_its_definition():
    scored = [Scored(0.95, True), Scored(0.93, False), Scored(0.35, False), Scored(1.0, True)]
    bins = bin_scores(scored)
    assert [(b.low, b.high, b.n) for b in bins] == [(0.3, 0.4, 1), (0.9, 1.0, 3)]
    assert calibration_error([s.score for s in scored], [s.right for s in scored], 10) == pytest.approx(
        0.25 * 0.35 + 0.75 * abs(2 / 3 - (0.95 + 0.93 + 1.0) / 3)
    )
    assert calibration_error([1.0, 0.0], [True, False]) == 0 and calibration_error([], []) == 0


def test_the_surest_wrong_mentions_come_first_with_what_gold_says():
    rows = wrong_mentions(OUTCOME)
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (0.99, GENE, "nothing there"),
        (0.97, DISEASE, "same type, span '<breast> cancer'"),
        (0.8, CHEMICAL, f"same span, type {GENE}"),
    ]
    assert "<mark>blocks</mark>" in rows[0][4] and "<breast>" not in rows[1][4]
    assert '<u class="gold">&lt;breast&gt; </u><mark><u class="gold">cancer</u></mark>' in rows[1][4]
    assert plain(rows[0][4]) == TEXT


def test_the_surest_wrong_relations_come_first_with_their_evidence():
    rows = wrong_relations([DOCUMENT], [GIVEN])
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (0.9, "Association", "Negative_Correlation"),
        (0.35, "Bind", "no relation"),
    ]
    assert rows[0][4] == "COX-2 (5743) – Aspirin (D001241)"
    assert (
        "<mark>Aspirin</mark> blocks <mark>COX-2</mark>." in rows[0][5]
        and plain(rows[0][5]).strip("… ") == EVIDENCE[0].text
    )


def test_what_is_missed_most_is_counted_by_spelling_and_by_type():
    rows = missed_mentions(OUTCOME)
    assert {(row[0], row[1], row[3], row[4]) for row in rows} == {
        (2, 2, "aspirin", CHEMICAL),
        (1, 1, "<breast> cancer", DISEASE),
        (1, 1, "cox-2", GENE),
        (1, 2, "brca1", GENE),
    }
    assert rows[0][3] == "aspirin" and sum(row[0] for row in rows) == len(GOLD.mentions) - 2
    relations = missed_relations([DOCUMENT], [GIVEN])
    assert {(row[0], row[1], row[3], row[4]) for row in relations} == {
        (1, 1, "Association", f"{CHEMICAL} – {DISEASE}"),
        (1, 1, "Bind", f"{GENE} – {GENE}"),
        (1, 1, "Negative_Correlation", f"{CHEMICAL} – {GENE}"),
    }
    bind = next(row for row in relations if row[3] == "Bind")
    assert '<u class="gold">BRCA1</u> &amp; <u class="gold">TP53</u>' in bind[6]


def test_curves_name_first_last_and_best():
    rows = [
        {"epoch": i + 1, "tag_loss": 1 / (i + 1), "ner": f1, "train_sec": 10.0}
        for i, f1 in enumerate((0.2, 0.75, 0.5, 0.5))
    ]
    shown = plain(learning_curves(rows))
    assert (
        "tag from 1.000 to 0.250" in shown
        and "ner 0.750 in epoch 2 (0.500 in the last)" in shown
        and not re.search(r"pair\w* \d", shown)
    )


@pytest.mark.parametrize("line", ["{", "[]", '{"ner": 1}', '{"epoch": "x"}'])
def test_damaged_curves_are_named(line, tmp_path):
    (tmp_path / "curves.jsonl").write_text(line + "\n")
    with pytest.raises(ContractError, match="curves.jsonl"):
        read_history(tmp_path / "curves.jsonl")


@pytest.fixture
def checkpoint(tmp_path):
    folder = tiny_checkpoint("rnn", tmp_path / "model")
    row = {
        "tag_loss": 0.5,
        "pair_loss": 0.4,
        "novel_loss": 0.3,
        "ner": 0.1,
        "pair": 0.2,
        "pair_type": 0.1,
        "pair_type_novelty": 0.05,
        "train_sec": 3.0,
    }
    (folder / "curves.jsonl").write_text("".join(json.dumps({"epoch": i} | row) + "\n" for i in (1, 2)))
    seal_checkpoint(folder)
    return folder


@pytest.fixture
def dev(tmp_path):
    lines = [
        f"5|t|{TITLE}",
        f"5|a|{ABSTRACT}",
        *("\t".join(map(str, (5, m.start, m.end, m.text, m.type, m.entity_ids[0]))) for m in GOLD.mentions),
    ]
    lines += ["\t".join(("5", r.type, *r.pair, "Novel" if r.novel else "No")) for r in GOLD.relations]
    (tmp_path / "dev.txt").write_text("\n".join(lines) + "\n\n")
    return tmp_path / "dev.txt"


def report(checkpoint, dev, output):
    return CliRunner().invoke(
        report_main, ["--checkpoint", str(checkpoint), "--dev", str(dev), "--output", str(output), "--device", "cpu"]
    )


def test_a_run_becomes_one_reproducible_page_with_the_figures_of_scoring(checkpoint, dev, tmp_path):
    for name in ("one", "two"):
        result = report(checkpoint, dev, tmp_path / "pages" / f"{name}.html")
        assert result.exit_code == 0, result.output
    page = tmp_path / "pages" / "one.html"
    assert page.read_bytes() == (tmp_path / "pages" / "two.html").read_bytes()
    reader = read_page(page)
    assert all(value.startswith("#") for value in references(reader)) and not re.search("https?://", page.read_text())
    assert "<breast>" not in page.read_text() and reader.tags["svg"] >= 6
    [found] = Annotator.load(checkpoint, device="cpu").annotate(read_gold(dev))
    micro = score_mentions([GOLD], [found]).micro
    total = next(row for rows in reader.tables.values() for row in rows if row[0] == "all")
    assert total[1:] == [f"{v:.3f}" for v in (micro.precision, micro.recall, micro.f1)] + [
        str(v) for v in (micro.tp, micro.n_gold, micro.n_predicted)
    ]


def test_bad_input_is_named(checkpoint, dev, tmp_path):
    plain_file = tmp_path / "plain.jsonl"
    plain_file.write_text('{"pmid": 1, "title": "a", "abstract": "b"}\n')
    cases = {
        "no annotation": (checkpoint, plain_file),
        "does not exist": (checkpoint, tmp_path / "no.txt"),
        "neither a folder": ("nothing", dev),
    }
    outcomes = {message: report(*arguments, tmp_path / "out.html") for message, arguments in cases.items()}
    assert {m: (r.exit_code, m in r.output) for m, r in outcomes.items()} == dict.fromkeys(cases, (1, True))
    assert not (tmp_path / "out.html").exists()
