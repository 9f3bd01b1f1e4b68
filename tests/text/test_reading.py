"""Markup told from text: what is read, and where it stands in what is stored."""

import time

import numpy as np
import pytest

from litcoin_batch.schema import Document
from litcoin_batch.text.abbreviations import find_definitions
from litcoin_batch.text.pieces import split_pieces
from litcoin_batch.text.reading import read_document, read_text, visible
from litcoin_batch.text.sentences import split_document
from tiny_models import documents
from training.data.piece_vocabulary import train_tokenizer

MARKED = (
    "<h4>Aim</h4>We gave H<sub>2</sub>O<sub>2</sub> &amp; IL-1&beta; to co\u00adoperative mi\u200bce. <i>TP53</i> rose."
)


def words(document, tokenizer):
    (pieces,) = split_pieces([document], tokenizer)
    return [document.text[start:end] for start, end in pieces.word_spans.tolist()]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([d.text for d in documents()], 300)


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("<i>TP53</i> and <b>x</b>", "TP53 and x"),
        ("10<sup>6</sup> of H<sub>2</sub>O", "106 of H2O"),
        ("&lt;i&gt;p53&lt;/i&gt;", "p53"),
        ("&amp;lt;sub&amp;gt;2&amp;lt;/sub&amp;gt;", "2"),
        ('<span class="a" id=x>y</span>', "y"),
        ("<jats:p>One</jats:p>", "\n\nOne\n\n"),
        ("a<br/>b", "a b"),
        ("IL-1&beta; &#945; &#x3b1; &amp; &amp;alpha; &nbsp;", "IL-1β α α & α \u00a0"),
        ("<!-- note -->x<![CDATA[y]]>", "xy"),
        ("zero\u200bwidth so\u00adft \ufeffmark", "zerowidth soft mark"),
        ("<mml:math><mml:mi>x</mml:mi></mml:math>", "x"),
    ],
)
def test_markup_is_not_read(stored, read):
    assert read_text(stored).text == visible(stored) == read


def test_a_name_that_lost_one_tag_of_two_is_read_without_the_other():
    assert [visible(name) for name in ("CD4<sup>+", "TP53</i>", "p < 0.05", "A&B")] == [
        "CD4+",
        "TP53",
        "p < 0.05",
        "A&B",
    ]


@pytest.mark.parametrize(
    "text",
    ["p < 0.05 and q > 3", "a<b and c>d", "n<i>", "R&D of AT&T; x", "5<x<7", "<unknown>tag</unknown>", "</i> alone <i>",
     "<https://a.org>", "A<G>C", "&nosuchthing;", "wild-type <-> mutant"],
)  # fmt: skip
def test_what_only_looks_like_markup_is_text(text):
    reading = read_text(text)
    assert reading.text == text and reading.is_plain


def test_each_character_that_is_read_stands_where_the_reading_says():
    document = Document(1, "On <i>TP53</i>", MARKED)
    reading = read_document(document)
    assert len(reading.text) == len(reading.starts) == len(reading.ends)
    assert list(reading.starts) == sorted(reading.starts)
    kept = [(c, document.text[s:e]) for c, s, e in zip(reading.text, reading.starts, reading.ends, strict=True)]
    changed = {(read, stored) for read, stored in kept if read != stored}
    assert changed == {("β", "&beta;"), ("&", "&amp;"), ("\n", "<h4>"), ("\n", "</h4>")}
    assert reading.text[: reading.n_title_chars] == "On TP53"


def test_words_and_sentences_are_cut_as_without_markup_and_counted_in_the_stored_text(tokenizer):
    marked, plain = Document(1, "On <i>TP53</i>", MARKED), Document(1, "On TP53", visible(MARKED))
    of_marked, of_plain = split_pieces([marked, plain], tokenizer)
    for name in ("ids", "word_of_piece", "word_shapes", "word_groups", "word_sentences", "sentence_words"):
        assert np.array_equal(getattr(of_marked, name), getattr(of_plain, name)), name
    assert [visible(word) for word in words(marked, tokenizer)] == words(plain, tokenizer)
    assert {"TP53", "co\u00adoperative", "mi\u200bce", "β"} & set(words(marked, tokenizer)) == {
        "TP53",
        "co\u00adoperative",
        "mi\u200bce",
    }
    sentences = [marked.text[start:end] for start, end in split_document(marked)]
    assert sentences == ["On <i>TP53", "Aim", MARKED[12 : MARKED.index(" <i>TP53")], "TP53</i> rose."]
    assert of_marked.sentence_spans.tolist() == [list(span) for span in split_document(marked)]


def test_neighbours_in_a_batch_change_nothing(tokenizer):
    documents = [Document(1, "Plain", "words here."), Document(2, "On <b>x</b>", MARKED), Document(3, "a", None)]
    together = split_pieces(documents, tokenizer)
    for document, pieces in zip(documents, together, strict=True):
        (alone,) = split_pieces([document], tokenizer)
        assert np.array_equal(pieces.word_spans, alone.word_spans)
        assert np.array_equal(pieces.sentence_spans, alone.sentence_spans)


def test_definitions_are_found_through_markup():
    text = "heat <i>shock</i> factor (<b>HSF</b>) binds"
    ((short, long),) = find_definitions(text)
    assert (text[slice(*short)], text[slice(*long)]) == ("HSF", "heat <i>shock</i> factor")


@pytest.mark.parametrize("unit", ["<", "&", "<i>", "&lt;", "<i ", "<a b=", "<!--", "<a b='", "&amp;", "\u00ad", "</"])
def test_a_long_text_of_openings_takes_linear_time(unit):
    text = (unit * 100_000)[:100_000]
    started = time.process_time()
    read_text(text)
    assert time.process_time() - started < 8
