"""Pairs as texts with markers, a classifier that learns from them, and figures side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from annotated_documents import every_mention
from litcoin_batch.schema import Annotation, Document, Relation
from tiny_models import tiny_backbone
from training.data.examples import CLASSES
from training.data.marked_pairs import MarkedPair, marked_pairs
from training.studies.cue_classifier import CUES, CueClassifier, cues_of
from training.studies.cue_classifier import main as cue_classifier
from training.studies.gap_table import main as gap_table
from training.studies.pair_classifier import PairMarker, sample_negatives, train_epoch
from training.studies.pair_marker import main as pair_marker

NAMES = {"zol": ("ChemicalEntity", "C"), "GENA": ("GeneOrGeneProduct", "1"), "GENB": ("GeneOrGeneProduct", "2")}
CHEMICAL_GENE = [("ChemicalEntity", "GeneOrGeneProduct")]


def document(pmid: int = 1, label: str = "Positive_Correlation") -> Document:
    title, abstract = "Work on zol.", "We found that zol raised GENA. Later GENB was seen."
    mentions = every_mention(f"{title} {abstract}", NAMES)
    gold = Annotation(pmid, mentions, (Relation("1", "C", label, True),))
    return Document(pmid, title, abstract, gold=gold)


def test_the_sentence_that_names_both_is_marked_or_else_the_nearest_two():
    pairs = {p.pair: p for p in marked_pairs([document()], CHEMICAL_GENE)}
    assert set(pairs) == {("1", "C"), ("2", "C")}
    assert pairs["1", "C"].text == "We found that # ^ chemical ^ zol # raised @ * gene * GENA @."
    assert CLASSES[pairs["1", "C"].label] == "Positive_Correlation" and pairs["1", "C"].novel == 1
    assert pairs["2", "C"].text == "We found that # ^ chemical ^ zol # raised GENA. Later @ * gene * GENB @ was seen."
    assert (pairs["2", "C"].label, pairs["2", "C"].novel) == (0, -1)


def test_negatives_are_sampled_beside_all_related_pairs():
    pairs = [p for i in range(6) for p in marked_pairs([document(i)], CHEMICAL_GENE)]
    drawn = sample_negatives(pairs, 0.5, np.random.default_rng(1))
    assert sum(p.label > 0 for p in drawn) == 6 and sum(p.label == 0 for p in drawn) == 3


def test_it_learns_a_few_pairs_and_annotates_what_it_learnt(tmp_path):
    torch.manual_seed(1)
    marker = PairMarker.load(tiny_backbone(tmp_path / "b"), CHEMICAL_GENE, max_pieces=64, batch_pairs=4)
    documents = [document(1), document(2)]
    pairs = list(marked_pairs(documents, CHEMICAL_GENE))
    optimizer = torch.optim.AdamW(marker.model.parameters(), lr=5e-3)
    losses = [train_epoch(marker, pairs, optimizer, np.random.default_rng(i)) for i in range(25)]
    assert losses[-1] < losses[0] / 4
    found = marker.annotate(documents, [d.gold.mentions for d in documents])
    assert [[(r.pair, r.type, r.novel) for r in a.relations] for a in found] == [
        [(("1", "C"), "Positive_Correlation", True)]
    ] * 2
    assert marker.classify_pairs(documents) == {(i, ("1", "C")): ("Positive_Correlation", True) for i in (1, 2)}
    alone = marker.annotate(documents[1:], [documents[1].gold.mentions])
    assert alone[0].relations[0].score == pytest.approx(found[1].relations[0].score, abs=1e-5)


def test_the_gap_table_sets_figures_side_by_side(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"gold_entities": {"pair": {"f1": 0.5}, "type_accuracy": 0.25}}))
    result = CliRunner().invoke(gap_table, [f"heads={path}"])
    assert "| heads | 0.500 | - | - | 0.250 | - |" in result.output
    assert CliRunner().invoke(gap_table, ["heads=nowhere.json"]).exit_code == 2


def test_cues_are_counted_before_between_and_behind_the_mentions():
    text = "Whether # ^ chemical ^ zol # raised or reduced @ * gene * GENA @ without doubt."
    types = ("GeneOrGeneProduct", "ChemicalEntity")
    pair = MarkedPair(pmid=1, pair=("1", "C"), types=types, text=text, label=0, novel=-1)
    *places, direction, turned = cues_of(pair).tolist()
    n = len(CUES)
    seen = [{name for name, found in zip(CUES, places[i * n :], strict=False) if found} for i in range(3)]
    assert seen == [{"asked"}, {"down"}, {"taken out", "denied"}]
    assert (direction, turned) == (-1, 1)


def test_cues_alone_tell_findings_that_differ_in_a_listed_word():
    def said(pmid: int, verb: str, label: str) -> Document:
        one = document(pmid, label)
        return replace(one, abstract=one.abstract.replace("raised", verb))  # as long as the other: mentions stay

    verbs = {"elicit": "Positive_Correlation", "reduce": "Negative_Correlation"}
    documents = [said(i, *list(verbs.items())[i % 2]) for i in range(8)]
    classifier = CueClassifier.fitted(list(marked_pairs(documents, CHEMICAL_GENE)), CHEMICAL_GENE)
    found = classifier.classify_pairs(documents)
    assert [found[i, ("1", "C")][0] for i in range(8)] == list(verbs.values()) * 4


def test_the_command_of_cues_scores(tmp_path):
    out = tmp_path / "out.json"
    options = ["--train", written(tmp_path, "train", range(1, 7)), "--dev", written(tmp_path, "dev", range(11, 13))]
    result = CliRunner().invoke(cue_classifier, [*options, "--rule-made", "4", "--negatives", "1", "--json", str(out)])
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert figures["gold_entities"]["type_accuracy"] == 1.0 and "ner" not in figures
    assert figures["settings"]["negatives"] == 1 and figures["contrast"]["overall"]["sign right"]["n"] > 90


def written(folder: Path, name: str, pmids: range) -> str:
    blocks = []
    for d in map(document, pmids):
        rows = [f"{d.pmid}\t{m.start}\t{m.end}\t{m.text}\t{m.type}\t{m.entity_ids[0]}" for m in d.gold.mentions]
        related = [f"{d.pmid}\t{r.type}\t{r.entity_1_id}\t{r.entity_2_id}\tNovel" for r in d.gold.relations]
        blocks.append("\n".join([f"{d.pmid}|t|{d.title}", f"{d.pmid}|a|{d.abstract}", *rows, *related]))
    path = folder / f"{name}.PubTator"
    path.write_text("\n\n".join(blocks) + "\n\n")
    return str(path)


def test_the_command_trains_and_scores(tmp_path):
    out = tmp_path / "out.json"
    options = [
        "--backbone",
        str(tiny_backbone(tmp_path / "b")),
        "--train",
        written(tmp_path, "train", range(1, 7)),
        "--epochs",
        "2",
        "--max-pieces",
        "48",
    ]
    options += ["--dev", written(tmp_path, "dev", range(11, 13)), "--rule-made", "4", "--json", str(out)]
    result = CliRunner().invoke(pair_marker, options)
    assert result.exit_code == 0, result.output
    figures = json.loads(out.read_text())
    assert figures["n_documents"] == 2 and "ner" not in figures and len(figures["train_sec"]) == 2
    assert figures["settings"]["rule_made"] == 4 and figures["contrast"]["overall"]["sign right"]["n"] > 90
    again = [*options, "--dev", written(tmp_path, "again", range(1, 2))]
    assert "leak" in CliRunner().invoke(pair_marker, again).output
