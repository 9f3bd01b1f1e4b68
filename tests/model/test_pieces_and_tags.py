from itertools import product

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

from litcoin_batch.model.batching.tags import decode_tags, encode_tags
from litcoin_batch.schema import Document, Mention
from litcoin_batch.text import pieces as pieces_module
from litcoin_batch.text import tokens as chunks_module
from litcoin_batch.text.pieces import N_SHAPES, split_pieces, word_ranges
from tiny_models import documents
from training.data.piece_vocabulary import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer([d.text for d in documents()], 300)


def test_every_word_has_a_piece_and_spans_are_ordered(tokenizer):
    for document, pieces in zip(documents(), split_pieces(documents(), tokenizer), strict=True):
        assert sorted(set(pieces.word_of_piece.tolist())) == list(range(pieces.n_words))
        assert (np.diff(pieces.word_of_piece) >= 0).all()
        words = [document.text[a:b] for a, b in pieces.word_spans.tolist()]
        assert "".join(words) == "".join(document.text.split())


def test_words_lie_in_their_sentences(tokenizer):
    document = documents()[1]
    pieces = split_pieces([document], tokenizer)[0]
    inside = pieces.sentence_spans[pieces.word_sentences]
    assert (pieces.word_spans[:, 0] >= inside[:, 0]).all() and (pieces.word_spans[:, 1] <= inside[:, 1]).all()
    covered = [w for first, stop in pieces.sentence_words.tolist() for w in range(first, stop)]
    assert covered == list(range(pieces.n_words))


def test_shapes_tell_letter_case_and_digits(tokenizer):
    document = Document(1, "the Gene TP53 kRas 123 µ", None)
    pieces = split_pieces([document], tokenizer)[0]
    shape = {
        document.text[a:b]: s for (a, b), s in zip(pieces.word_spans.tolist(), pieces.word_shapes.tolist(), strict=True)
    }
    assert len({shape[w] for w in ("the", "Gene", "TP53", "kRas", "123")}) == 5
    assert max(shape.values()) < N_SHAPES


def test_groups_are_words_spelt_alike(tokenizer):
    for document in [*documents(), Document(1, "Tp53 tp53 TP53 TP5 3 3PT µ Μ a aa \x00a", None)]:
        pieces = split_pieces([document], tokenizer)[0]
        ascii_lower = str.maketrans({chr(c): chr(c + 32) for c in range(65, 91)})
        words = [document.text[a:b].translate(ascii_lower) for a, b in pieces.word_spans.tolist()]
        expected = {word: {i for i, other in enumerate(words) if other == word} for word in words}
        found = [set(np.flatnonzero(pieces.word_groups == group).tolist()) for group in range(pieces.n_groups)]
        assert sorted(map(sorted, found)) == sorted(map(sorted, expected.values()))


def test_word_ranges_cover_exactly_the_words_of_a_span(tokenizer):
    document = documents()[1]
    pieces = split_pieces([document], tokenizer)[0]
    start = document.text.index("COX-2")
    spans = (start, start + len("COX-2")), (start - 1, start)
    (first, stop), nothing = word_ranges(
        [pieces], [[Mention(a, b, "GeneOrGeneProduct", document.text[a:b]) for a, b in spans]]
    ).tolist()
    assert pieces.word_spans[first, 0] == start and pieces.word_spans[stop - 1, 1] == start + 5
    assert stop - first == 3
    assert nothing == [first, first]
    assert word_ranges([pieces], [[]]).shape == (0, 2)


def test_word_ranges_of_many_documents_are_those_of_each(tokenizer):
    texts = ["p53 binds MDM2.", "", "BRCA1 and BRCA2 in carriers of 185delAG, and again BRCA1", "x"]
    pieces = split_pieces([Document(n, text, None) for n, text in enumerate(texts)], tokenizer)
    mentions = [
        [
            Mention(start, end, "GeneOrGeneProduct", text[start:end])
            for start in range(0, len(text), 3)
            for end in (start + 1, len(text))
        ]
        for text in texts
    ]
    together = word_ranges(pieces, mentions).tolist()
    assert together == [
        span for p, some in zip(pieces, mentions, strict=True) for span in word_ranges([p], [some]).tolist()
    ]
    for (first, stop), (p, mention) in zip(
        together, [(p, m) for p, some in zip(pieces, mentions, strict=True) for m in some], strict=True
    ):
        assert list(range(first, stop)) == [
            w for w, (start, end) in enumerate(p.word_spans.tolist()) if start < mention.end and end > mention.start
        ]


