"""The joint loss: tags, relation type of every candidate pair, novelty and subject of related pairs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from litcoin_batch.model.batching.pairs import Pairs
from litcoin_batch.model.layers import crf
from litcoin_batch.model.layers.heads import N_CLASSES, NOVELTY, SUBJECT
from litcoin_batch.model.network import JointModel
from training.data.examples import Batch


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Each part is a mean over its own items: a sum over pairs would drown the tags."""

    tag: float = 1.0
    pair: float = 1.0
    novel: float = 0.5
    smoothing: float = 0.0
    subject: float = 0.3
    near: float = 1.0  # of a pair that one sentence names, those that reading decides, beside 1 of the others


def class_loss(logits: Tensor, classes: Tensor, smoothing: float = 0.0, weight: Tensor | None = None) -> Tensor:
    """Mean over pairs of -log P(any allowed class): cross entropy where one class is allowed, partial labels
    elsewhere. ``smoothing``: share of a uniform target.

    ``logits`` Shape: (pairs, classes), ``classes`` Shape: (pairs, classes) bool, ``weight`` Shape: (pairs,) of each, 1 where it is None.
    """
    log_p = torch.log_softmax(logits, dim=1)
    inside = log_p.masked_fill(~classes, -torch.inf).logsumexp(dim=1)
    losses = -((1 - smoothing) * inside + smoothing * log_p.mean(dim=1))
    return losses.mean() if weight is None else (losses * weight).sum() / weight.sum()


def _near(pairs: Pairs, weight: float) -> Tensor:
    """Shape: (pairs,) ``weight`` where a sentence names both, 1 elsewhere."""
    # The last feature is the bucket of the sentences between the nearest mentions.
    together = torch.from_numpy(pairs.pair_features[:, -1] == 0)
    return torch.where(together, weight, 1.0)


def is_trained(part: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in part.parameters())


def joint_loss(model: JointModel, batch: Batch, weights: LossWeights) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum and its parts as numbers."""
    with torch.set_grad_enabled(is_trained(model.encoder)):
        words = model.words(batch.documents)
    tags = model.tag_logits(words, batch.documents).float()
    likelihood = crf.log_likelihood(tags, model.tag_head.transitions.float(), batch.allowed, batch.documents.word_mask)
    parts = {"tag": -weights.tag * likelihood / len(tags)}
    if batch.pairs is not None and weights.pair:
        logits = model.pair_logits(words, batch.instances, batch.pairs).pair.float()
        parts["pair"] = weights.pair * class_loss(
            logits[:, :N_CLASSES], batch.classes, weights.smoothing, _near(batch.pairs, weights.near).to(logits.device)
        )
        related = batch.novel >= 0
        if related.any():
            parts["novel"] = weights.novel * F.cross_entropy(logits[related][:, NOVELTY], batch.novel[related])
        known = batch.subject >= 0
        if known.any() and weights.subject:
            parts["subject"] = weights.subject * F.cross_entropy(logits[known][:, SUBJECT], batch.subject[known])
    return sum(parts.values()), {name: value.item() for name, value in parts.items()}
