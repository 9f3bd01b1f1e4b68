"""Rows of tensors taken, grouped, summed and pooled: what the heads do between their layers.

No loop over documents, words or pairs; everything may be differentiated.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from litcoin_batch.model.batches import ROW_STEP, DocumentBatch, padded_len


def pool_words(vectors: Tensor, batch: DocumentBatch) -> Tensor:
    """(batch, slots, width): the mean of each word's pieces; zero where no word is."""
    n_rows, n_slots = batch.word_mask.shape
    real = vectors[batch.mask[:, : vectors.shape[1]]]
    words = real.new_zeros(n_rows * n_slots, vectors.shape[-1]).index_add_(0, batch.word_slot, real)
    count = torch.bincount(batch.word_slot, minlength=n_rows * n_slots).clamp(min=1)
    return (words / count[:, None]).view(n_rows, n_slots, -1)


def group_means(rows: Tensor, group: Tensor) -> Tensor:
    """(groups, columns): the mean of the rows of each group."""
    count = torch.bincount(group)
    return rows.new_zeros(len(count), rows.shape[1]).index_add_(0, group, rows) / count[:, None]


def distinct(rows: Tensor, n: int) -> tuple[list[Tensor], Tensor]:
    """The columns of the different ones of ``rows`` (rows, columns) of numbers below ``n``, and which of them each is."""
    key = rows[:, 0]
    for column in range(1, rows.shape[1]):
        key = key * n + rows[:, column]
    key, which = torch.unique(key, return_inverse=True)
    return [key // n**power % n for power in reversed(range(rows.shape[1]))], which


def covered(start: Tensor, stop: Tensor, n: int) -> Tensor:
    """(n,) bool: which places lie in one of the half-open spans."""
    change = torch.bincount(start, minlength=n + 1) - torch.bincount(stop, minlength=n + 1)
    return change.cumsum(dim=0)[:n] > 0


def span_sums(rows: Tensor, start: Tensor, length: Tensor) -> Tensor:
    """(spans, columns): the sum of ``length`` rows from ``start`` on, row after row; zero where that is none."""
    before = length.cumsum(dim=0) - length
    places = torch.arange(int(length.sum()), device=rows.device) + torch.repeat_interleave(start - before, length)
    return nn.functional.embedding_bag(places, rows, before, mode="sum")


def maximum(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """(groups, columns): the largest of the rows of each group; every group has a row."""
    lowest = values.new_full((n_groups, values.shape[1]), -torch.inf)
    return lowest.scatter_reduce(0, group[:, None].expand_as(values), values, "amax")


def log_sum_exp(values: Tensor, group: Tensor, n_groups: int) -> Tensor:
    """(groups, columns): log-sum-exp of the rows of each group; every group has a row."""
    peak = maximum(values.detach(), group, n_groups)
    total = torch.zeros_like(peak).index_add_(0, group, torch.exp(values - peak[group]))
    return torch.log(total) + peak


def taken(rows: Tensor, which: Tensor) -> tuple[Tensor, int]:
    """The ``rows`` that ``which`` (rows,) bool says, and how many: the first ones of a multiple of ROW_STEP, see ``batches``."""
    places = torch.nonzero(which).squeeze(1)
    n = len(places)
    return rows.index_select(0, nn.functional.pad(places, (0, padded_len(n, ROW_STEP) - n))), n


def on_padded_rows(module: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """``module(rows)``, computed on a multiple of ROW_STEP rows: see ``batches``."""
    n = len(rows)
    extra = padded_len(n, ROW_STEP) - n
    return module(nn.functional.pad(rows, (0, 0, 0, extra)))[:n] if extra else module(rows)
