"""Text to pieces with character spans, and pieces to whole words.

Words are what the tag head decides on, so that a mention never ends inside a word; pieces are what
an encoder reads. Both keep their spans into ``Document.text``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from litcoin_batch.model.sentences import split_document
from litcoin_batch.schema import Document, Mention

# Runs of word characters, and every other non-space character alone: BERT's basic tokenisation, at
# whose borders 99.5 % of BioRED Train mentions start and end.
_WORD = re.compile(r"\w+|[^\w\s]")

N_SHAPES = 12
# An odd number without structure; sums of its powers wrap around at 64 bits.
_HASH_BASE = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Pieces:
    """One document as arrays.

    ``ids`` (pieces,) vocabulary ids; ``word_of_piece`` (pieces,) index into the words; ``word_spans``
    (words, 2) character spans; ``word_shapes`` (words,) in [0, N_SHAPES); ``word_groups`` (words,) in
    [0, n_groups), the same for words spelt alike but for ASCII letter case; ``word_sentences`` (words,) index into ``sentence_spans`` (sentences, 2) character spans; ``sentence_words`` (sentences, 2) word spans.
    """

    ids: np.ndarray
    word_of_piece: np.ndarray
    word_spans: np.ndarray
    word_shapes: np.ndarray
    word_groups: np.ndarray
    word_sentences: np.ndarray
    sentence_spans: np.ndarray
    sentence_words: np.ndarray

    @property
    def n_pieces(self) -> int:
        return len(self.ids)

    @property
    def n_words(self) -> int:
        return len(self.word_spans)

    @property
    def n_groups(self) -> int:
        return int(self.word_groups.max(initial=-1)) + 1


def split_pieces(documents: Sequence[Document], tokenizer: Tokenizer) -> list[Pieces]:
    """Tokenise a batch of documents in one call of the Rust tokenizer, without special pieces."""
    texts = [document.text for document in documents]
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    return [
        _pieces(text, np.asarray(encoding.ids, np.int32), encoding.offsets, split_document(document))
        for document, text, encoding in zip(documents, texts, encodings, strict=True)
    ]


def word_ranges(pieces: Pieces, mentions: Sequence[Mention]) -> np.ndarray:
    """(mentions, 2) int: the half-open range of words that overlap each mention; empty where none does."""
    first = np.searchsorted(pieces.word_spans[:, 1], [m.start for m in mentions], side="right")
    stop = np.searchsorted(pieces.word_spans[:, 0], [m.end for m in mentions], side="left")
    return np.stack([first, np.maximum(first, stop)], axis=1)


def _pieces(text: str, ids: np.ndarray, offsets: list, sentences: list[tuple[int, int]]) -> Pieces:
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    spans = np.asarray([match.span() for match in _WORD.finditer(text)], np.int32).reshape(-1, 2)
    starts = np.asarray([start for start, _ in offsets], np.int32)
    # Some tokenizers count the space before a word as part of its first piece; the end never does.
    ends = np.asarray([end for _, end in offsets], np.int32)
    anchor = np.maximum(starts, ends - 1)
    # One piece may span several words only at its start ("▁(" and the like): the last character decides
    # there, and for every other piece first and last character lie in the same word.
    word = np.searchsorted(spans[:, 0], np.where(_is_space(codes, starts), anchor, starts), side="right") - 1
    keep = word >= 0
    ids, word = ids[keep], word[keep]
    used, word = np.unique(word, return_inverse=True)
    spans = spans[used]
    sentence_spans = np.asarray(sentences, np.int32).reshape(-1, 2)
    of_sentence = np.searchsorted(sentence_spans[:, 0], spans[:, 0], side="right") - 1
    ordinals = np.arange(len(sentence_spans))
    borders = (np.searchsorted(of_sentence, ordinals, "left"), np.searchsorted(of_sentence, ordinals, "right"))
    return Pieces(
        ids,
        word.astype(np.int32),
        spans,
        _word_shapes(codes, spans),
        _word_groups(codes, spans),
        np.maximum(of_sentence, 0).astype(np.int32),
        sentence_spans,
        np.stack(borders, axis=1).astype(np.int32),
    )


def _is_space(codes: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(positions,) bool: whether the character there is white space."""
    if not len(codes):
        return np.zeros(len(positions), bool)
    code = codes[np.minimum(positions, len(codes) - 1)]
    return (code == 32) | ((code >= 9) & (code <= 13)) | (code == 0xA0)


def _word_shapes(codes: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Letter case and digits of each word, which an uncased vocabulary loses but gene symbols live by.

    (words,) int32: 3 * case + digits, case 0 no capital, 1 first letter only, 2 all letters, 3 mixed;
    digits 0 none, 1 some, 2 nothing else. Capitals are ASCII: that is where symbols have them.
    """
    upper = (codes >= 65) & (codes <= 90)
    lower = (codes >= 97) & (codes <= 122)
    digit = (codes >= 48) & (codes <= 57)
    n_upper, n_lower, n_digit = (_count_within(flags, spans) for flags in (upper, lower, digit))
    first = upper[spans[:, 0]] if len(spans) else np.zeros(0, bool)
    case = np.select(
        [n_upper == 0, (n_lower == 0), first & (n_upper == 1)],
        [0, 2, 1],
        default=3,
    )
    length = spans[:, 1] - spans[:, 0]
    digits = np.where(n_digit == 0, 0, np.where(n_digit == length, 2, 1))
    return (3 * case + digits).astype(np.int32)


def _word_groups(codes: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(words,) int32. Words are compared by a 64-bit polynomial hash: no string is made per word."""
    if not len(spans):
        return np.zeros(0, np.int32)
    upper = (codes >= 65) & (codes <= 90)
    lowered = (codes + 32 * upper).astype(np.uint64)
    length = spans[:, 1] - spans[:, 0]
    place = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    characters = lowered[np.repeat(spans[:, 0], length) + place]
    powers = np.full(int(length.max()), _HASH_BASE, np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    hashes = np.add.reduceat(characters * powers[place], np.cumsum(length) - length)
    return np.unique(hashes, return_inverse=True)[1].astype(np.int32)


def _count_within(flags: np.ndarray, spans: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0], np.cumsum(flags)])
    return total[spans[:, 1]] - total[spans[:, 0]]
