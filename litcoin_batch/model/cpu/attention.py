"""Attention on a CPU: masks of one row.

Elsewhere, and of models that have an attention of their own, nothing changes. Figures: jobs/benchmark.py, README.
"""

from __future__ import annotations

import torch
import transformers  # as in ``encoders``: loads what is asked of it
from torch import Tensor

_FUSED, _ONE_ROW = "sdpa", "sdpa_one_row"


def mask_by_one_row(backbone: transformers.PreTrainedModel) -> None:
    """Hand torch's fused kernel one row of the mask for all pieces of a document, where padding is all that it hides: the
    kernel would convert and read as many equal rows as there are pieces, in every layer. Results are the same to the bit.
    """
    if backbone.config._attn_implementation == _FUSED:
        transformers.AttentionInterface.register(_ONE_ROW, transformers.AttentionInterface()[_FUSED])
        transformers.AttentionMaskInterface.register(_ONE_ROW, _mask)
        backbone.set_attn_implementation(_ONE_ROW)


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
