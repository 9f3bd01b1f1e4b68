"""Edited documents: the words change, the spans follow, and so does what is said."""

from __future__ import annotations

from annotated_documents import every_mention
from litcoin_batch.schema import Annotation, Document, Relation
from training.data.made.contrast_edits import edited_documents

TITLE = "A note on zebrolin."
NAMES = {"zebrolin": ("ChemicalEntity", "C1"), "GENA": ("GeneOrGeneProduct", "1"), "GENB": ("GeneOrGeneProduct", "2")}


def document(sentence: str, kind: str = "Positive_Correlation", extra: str = "") -> Document:
    abstract = f"Cells were grown. {sentence}{extra} Work on GENB goes on."
    gold = Annotation(
        7, every_mention(f"{TITLE} {abstract}", NAMES), (Relation.between("C1", "1", kind, True, subject="C1"),)
    )
    return Document(7, TITLE, abstract, gold=gold)


def made(*sentence: str) -> list[tuple[str, list[str]]]:
    found = edited_documents([document(*sentence)], seed=1, per_document=9)
    for d in found:
        assert all(d.text[m.start : m.end] == m.text for m in d.gold.mentions)
        assert len(d.gold.mentions) == len(document(*sentence).gold.mentions)
        assert d.source.startswith("rule-made") and d.title == TITLE
    return sorted((d.abstract.split(". ")[1], [r.type for r in d.gold.relations]) for d in found)


def test_a_verb_of_the_opposite_sign_turns_the_relation_and_a_negation_removes_it():
    assert made("Notably zebrolin increased GENA.") == [
        ("Notably zebrolin decreased GENA", ["Negative_Correlation"]),
        ("Notably zebrolin did not increase GENA", []),
    ]
    assert made("In rats zebrolin was associated with GENA.", "Association") == [
        ("In rats zebrolin was not associated with GENA", [])
    ]


def test_what_another_sentence_says_too_is_left_alone():
    assert made("Notably zebrolin increased GENA.", "Positive_Correlation", " Again zebrolin rose with GENA.") == []


def test_sentences_that_deny_already_or_hold_two_cues_or_none_between_the_ends_are_left_alone():
    assert made("Notably zebrolin increased GENA, not water.") == []
    assert "Notably zebrolin decreased what decreased GENA" not in [
        text for text, _ in made("Notably zebrolin increased what decreased GENA.")
    ]
    assert made("Levels of zebrolin and GENA increased.") == []


def test_a_participle_is_no_verb():
    assert [kinds for _, kinds in made("Due to zebrolin the increased GENA fell.")] == [["Negative_Correlation"]]
