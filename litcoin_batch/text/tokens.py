"""Tokens of text to pieces and words, each different token once.

A token is what stands between two spaces where the tokenizer treats that alike wherever it stands, else a whole text.
Most tokens of many abstracts are repetitions.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

# Runs of word characters, and every other non-space character alone: BERT's basic tokenisation, at
# whose borders 99.5 % of BioRED Train mentions start and end.
_WORD = re.compile(r"\w+|[^\w\s]")
# An odd number without structure; sums of its powers wrap around at 64 bits.
_HASH_BASE = np.uint64(0x9E3779B97F4A7C15)
# Tokens that the tokenizer is given as one text: each text costs it more than a token does.
_TOKENS_PER_TEXT = 128


@dataclass(frozen=True, slots=True)
class Tokens:
    """Ragged arrays: the words of token ``i`` are ``first_word[i]`` to ``first_word[i + 1]``, its pieces likewise.

    ``n_chars`` (tokens,); ``first_word``, ``first_piece`` (tokens + 1,); ``ids``, ``words`` (pieces,) vocabulary ids and
    index into the token's words; ``spans`` (words, 2) characters of the token; ``shapes`` (words,), see ``_word_shapes``;
    ``spellings`` (words,) numbers, the same for words spelt alike but for ASCII letter case. Words without a piece are
    left out.
    """

    n_chars: np.ndarray
    first_word: np.ndarray
    first_piece: np.ndarray
    ids: np.ndarray
    words: np.ndarray
    spans: np.ndarray
    shapes: np.ndarray
    spellings: np.ndarray

    def take(self, rows: np.ndarray) -> Tokens:
        """The tokens of these indices, in their order and as often."""
        n_words, n_pieces = np.diff(self.first_word)[rows], np.diff(self.first_piece)[rows]
        word, piece = _ranges(self.first_word[rows], n_words), _ranges(self.first_piece[rows], n_pieces)
        return Tokens(
            n_chars=self.n_chars[rows],
            first_word=edges_of(n_words),
            first_piece=edges_of(n_pieces),
            ids=self.ids[piece],
            words=self.words[piece],
            spans=self.spans[word],
            shapes=self.shapes[word],
            spellings=self.spellings[word],
        )


def tokens_of(texts: Sequence[str], tokenizer: Tokenizer) -> Tokens:
    """The tokens of all texts one after the other; joined by spaces they are the texts joined by spaces."""
    by_spaces = _spaces_part(tokenizer)
    # Tokens are numbered as they are first looked up.
    numbers: dict[str, int] = defaultdict(count().__next__)
    rows = np.fromiter(map(numbers.__getitem__, " ".join(texts).split(" ") if by_spaces else texts), np.int64)
    return _tokenise(list(numbers), tokenizer, _TOKENS_PER_TEXT if by_spaces else 1).take(rows)


def starts_of(n_chars: Sequence[int] | np.ndarray) -> np.ndarray:
    """Where each of several strings starts when they are joined by one space."""
    with_space = np.asarray(n_chars, np.int64) + 1
    return np.cumsum(with_space) - with_space


def edges_of(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """(counts + 1,) where ragged rows of so many items begin, and where the last ends."""
    return np.append(0, np.cumsum(counts, dtype=np.int64))


def _spaces_part(tokenizer: Tokenizer) -> bool:
    """Whether what stands left and right of a space is always tokenised independently: BERT's basic tokenisation.

    Without ``clean_text`` a piece may begin with a control character that is white space for Python.
    """
    return (
        isinstance(tokenizer.normalizer, BertNormalizer)
        and tokenizer.normalizer.clean_text
        and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        and tokenizer.truncation is None
        and tokenizer.padding is None
        and not any(
            token.lstrip or token.rstrip or token.single_word or " " in token.content
            for token in tokenizer.get_added_tokens_decoder().values()
        )
    )


def _tokenise(tokens: Sequence[str], tokenizer: Tokenizer, per_text: int) -> Tokens:
    """In one call of the Rust tokenizer, ``per_text`` tokens as one text."""
    texts = [" ".join(tokens[i : i + per_text]) for i in range(0, len(tokens), per_text)]
    # From here on one string: what is counted by text or by token is moved to where that starts.
    joined = " ".join(texts)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    spans = _int32(chain.from_iterable(map(re.Match.span, _WORD.finditer(joined)))).reshape(-1, 2)
    ids, word = _pieces(texts, tokenizer, codes, spans[:, 0])
    used = np.zeros(len(spans), bool)
    used[word] = True
    spans, word = spans[used], (np.cumsum(used, dtype=np.int32) - 1)[word]

    n_chars = np.asarray([len(token) for token in tokens], np.int32)
    starts = starts_of(n_chars)
    first_word = np.append(np.searchsorted(spans[:, 0], starts), len(spans))
    first_piece = np.searchsorted(word, first_word)
    return Tokens(
        n_chars=n_chars,
        first_word=first_word,
        first_piece=first_piece,
        ids=ids,
        words=word - np.repeat(first_word[:-1].astype(np.int32), np.diff(first_piece)),
        spans=spans - np.repeat(starts.astype(np.int32), np.diff(first_word))[:, None],
        shapes=_word_shapes(codes, spans),
        spellings=_spellings(codes, spans),
    )


def _pieces(
    texts: Sequence[str], tokenizer: Tokenizer, codes: np.ndarray, word_starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Vocabulary ids and words (pieces,), without the pieces that stand before the first word of their text."""
    encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
    n_pieces = [len(encoding) for encoding in encodings]
    ids = _int32(chain.from_iterable(encoding.ids for encoding in encodings))
    offsets = _int32(chain.from_iterable(chain.from_iterable(encoding.offsets for encoding in encodings))).reshape(
        -1, 2
    )
    text_starts = starts_of([len(text) for text in texts])
    word = _words_at(codes, word_starts, offsets + np.repeat(text_starts, n_pieces)[:, None])
    keep = word >= np.repeat(np.searchsorted(word_starts, text_starts), n_pieces)
    return ids[keep], word[keep]


