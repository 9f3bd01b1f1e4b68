"""Temperatures that make scores probabilities, chosen on the development set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.checkpoint import Calibration, ModelConfig
from litcoin_batch.model.layers.heads import N_CLASSES, NOVELTY
from litcoin_batch.model.network import JointModel
from training.data.examples import Example, iterate
from training.learning.reliability import calibration_error

TEMPERATURES = torch.linspace(0.5, 4.0, 141)
OFFSETS = torch.linspace(-1.5, 1.5, 61)
LINE_OFFSETS = torch.linspace(-3.0, 3.0, 121)


@dataclass(frozen=True, slots=True)
class DevLogits:
    """Log marginals of words Shape: (words, tags), logits of pairs Shape: (pairs, classes) and related pairs Shape: (related, 2), with their targets."""

    tags: Tensor
    tag_target: Tensor
    pairs: Tensor
    pair_target: Tensor
    novel: Tensor
    novel_target: Tensor


@torch.inference_mode()
def collect_logits(
    model: JointModel, examples: Sequence[Example], config: ModelConfig, device: torch.device
) -> DevLogits:
    parts: list[list[Tensor]] = [[] for _ in range(6)]
    batches = [[i] for i in range(len(examples))]
    for batch in iterate(examples, batches, config.pad_id, allowed_type_pairs(config.type_pairs), config.heads.nearest):
        batch = batch.to(device)
        words = model.words(batch.documents)
        parts[0].append(model.tag_log_probabilities(words, batch.documents)[0])
        parts[1].append(batch.allowed.float().argmax(dim=1))
        if batch.pairs is None:
            continue
        logits = model.pair_logits(words, batch.instances, batch.pairs).pair
        related = batch.novel >= 0
        parts[2].append(logits[:, :N_CLASSES])
        parts[3].append(batch.target)
        parts[4].append(logits[related][:, NOVELTY])
        parts[5].append(batch.novel[related])
    return DevLogits(
        *(torch.cat(part).float().cpu() if i % 2 == 0 else torch.cat(part).cpu() for i, part in enumerate(parts))
    )


def calibrate(logits: DevLogits, n_unreachable: int) -> tuple[Calibration, dict[str, float]]:
    """The offset of "no relation" by F1 of pair and type, all else by likelihood.

    ``n_unreachable``: gold relations that are no candidate pair, counted as missed. Returns the expected
    calibration errors before and after as well.
    """
    tag = best_temperature(logits.tags, logits.tag_target)
    novel, novel_offset = best_line(logits.novel, logits.novel_target)
    moved = logits.novel + torch.tensor([0.0, novel_offset])
    offset = best_offset(logits.pairs, logits.pair_target, n_unreachable)
    shifted = logits.pairs + F.pad(torch.tensor([offset]), (0, N_CLASSES - 1))
    pair = best_temperature(shifted, logits.pair_target)
    odds, right = relation_odds(shifted / pair, logits.pair_target)
    relation, relation_offset = best_line(odds, right)
    errors = {}
    for name, before, after, target in (
        ("tag", logits.tags, logits.tags / tag, logits.tag_target),
        ("pair", logits.pairs, shifted / pair, logits.pair_target),
        ("relation", odds, (odds + torch.tensor([0.0, relation_offset])) / relation, right),
        ("novel", logits.novel, moved / novel, logits.novel_target),
    ):
        errors[f"{name}_ece_before"] = expected_error(before, target)
        errors[f"{name}_ece"] = expected_error(after, target)
    return Calibration(
        tag_temperature=tag,
        pair_temperature=pair,
        novel_temperature=novel,
        none_offset=offset,
        novel_offset=novel_offset,
        relation_temperature=relation,
        relation_offset=relation_offset,
    ), errors


def relation_odds(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Of the relations found: logits (relations, 2) of being wrong and right, and which are right (pair and type)."""
    score, kind = torch.softmax(logits, dim=-1).max(dim=-1)
    found = kind > 0
    odds = torch.logit(score[found], eps=1e-6)
    return torch.stack([torch.zeros_like(odds), odds], dim=-1), (kind == target)[found].long()


def best_temperature(logits: Tensor, target: Tensor) -> float:
    losses = torch.stack([F.cross_entropy(logits / t, target) for t in TEMPERATURES])
    return round(float(TEMPERATURES[losses.argmin()]), 3)


def best_line(logits: Tensor, target: Tensor) -> tuple[float, float]:
    """Temperature of two classes and the offset of the second (Platt 1999), by likelihood."""
    difference = logits[:, 1] - logits[:, 0]
    scaled = (difference[:, None, None] + LINE_OFFSETS[:, None]) / TEMPERATURES
    hits = target[:, None, None].expand_as(scaled).to(scaled.dtype)
    losses = F.binary_cross_entropy_with_logits(scaled, hits, reduction="none").mean(dim=0)
    offset, temperature = divmod(int(losses.argmin()), len(TEMPERATURES))
    return round(float(TEMPERATURES[temperature]), 3), round(float(LINE_OFFSETS[offset]), 3)


def best_offset(logits: Tensor, target: Tensor, n_unreachable: int) -> float:
    """Added to the logit of no relation: the middle of the widest run of offsets within 0.002 of the best F1."""
    f1 = []
    n_gold = int((target > 0).sum()) + n_unreachable
    for offset in OFFSETS:
        shifted = logits.clone()
        shifted[:, 0] += offset
        found = shifted.argmax(dim=1)
        right = int(((found == target) & (target > 0)).sum())
        f1.append(2 * right / max(1, n_gold + int((found > 0).sum())))
    near = np.flatnonzero(np.asarray(f1) >= max(f1) - 0.002)
    runs = np.split(near, np.flatnonzero(np.diff(near) > 1) + 1)
    widest = max(runs, key=len)
    return round(float(OFFSETS[widest[len(widest) // 2]]), 3)


def expected_error(logits: Tensor, target: Tensor) -> float:
    """The calibration error of the top probability of each row."""
    score, kind = torch.softmax(logits, dim=-1).max(dim=-1)
    return calibration_error(score.numpy(), (kind == target).numpy())
