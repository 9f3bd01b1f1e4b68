import random

import pytest

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.mention_rules import ELEMENTS, agree_on_types, tidy_span
from litcoin_batch.schema import Mention
from tiny_models import documents, tiny_checkpoint

GENE, CHEMICAL = "GeneOrGeneProduct", "ChemicalEntity"


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ("the IL-2 (human) gene", "IL-2 (human", "IL-2 (human)"),
        ("the IL-2 (human gene", "IL-2 (human", "IL-2"),
        ("the (TNF) gene", "(TNF", "TNF"),
        ("the (TNF) gene", "TNF)", "TNF"),
        ("a [3H]thymidine", "[3H]thymidine", "[3H]thymidine"),
        ("a 3H]thymidine", "3H]thymidine", "3H"),
        ("c.1A>G(p.L(2)V", "c.1A>G(p.L(2)V", "c.1A>G"),
        ("poly(I:C) and", "poly(I:C", "poly(I:C)"),
        ("a ( b", "(", None),
    ],
)
def test_brackets_are_closed_or_left_out(text, found, kept):
    start = text.index(found)
    span = tidy_span(text, start, start + len(found), GENE)
    assert (span and text[slice(*span)]) == kept


@pytest.mark.parametrize(
    ("letter", "kind", "stays"), [("K", CHEMICAL, True), ("T", CHEMICAL, False), ("S", GENE, False), ("p", GENE, False)]
)
def test_single_letters_are_elements(letter, kind, stays):
    assert (tidy_span(f"of {letter} in", 3, 4, kind) is not None) == stays


def test_no_span_opens_what_it_does_not_close():
    rng, n_changed = random.Random(3), 0
    for _ in range(3_000):
        text = "".join(rng.choices("ab-() []", k=14))
        start = rng.randrange(13)
        end = rng.randrange(start + 1, 15)
        span = tidy_span(text, start, end, GENE)
        if span is None:
            continue
        kept = text[slice(*span)]
        n_changed += span != (start, end)
        assert start <= span[0] < span[1] <= end + 1 and kept
        depth = []
        for char in kept:
            if char in "([":
                depth.append({"(": ")", "[": "]"}[char])
            elif char in ")]":
                assert depth.pop() == char
        assert not depth
    assert n_changed > 500


def test_a_model_that_tags_everything_keeps_the_rules(tmp_path):
    annotations = Annotator.load(tiny_checkpoint("rnn", tmp_path), device="cpu").annotate(documents())
    mentions = [m for a in annotations for m in a.mentions]
    assert len(mentions) > 20
    for mention in mentions:
        assert mention.text.count("(") == mention.text.count(")")
        assert len(mention.text) > 1 or mention.text in ELEMENTS


def test_one_name_has_one_type_in_a_document():
    rows = [
        ("Cd+", GENE, 0.9),
        ("Cd+", CHEMICAL, 0.5),
        ("cd+", GENE, 0.3),
        ("Cd+", CHEMICAL, 0.6),
        ("Zn", CHEMICAL, 0.2),
    ]
    mentions = [Mention(i * 9, i * 9 + len(text), kind, text, (), score) for i, (text, kind, score) in enumerate(rows)]
    agreed = agree_on_types(mentions)
    # Scores decide, not numbers; another spelling is another name; all else stays.
    assert [m.type for m in agreed] == [CHEMICAL, CHEMICAL, GENE, CHEMICAL, CHEMICAL]
    assert [(m.start, m.end, m.text, m.score) for m in agreed] == [(m.start, m.end, m.text, m.score) for m in mentions]
    assert agree_on_types(mentions[:2])[1].type == GENE and agree_on_types([]) == []