def _words_at(codes: np.ndarray, word_starts: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(pieces,) the last word that starts where the piece does or before, -1 where none does."""
    if not len(codes):
        return np.full(len(offsets), -1)
    begins = np.zeros(len(codes), bool)
    begins[word_starts] = True
    word = np.cumsum(begins, dtype=np.int32) - 1
    # Some tokenizers count the space before a word as part of its first piece; the end never does.
    starts, ends = offsets.T
    anchor = np.maximum(starts, ends - 1)
    # One piece may span several words only at its start ("▁(" and the like): the last character decides
    # there, and for every other piece first and last character lie in the same word.
    last = len(codes) - 1
    decides = np.where(_is_space(codes[np.minimum(starts, last)]), anchor, starts)
    return word[np.minimum(decides, last)]


def _is_space(codes: np.ndarray) -> np.ndarray:
    """(characters,) bool: whether they are white space."""
    return (codes == 32) | ((codes >= 9) & (codes <= 13)) | (codes == 0xA0)


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


def _spellings(codes: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(words,) int32. Words are compared by a 64-bit polynomial hash: no string is made per word."""
    if not len(spans):
        return np.zeros(0, np.int32)
    upper = (codes >= 65) & (codes <= 90)
    lowered = (codes + 32 * upper).astype(np.uint64)
    length = spans[:, 1] - spans[:, 0]
    place = _ranges(np.zeros_like(length), length)
    characters = lowered[_ranges(spans[:, 0], length)]
    powers = np.full(int(length.max()), _HASH_BASE, np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    hashes = np.add.reduceat(characters * powers[place], np.cumsum(length) - length)
    return np.unique(hashes, return_inverse=True)[1].astype(np.int32)


def _count_within(flags: np.ndarray, spans: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0], np.cumsum(flags)])
    return total[spans[:, 1]] - total[spans[:, 0]]


def _int32(values: Iterable[int]) -> np.ndarray:
    return np.fromiter(values, np.int32)


def _ranges(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The integers from each start on, as many as its count, one after the other."""
    return np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
