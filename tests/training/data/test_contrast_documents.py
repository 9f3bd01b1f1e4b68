"""Rule-made documents: spans, relations and pairs hold what they promise."""

from __future__ import annotations

import random
import re

import pytest

from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES
from tiny_models import tiny_model
from training.data.examples import prepare
from training.data.made.contrast_documents import (
    FIRST_PMID,
    SOURCE,
    Outcome,
    Statement,
    contrast_documents,
    contrast_pairs,
    draw_entities,
    relations_of,
)
from training.data.made.contrast_templates import BANKS, CLAUSES, SCENES, Clause
from training.data.made.plain_texts import plain_documents
from training.data.made.rule_made import rule_made_corpora


@pytest.fixture(scope="module")
def documents():
    return contrast_documents(600, seed=3)


def test_mentions_are_where_they_say_and_every_relation_joins_two_of_them(documents):
    n = 0
    for document in documents:
        named = document.gold.entities()
        for mention in document.gold.mentions:
            assert document.text[mention.start : mention.end] == mention.text
        for relation in document.gold.relations:
            n += 1
            assert relation.entity_1_id in named and relation.entity_2_id in named
            assert relation.entity_1_id < relation.entity_2_id
            assert relation.subject in (None, *relation.pair)
        assert len({r.pair for r in document.gold.relations}) == len(document.gold.relations)
        assert document.source == SOURCE and document.pmid >= FIRST_PMID
    assert n > 300


def test_all_types_of_entities_and_relations_occur(documents):
    assert {m.type for d in documents for m in d.gold.mentions} == set(ENTITY_TYPES)
    assert {r.type for d in documents for r in d.gold.relations} == set(RELATION_TYPES)
    assert {r.novel for d in documents for r in d.gold.relations} == {True, False}


def test_equal_seeds_give_equal_documents_and_others_do_not(documents):
    assert contrast_documents(600, seed=3) == documents
    assert contrast_documents(20, seed=4) != documents[:20]


def test_no_slot_choice_or_bank_is_left_in_a_text(documents):
    assert [
        d.text for d in documents if re.search(r"[<>{}\[\]|]|  ", re.sub(r"[ACGT]>[ACGT]|P < 0.05", "", d.text))
    ] == []


def test_two_of_a_pair_share_their_other_sentences_and_most_differ_in_what_holds():
    pairs = list(contrast_pairs(200, seed=5))
    differ = sum(a.gold.relations != b.gold.relations for a, b in pairs)
    assert differ > 150
    for a, b in pairs:
        said = [set(re.split(r"(?<=\.) ", d.abstract)) for d in (a, b)]
        assert len(said[0] - said[1]) <= 3


def test_the_sign_of_what_is_found_follows_the_words_and_the_frame():
    (clause,) = [c for c in CLAUSES if c.text == "<A> siRNA {V} <B> in <l> cells"]
    statement = Statement(clause, draw_entities("gg", random.Random(1)))
    kinds = {
        (frame, sign): [r.type for r in relations_of(statement, Outcome(frame, sign))]
        for frame in ("finding", "denial", "question", "background")
        for sign in (1, 0, -1)
    }
    assert kinds["finding", 1] == ["Negative_Correlation"] and kinds["finding", -1] == ["Positive_Correlation"]
    assert kinds["finding", 0] == kinds["denial", 1] == kinds["question", -1] == []
    assert [r.novel for r in relations_of(statement, Outcome("background", 1))] == [False]


@pytest.mark.parametrize("says", [*CLAUSES, *SCENES], ids=lambda says: f"{says.kinds}: {says.text[:50]}")
def test_each_template_names_its_entities_and_only_known_banks(says):
    slots = set(re.findall(r"<([ABC])>", says.text))
    assert slots >= set("ABC"[: len(says.kinds)])
    assert set(re.findall(r"\{(\w+)\}", says.text)) <= set(BANKS)
    if isinstance(says, Clause):
        for name in re.findall(r"\{(\w+)\}", says.text):
            assert set(BANKS[name]) >= set(says.signs())
    else:
        assert {row.split()[2] for row in says.relations} <= set(RELATION_TYPES)


def test_plain_documents_have_no_mention_and_are_reproducible():
    texts = plain_documents(50, seed=1)
    assert texts == plain_documents(50, seed=1)
    assert all(d.gold.mentions == () and len(d.text) > 60 and "{" not in d.text for d in texts)
    assert len({d.text for d in texts}) == 50


def test_rule_made_corpora_are_prepared_with_every_pair_and_its_novelty(tmp_path):
    _, tokenizer, _ = tiny_model("rnn", tmp_path)
    contrast, plain = rule_made_corpora(40, 10, seed=1)
    examples = prepare(contrast.documents[:40], tokenizer, contrast.complete, contrast.relations)
    rows = [row for example in examples for row in example.relations.tolist()]
    assert len(rows) == sum(len(d.gold.relations) for d in contrast.documents[:40]) > 20
    assert {row[3] for row in rows} == {0, 1}
    empty = prepare(plain.documents[:10], tokenizer, plain.complete, plain.relations)
    assert all(e.allowed[:, 0].all() and e.allowed.sum() == len(e.allowed) for e in empty)
