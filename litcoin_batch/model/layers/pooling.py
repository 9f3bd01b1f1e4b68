"""Rows of tensors grouped and pooled: what the heads do between their layers.

No loop over documents, words or pairs; everything may be differentiated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import ROW_STEP, DocumentBatch, padded_len


@dataclass(frozen=True, slots=True)
class Words:
    """Vectors of a batch's words, document after document.

    ``rows`` Shape: (words, width), with rows of zeros behind the last word up to a multiple of ROW_STEP, see ``batches``;
    ``first`` Shape: (documents,) the row of each document's first word.
    """

    rows: Tensor
    first: np.ndarray


def pool_words(vectors: Tensor, batch: DocumentBatch) -> Words:
    """The mean of each word's pieces, from ``vectors`` Shape: (batch, pieces, width)."""
    lying, places = _in_memory(vectors, *torch.nonzero(batch.mask).unbind(dim=1))
    count = torch.bincount(batch.word, minlength=padded_len(len(batch.word_group), ROW_STEP))
    sums = nn.functional.embedding_bag(places, lying, count.cumsum(dim=0) - count, mode="sum")
    return Words(sums.div_(count.clamp(min=1)[:, None]), batch.first_word)


def _in_memory(vectors: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """``vectors`` Shape: (rows, columns, width) as the memory has them, Shape: (places, width), and the places of those in ``row`` and ``column``.

    Encoders leave documents or steps first, and some beside them: nothing is copied to bring them into another order.
    """
    width = vectors.shape[2]
    if vectors.stride(2) != 1 or any(stride % width for stride in vectors.stride()[:2]):
        vectors = vectors.contiguous()
    of_row, of_column = (stride // width for stride in vectors.stride()[:2])
    n = (len(vectors) - 1) * of_row + (vectors.shape[1] - 1) * of_column + 1
    return vectors.as_strided((n, width), (width, 1)), row * of_row + column * of_column


def group_means(rows: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Shape: (groups, columns): the mean of the rows of each group, zero where it has none."""
    count = torch.bincount(group, minlength=n_groups).clamp(min=1)
    return rows.new_zeros(n_groups, rows.shape[1]).index_add_(0, group, rows).div_(count[:, None])


def maximum(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Shape: (groups, columns): the largest of the rows of each group; every group has a row."""
    lowest = values.new_full((n_groups, values.shape[1]), -torch.inf)
    return lowest.scatter_reduce(0, group[:, None].expand_as(values), values, "amax")


def log_sum_exp(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """Shape: (groups, columns): log-sum-exp of the rows of each group; every group has a row."""
    peak = maximum(values.detach(), group, n_groups)
    total = torch.zeros_like(peak).index_add_(0, group, torch.exp(values - peak[group]))
    return torch.log(total) + peak


def on_padded_rows(module: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """``module(rows)``, computed on a multiple of ROW_STEP rows: see ``batches``."""
    n = len(rows)
    extra = padded_len(n, ROW_STEP) - n
    return module(nn.functional.pad(rows, (0, 0, 0, extra)))[:n] if extra else module(rows)
