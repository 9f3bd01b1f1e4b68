"""Attention in 16 bits on a CPU, one document after another, so that its scores never leave the cache.

The fused kernel of torch takes heads of 32 dimensions there at a fraction of what matrix products reach
(jobs/benchmark.py; figures in the README). Elsewhere it is the fused kernel that runs.
"""

from __future__ import annotations

import torch
import transformers  # as in ``encoders``: loads what is asked of it
from torch import Tensor

_NAME, _FUSED = "by_document", "sdpa"


def attend_by_document(backbone: transformers.PreTrainedModel) -> None:
    """Let ``backbone`` compute its attention here, if it would otherwise use torch's fused kernel. For inference only."""
    if backbone.config._attn_implementation == _FUSED:
        transformers.AttentionInterface.register(_NAME, _attend)
        transformers.AttentionMaskInterface.register(_NAME, transformers.AttentionMaskInterface()[_FUSED])
        backbone.set_attn_implementation(_NAME)


def _attend(
    module: torch.nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float | None = None, **others: object
) -> tuple[Tensor, None]:
    """``query``, ``key``, ``value`` (batch, heads, pieces, depth); (batch, pieces, heads, depth) and no weights, as transformers asks for it."""
    n_real = _lengths(attention_mask, *key.shape[::2])
    if query.device.type != "cpu" or key.shape != query.shape or n_real is None or others.get("position_bias") is not None:
        return transformers.AttentionInterface()[_FUSED](module, query, key, value, attention_mask, scaling=scaling, **others)
    query = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    found = query.new_empty(query.transpose(1, 2).shape)
    for row, n in enumerate(n_real):
        weights = (query[row] @ key[row, :, :n].transpose(1, 2)).softmax(dim=-1)
        found[row] = (weights @ value[row, :, :n]).transpose(0, 1)
    return found, None


def _lengths(mask: Tensor | None, batch: int, n_pieces: int) -> list[int] | None:
    """How many pieces of each document all others may look at, if the rest is padding at its end; None for other masks."""
    if mask is None:
        return [n_pieces] * batch
    if mask.dtype != torch.bool or not torch.equal(mask, mask[:, :1, :1].expand_as(mask)):
        return None
    length = mask[:, 0, 0].sum(dim=1, keepdim=True)
    at_end = torch.equal(mask[:, 0, 0], torch.arange(n_pieces, device=mask.device) < length)
    return length.flatten().tolist() if at_end else None
