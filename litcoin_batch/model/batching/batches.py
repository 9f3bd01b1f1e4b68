"""Documents of similar length as padded tensors.

Each document is padded to a multiple of ``LENGTH_STEP`` that depends on the document alone, where padding takes part
in sums (attention); together with row counts that are multiples of ``ROW_STEP`` this makes every result independent of
the batch it was computed in, bit for bit: matrix products choose another kernel for very few rows only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from litcoin_batch.text.pieces import Pieces

LENGTH_STEP = 16
ROW_STEP = 16


@dataclass(frozen=True, slots=True)
class DocumentBatch:
    """``ids``, ``shapes`` Shape: (batch, pieces); ``mask`` Shape: (batch, pieces) bool, True where data is real;
    ``word`` Shape: (real pieces,) and ``word_group`` Shape: (real words,) number words, and the differently spelt words of each
    document, through the batch; ``word_mask`` Shape: (batch, words), where a document has a word.
    """

    ids: Tensor
    shapes: Tensor
    mask: Tensor
    word: Tensor
    word_mask: Tensor
    word_group: Tensor
    pieces: tuple[Pieces, ...]

    @property
    def first_word(self) -> np.ndarray:
        """Shape: (documents,) int: the number of each document's first word."""
        return np.cumsum([0, *(p.n_words for p in self.pieces[:-1])])

    def to(self, device: torch.device) -> DocumentBatch:
        tensors: tuple[Tensor, ...] = (self.ids, self.shapes, self.mask, self.word, self.word_mask, self.word_group)
        if device.type == "cuda":
            # From memory that stays in place the copy goes on while the host does other things.
            tensors = tuple(t.pin_memory() for t in tensors)
        return DocumentBatch(*(t.to(device, non_blocking=True) for t in tensors), self.pieces)  # type: ignore[call-arg]  # six tensors


def padded_len(n: int, step: int = LENGTH_STEP) -> int:
    return max(step, -(-n // step) * step)


def collate(documents: Sequence[Pieces], pad_id: int, rows: int | None = None) -> DocumentBatch:
    """Pad documents to their common length; ``rows`` adds empty documents up to that batch size."""
    n = max(rows or 0, len(documents))
    n_pieces = padded_len(max(p.n_pieces for p in documents))
    n_words = padded_len(max(p.n_words for p in documents))
    ids = np.full((n, n_pieces), pad_id, np.int64)
    shapes = np.zeros((n, n_pieces), np.int64)
    mask = np.zeros((n, n_pieces), bool)
    word_mask = np.zeros((n, n_words), bool)
    for row, p in enumerate(documents):
        ids[row, : p.n_pieces] = p.ids
        shapes[row, : p.n_pieces] = p.word_shapes[p.word_of_piece]
        mask[row, : p.n_pieces] = True
        word_mask[row, : p.n_words] = True
    word = _numbered([p.word_of_piece for p in documents], [p.n_words for p in documents])
    groups = _numbered([p.word_groups for p in documents], [p.n_groups for p in documents])
    arrays = (ids, shapes, mask, word, word_mask, groups)
    return DocumentBatch(*map(torch.from_numpy, arrays), tuple(documents))  # type: ignore[call-arg]  # six arrays


def _numbered(parts: Sequence[np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    """Numbers below ``sizes`` in each of ``parts``, joined so that those of each part follow those of the part before."""
    base = np.cumsum([0, *sizes[:-1]])
    return np.concatenate(parts).astype(np.int64) + np.repeat(base, [len(part) for part in parts])


@dataclass(frozen=True, slots=True)
class Mixing:
    """Which documents may share a batch. ``shortest``: of the longest's length; 1 for one padded length only.
    ``row_step``: batches are filled to a multiple of so many documents, if need be by such as have the share ``filling``
    of the longest's length.
    ``length_step``: to what lengths are rounded up.
    """

    shortest: float = 1.0
    row_step: int = 1
    filling: float = 0.0
    length_step: int = LENGTH_STEP


def plan_batches(lengths: Sequence[int], max_pieces: int, mixing: Mixing = Mixing()) -> Iterator[list[int]]:
    """Indices of documents batch by batch, longest first, at most ``max_pieces`` padded pieces each (or a single document)."""
    padded = np.asarray([padded_len(n, mixing.length_step) for n in lengths])
    order = np.argsort(-padded, kind="stable")
    step, start = mixing.row_step, 0
    while start < len(order):
        length = padded[order[start]]
        room = max(step, max_pieces // int(length) // step * step)
        stop = start + 1
        while stop < len(order) and stop - start < room:
            least = mixing.filling if (stop - start) % step else mixing.shortest
            if padded[order[stop]] < least * length:
                break
            stop += 1
        yield order[start:stop].tolist()
        start = stop
