"""Text to pieces with character spans, and pieces to whole words.

Words are what the tag head decides on, so that a mention never ends inside a word; pieces are what
an encoder reads. Both keep their spans into ``Document.text``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby, pairwise
from operator import attrgetter, itemgetter

import numpy as np
from tokenizers import Tokenizer

from litcoin_batch.schema import Document, Mention
from litcoin_batch.text.reading import Reading, read_document
from litcoin_batch.text.sentences import split_reading
from litcoin_batch.text.tokens import edges_of, starts_of, tokens_of

N_SHAPES = 12
# Characters that are computed at once: enough documents to share their words, few enough to bound memory.
_BLOCK_CHARS = 1 << 22


@dataclass(frozen=True, slots=True)
class Pieces:
    """One document as arrays.

    ``ids`` (pieces,) vocabulary ids; ``word_of_piece`` (pieces,) index into the words; ``word_spans``
    (words, 2) character spans; ``word_shapes`` (words,) in [0, N_SHAPES); ``word_groups`` (words,) in
    [0, n_groups), the same for words spelt alike but for ASCII letter case; ``word_sentences`` (words,)
    index into ``sentence_spans`` (sentences, 2) character spans; ``sentence_words`` (sentences, 2) word spans.
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
    """Tokenise documents without special pieces. What one document yields does not depend on the others."""
    n_chars = [len(document.title or "") + len(document.abstract or "") for document in documents]
    block = (np.cumsum(n_chars) // _BLOCK_CHARS).tolist()
    blocks = groupby(zip(block, documents, strict=True), key=itemgetter(0))
    return [pieces for _, some in blocks for pieces in _split_block([document for _, document in some], tokenizer)]


def word_ranges(pieces: Sequence[Pieces], mentions: Sequence[Sequence[Mention]]) -> np.ndarray:
    """(mentions of all documents, 2) int: the half-open range of words of its document that overlap each; empty where none does."""
    n_mentions, n_words = [len(some) for some in mentions], [p.n_words for p in pieces]
    flat = list(chain.from_iterable(mentions))
    starts, ends = (np.fromiter(map(attrgetter(name), flat), np.int64, len(flat)) for name in ("start", "end"))
    spans = np.concatenate([p.word_spans for p in pieces])
    # Farther than any text reaches, so that places of two documents never mix.
    apart = 1 + max(int(ends.max(initial=0)), int(spans.max(initial=0)))
    shift = np.arange(len(pieces)) * apart
    word_starts, word_ends = spans.T + np.repeat(shift, n_words)
    shift = np.repeat(shift, n_mentions)
    first = np.searchsorted(word_ends, starts + shift, side="right")
    stop = np.searchsorted(word_starts, ends + shift, side="left")
    ranges = np.stack([first, np.maximum(first, stop)], axis=1)
    return ranges - np.repeat(edges_of(n_words)[:-1], n_mentions)[:, None]


def _split_block(documents: Sequence[Document], tokenizer: Tokenizer) -> list[Pieces]:
    """All documents as one text, a space between each two, cut where each starts."""
    readings = [read_document(document) for document in documents]
    texts = [reading.text for reading in readings]
    tokens = tokens_of(texts, tokenizer)
    text_starts, token_starts = starts_of([len(text) for text in texts]), starts_of(tokens.n_chars)
    token_edges = np.append(np.searchsorted(token_starts, text_starts), len(token_starts))
    n_tokens = np.diff(token_edges)
    piece_edges, word_edges = tokens.first_piece[token_edges], tokens.first_word[token_edges]
    # Tokens count within themselves; these are their first word and character within their document.
    base = tokens.first_word[:-1] - np.repeat(word_edges[:-1], n_tokens)
    word_of_piece = tokens.words + _repeat(base, np.diff(tokens.first_piece))
    base = token_starts - np.repeat(text_starts, n_tokens)
    word_spans = tokens.spans + _repeat(base, np.diff(tokens.first_word))[:, None]
    columns = (
        cut(tokens.ids, piece_edges),
        cut(word_of_piece, piece_edges),
        cut(word_spans, word_edges),
        cut(tokens.shapes, word_edges),
        cut(_word_groups(tokens.spellings, word_edges), word_edges),
        *_sentences(readings, text_starts, word_spans[:, 0] + np.repeat(text_starts, np.diff(word_edges)), word_edges),
    )
    rows = zip(readings, *columns, strict=True)
    return [Pieces(*row) if reading.is_plain else _as_stored(Pieces(*row), reading) for reading, *row in rows]


def _as_stored(pieces: Pieces, reading: Reading) -> Pieces:
    """Spans of the reading as spans of the stored text."""
    starts, ends = np.asarray(reading.starts, np.int32), np.asarray(reading.ends, np.int32)

    def stored(spans: np.ndarray) -> np.ndarray:
        return np.stack([starts[spans[:, 0]], ends[spans[:, 1] - 1]], axis=1)

    return replace(pieces, word_spans=stored(pieces.word_spans), sentence_spans=stored(pieces.sentence_spans))


def _sentences(
    readings: Sequence[Reading], text_starts: np.ndarray, word_starts: np.ndarray, word_edges: np.ndarray
) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """The last three fields of ``Pieces``. Every word starts in a sentence."""
    spans = [split_reading(reading) for reading in readings]
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(spans)), np.int32).reshape(-1, 2)
    edges = edges_of([len(some) for some in spans])
    n_sentences = np.diff(edges)
    first = np.searchsorted(word_starts, flat[:, 0] + np.repeat(text_starts, n_sentences))
    n_words = np.diff(first, append=len(word_starts))
    words = np.stack([first, first + n_words], axis=1)
    ordinal = np.arange(len(flat)) - np.repeat(edges[:-1], n_sentences)
    return (
        cut(_repeat(ordinal, n_words), word_edges),
        cut(flat, edges),
        cut(words.astype(np.int32) - _repeat(word_edges[:-1], n_sentences)[:, None], edges),
    )


def _word_groups(spellings: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """(words,) int32 the rank of each spelling among those of its document."""
    # Added to a spelling it gives a number that no two documents share.
    base = np.arange(len(edges) - 1) * (int(spellings.max(initial=0)) + 1)
    unique, rank = np.unique(spellings + np.repeat(base, np.diff(edges)), return_inverse=True)
    return rank.astype(np.int32) - _repeat(np.searchsorted(unique, base), np.diff(edges))


def _repeat(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.repeat(values.astype(np.int32), counts)


def cut(values: np.ndarray, edges: np.ndarray) -> list[np.ndarray]:
    """The rows from each of ``edges`` to the next."""
    return [values[start:stop] for start, stop in pairwise(edges.tolist())]
