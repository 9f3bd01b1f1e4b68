"""Mentions as one tag per word, and back.

Tag 0 is outside; entity type ``k`` has the tags ``1 + 2k`` (begin) and ``2 + 2k`` (inside).
"""

from __future__ import annotations

import numpy as np

from litcoin_batch.schema import ENTITY_TYPES

N_TAGS = 1 + 2 * len(ENTITY_TYPES)


def encode_tags(ranges: np.ndarray, types: np.ndarray, n_words: int) -> np.ndarray:
    """Tags Shape: (words,) of mentions given as word ranges Shape: (mentions, 2) and type indices Shape: (mentions,).

    Where mentions overlap the earlier row wins: BioRED has none, other corpora a few.
    """
    tags = np.zeros(n_words, np.int64)
    for (first, stop), kind in zip(ranges, types, strict=True):
        if stop > first and not tags[first:stop].any():
            tags[first:stop] = 2 + 2 * kind
            tags[first] = 1 + 2 * kind
    return tags


def decode_tags(tags: np.ndarray, document: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Word ranges Shape: (mentions, 2) and types Shape: (mentions,) of the tags Shape: (words,) of several documents.

    ``document`` Shape: (words,) says which document a word belongs to; no mention crosses a border. An inside
    tag that continues nothing of its type begins a mention.
    """
    kind = np.where(tags > 0, (tags - 1) // 2, -1)
    begins = tags % 2 == 1
    same_as_previous = np.zeros(len(tags), bool)
    same_as_previous[1:] = (kind[1:] == kind[:-1]) & (document[1:] == document[:-1])
    inside = kind >= 0
    starts = inside & (begins | ~same_as_previous)
    continues = np.zeros(len(tags), bool)
    continues[:-1] = inside[1:] & ~starts[1:] & inside[:-1]
    first = np.flatnonzero(starts)
    last = np.flatnonzero(inside & ~continues)
    return np.stack([first, last + 1], axis=1), kind[first]
