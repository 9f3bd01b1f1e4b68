"""Attention on a CPU: masks of one row, and in 16 bits one document after another.

Elsewhere, and of models that have an attention of their own, nothing changes. Figures: jobs/benchmark.py, README.
"""

from __future__ import annotations

import torch
import transformers  # as in ``encoders``: loads what is asked of it
from torch import Tensor

_FUSED, _ONE_ROW, _BY_DOCUMENT = "sdpa", "sdpa_one_row", "by_document"


def mask_by_one_row(backbone: transformers.PreTrainedModel) -> None:
    """Hand torch's fused kernel one row of the mask for all pieces of a document, where padding is all that it hides: the
    kernel would convert and read as many equal rows as there are pieces, in every layer. Results are the same to the bit.
    """
    _exchange(backbone, _FUSED, _ONE_ROW, transformers.AttentionInterface()[_FUSED])


def attend_by_document(backbone: transformers.PreTrainedModel) -> None:
    """Compute one document after another, so that its scores never leave the cache, for inference only: in 16 bits the fused
    kernel takes heads of 32 dimensions at a fraction of what matrix products reach.
    """
    _exchange(backbone, _ONE_ROW, _BY_DOCUMENT, _attend)


def _exchange(backbone: transformers.PreTrainedModel, found: str, name: str, attention: object) -> None:
    if backbone.config._attn_implementation == found:
        transformers.AttentionInterface.register(name, attention)
        transformers.AttentionMaskInterface.register(name, _mask)
        backbone.set_attn_implementation(name)


def _mask(*sizes: object, mask_function: object, device: torch.device | str = "cpu", **others: object) -> Tensor | None:
    """As transformers makes it for the fused kernel, or its first row Shape: (batch, 1, 1, pieces)."""
    mask = transformers.AttentionMaskInterface()[_FUSED](*sizes, mask_function=mask_function, device=device, **others)
    if (
        mask is None
        or mask_function is not transformers.masking_utils.bidirectional_mask_function
        or torch.device(device).type != "cpu"
    ):
        return mask
    return mask[:, :, :1]


def _attend(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **others: object,
) -> tuple[Tensor, None]:
    """``query``, ``key``, ``value`` Shape: (batch, heads, pieces, depth); Shape: (batch, pieces, heads, depth) and no weights, as transformers asks for it."""
    n_real = _lengths(attention_mask, *key.shape[::2])
    if (
        query.device.type != "cpu"
        or key.shape != query.shape
        or n_real is None
        or others.get("position_bias") is not None
    ):
        return transformers.AttentionInterface()[_FUSED](
            module, query, key, value, attention_mask, scaling=scaling, **others
        )
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
    if mask.dtype != torch.bool or mask.shape[1:3] != (1, 1):
        return None
    length = mask[:, 0, 0].sum(dim=1, keepdim=True)
    at_end = torch.equal(mask[:, 0, 0], torch.arange(n_pieces, device=mask.device) < length)
    return length.flatten().tolist() if at_end else None
