"""The joint loss: tags, relation type of every candidate pair, novelty of related pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from litcoin_batch.model.heads import N_CLASSES
from litcoin_batch.model.network import JointModel

from examples import Batch


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Each part is a mean over its own items: a sum over pairs would drown the tags."""

    tag: float = 1.0
    pair: float = 1.0
    novel: float = 0.5
    smoothing: float = 0.0


def tag_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Mean of -log P(any allowed tag): cross entropy where one tag is allowed, partial labels elsewhere.

    ``logits`` (words, tags), ``allowed`` (words, tags) bool.
    """
    inside = logits.masked_fill(~allowed, -torch.inf).logsumexp(dim=-1)
    return (logits.logsumexp(dim=-1) - inside).mean()


def joint_loss(model: JointModel, batch: Batch, weights: LossWeights) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum and its parts as numbers."""
    words = model.words(batch.documents)
    parts = {"tag": weights.tag * tag_loss(model.tag_logits(words, batch.documents).float(), batch.allowed)}
    if batch.pairs is not None:
        logits = model.pair_logits(words, batch.instances, batch.pairs).pair.float()
        parts["pair"] = weights.pair * F.cross_entropy(
            logits[:, :N_CLASSES], batch.target, label_smoothing=weights.smoothing
        )
        related = batch.novel >= 0
        if related.any():
            parts["novel"] = weights.novel * F.cross_entropy(logits[related][:, N_CLASSES:], batch.novel[related])
    return sum(parts.values()), {name: value.item() for name, value in parts.items()}