@pytest.mark.parametrize("text", ["", " ", "\u200b", ". . .", "a" * 5000])
def test_odd_texts_have_consistent_pieces(tokenizer, text):
    pieces = split_pieces([Document(1, text, None)], tokenizer)[0]
    assert len(pieces.word_of_piece) == pieces.n_pieces
    assert pieces.n_words == len(set(pieces.word_of_piece.tolist()))


def same_arrays(one, other):
    names = type(one).__dataclass_fields__
    return all(
        np.array_equal(getattr(one, n), getattr(other, n)) and getattr(one, n).dtype == getattr(other, n).dtype
        for n in names
    )


ODD = (
    "",
    " ",
    "  two  spaces  ",
    "\t tab \x0b\x1c\x85 control \x00\x00",
    "\u200b \u200b.",
    "soft\u00adhyphen caf\u00e9 cafe\u0301 \u0301 a",
    "no\u00a0break thin\u2009space",
    "\u4e2d\u6587 IL-6\u4e2d",
    "\U0001f600\u200d\U0001f9ec",
    "_a_ __ b_c [SEP][CLS] [PAD",
    ". . ... " * 50,
    "a" * 5000,
)


def test_a_document_yields_the_same_in_any_company(tokenizer, monkeypatch):
    many = [*documents(), *(Document(i, text, other) for i, (text, other) in enumerate(product(ODD, ODD)))]
    alone = [split_pieces([document], tokenizer)[0] for document in many]
    for block_chars in (1, 1000, 1 << 30):
        monkeypatch.setattr(pieces_module, "_BLOCK_CHARS", block_chars)
        assert all(map(same_arrays, split_pieces(many, tokenizer), alone))


def test_chunks_of_a_text_yield_what_the_whole_text_does(tokenizer, monkeypatch):
    many = [*documents(), *(Document(i, text, other) for i, (text, other) in enumerate(product(ODD, ODD)))]
    assert chunks_module._spaces_part(tokenizer)
    by_chunk = split_pieces(many, tokenizer)
    monkeypatch.setattr(chunks_module, "_spaces_part", lambda _: False)
    assert all(map(same_arrays, by_chunk, split_pieces(many, tokenizer)))


def test_tokenizers_that_look_at_spaces_are_given_whole_texts():
    vocabulary = {piece: i for i, piece in enumerate(("\u2581", "a", "b", "c", "(", ")", ".", "\u2581("))}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("\u2581", "(")]))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    texts = ["a (b) c.", " ", "", "  ab  c"]
    together = split_pieces([Document(i, text, None) for i, text in enumerate(texts)], tokenizer)
    for text, pieces in zip(texts, together, strict=True):
        assert same_arrays(pieces, split_pieces([Document(1, text, None)], tokenizer)[0])
    words = [texts[0][a:b] for a, b in together[0].word_spans.tolist()]
    assert words == ["a", "(", "b", ")", "c", "."]
    # The piece of a space alone belongs to the word before it, that of "\u2581(" to the bracket.
    assert [words[w] for w in together[0].word_of_piece.tolist()] == ["a", "a", "(", "b", ")", ")", "c", ".", "."]


@pytest.mark.parametrize("token", [{"lstrip": True}, {"rstrip": True}, {"single_word": True}])
def test_added_tokens_that_look_at_spaces_make_chunks_dependent(tokenizer, token):
    other = Tokenizer.from_str(tokenizer.to_str())
    other.add_tokens([AddedToken("gene", **token)])
    assert chunks_module._spaces_part(tokenizer) and not chunks_module._spaces_part(other)


def test_decoding_undoes_encoding():
    rng = np.random.default_rng(0)
    for _ in range(200):
        borders = np.sort(rng.choice(40, 10, replace=False))
        ranges = borders.reshape(-1, 2)
        types = rng.integers(0, 6, len(ranges))
        found, kinds = decode_tags(encode_tags(ranges, types, 40), np.zeros(40, int))
        assert found.tolist() == ranges.tolist() and kinds.tolist() == types.tolist()


def test_adjacent_mentions_of_one_type_stay_apart():
    tags = encode_tags(np.array([[0, 2], [2, 3]]), np.array([1, 1]), 4)
    assert decode_tags(tags, np.zeros(4, int))[0].tolist() == [[0, 2], [2, 3]]


def test_no_mention_crosses_documents_and_stray_insides_begin_one():
    inside = 2
    ranges, _ = decode_tags(np.array([inside, inside, inside]), np.array([0, 0, 1]))
    assert ranges.tolist() == [[0, 2], [2, 3]]
