"""Classifiers that read each pair in a text of its own: what encoding a document once is measured against."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerBase

from litcoin_batch.schema import RELATION_TYPES, Annotation, Document, Mention, Relation
from training.data.examples import CLASSES
from training.data.marked_pairs import MARKERS, MarkedPair, marked_pairs


class PairMarkerModel(nn.Module):
    """Logits (pairs, classes + 2) of relation type and of known and novel, from the first pieces of text and of either marker."""

    def __init__(self, backbone: nn.Module, dropout: float = 0.1) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(3 * backbone.config.hidden_size, len(CLASSES) + 2))

    def forward(self, pieces: Tensor, mask: Tensor, markers: Tensor) -> Tensor:
        """``pieces``, ``mask`` (pairs, pieces); ``markers`` (pairs, 2): where each end's first marker stands."""
        hidden = self.backbone(input_ids=pieces, attention_mask=mask).last_hidden_state
        rows = torch.arange(len(hidden), device=hidden.device)
        return self.head(torch.cat([hidden[:, 0], hidden[rows, markers[:, 0]], hidden[rows, markers[:, 1]]], dim=1))


class PairClassifier(ABC):
    """Annotates as an ``Annotator`` does where mentions are given, one pair after the other."""

    type_pairs: list[tuple[str, str]]
    model_id: str

    @abstractmethod
    def probabilities(self, pairs: Sequence[MarkedPair]) -> tuple[np.ndarray, np.ndarray]:
        """Shape: (pairs, classes) and Shape: (pairs,) of being novel."""

    def annotate(self, documents: Sequence[Document], mentions: Sequence[Sequence[Mention]]) -> list[Annotation]:
        pairs = list(marked_pairs(documents, self.type_pairs, mentions))
        classes, novel = self.probabilities(pairs)
        found: dict[int, list[Relation]] = {d.pmid: [] for d in documents}
        for pair, row, share in zip(pairs, classes, novel, strict=True):
            kind = int(row.argmax())
            if kind:
                found[pair.pmid].append(
                    Relation(*pair.pair, CLASSES[kind], bool(share > 0.5), float(row[kind]), float(share))
                )
        return [Annotation(d.pmid, tuple(m), tuple(found[d.pmid])) for d, m in zip(documents, mentions, strict=True)]

    def classify_pairs(self, documents: Sequence[Document]) -> dict[tuple[int, tuple[str, str]], tuple[str, bool]]:
        """Best type, no relation not being a choice, and novelty of every gold pair."""
        pairs = [p for p in marked_pairs(documents, self.type_pairs) if p.label]
        classes, novel = self.probabilities(pairs)
        return {
            (p.pmid, p.pair): (RELATION_TYPES[int(row[1:].argmax())], bool(share > 0.5))
            for p, row, share in zip(pairs, classes, novel, strict=True)
        }


@dataclass
class PairMarker(PairClassifier):
    """The model with what it needs to read documents."""

    model: PairMarkerModel
    tokenizer: PreTrainedTokenizerBase
    type_pairs: list[tuple[str, str]]
    max_pieces: int = 144
    batch_pairs: int = 32
    model_id: str = "pair-marker"

    @classmethod
    def load(cls, backbone: str | Path, type_pairs: list[tuple[str, str]], **rest) -> PairMarker:
        """``backbone``: name or folder of a Hugging Face encoder."""
        model = AutoModel.from_pretrained(backbone, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(backbone, trust_remote_code=False, use_fast=True)
        return cls(PairMarkerModel(model), tokenizer, type_pairs, **rest)

    def encode(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, Tensor]:
        known = self.tokenizer(
            list(texts), truncation=True, max_length=self.max_pieces, padding=True, return_tensors="pt"
        )
        signs = [self.tokenizer.convert_tokens_to_ids(before[0]) for before, _ in MARKERS]
        # A marker that was cut off, or is no piece of this vocabulary, leaves the first piece of the text.
        markers = torch.stack([(known["input_ids"] == sign).int().argmax(dim=1) for sign in signs], dim=1)
        return known["input_ids"], known["attention_mask"], markers

    def batches(self, pairs: Sequence[MarkedPair], rng: np.random.Generator | None = None) -> Iterator[np.ndarray]:
        """Indices of pairs of like length, the batches in random order where ``rng`` is given."""
        order = np.argsort([len(p.text) for p in pairs], kind="stable")
        cut = np.array_split(order, max(1, -(-len(order) // self.batch_pairs)))
        yield from (cut[i] for i in (rng.permutation(len(cut)) if rng is not None else range(len(cut))))

    @torch.inference_mode()
    def probabilities(self, pairs: Sequence[MarkedPair]) -> tuple[np.ndarray, np.ndarray]:
        self.model.eval()
        classes, novel = np.zeros((len(pairs), len(CLASSES))), np.zeros(len(pairs))
        for rows in self.batches(pairs) if pairs else ():
            logits = self.model(*self.encode([pairs[i].text for i in rows]))
            classes[rows] = logits[:, : len(CLASSES)].softmax(dim=1).numpy()
            novel[rows] = logits[:, len(CLASSES) :].softmax(dim=1)[:, 1].numpy()
        return classes, novel


def train_epoch(
    marker: PairMarker, pairs: Sequence[MarkedPair], optimizer: torch.optim.Optimizer, rng: np.random.Generator
) -> float:
    """One pass over ``pairs`` in random order; returns the mean loss."""
    marker.model.train()
    total = 0.0
    for rows in marker.batches(pairs, rng):
        logits = marker.model(*marker.encode([pairs[i].text for i in rows]))
        label = torch.tensor([pairs[i].label for i in rows])
        novel = torch.tensor([pairs[i].novel for i in rows])
        loss = F.cross_entropy(logits[:, : len(CLASSES)], label)
        if (novel >= 0).any():
            loss = loss + 0.3 * F.cross_entropy(logits[novel >= 0][:, len(CLASSES) :], novel[novel >= 0])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(marker.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.item() * len(rows)
    return total / max(1, len(pairs))


def sample_negatives(pairs: Sequence[MarkedPair], per_positive: float, rng: np.random.Generator) -> list[MarkedPair]:
    """All related pairs, and ``per_positive`` times as many of the others, drawn anew."""
    related = [p for p in pairs if p.label]
    others = [p for p in pairs if not p.label]
    n = min(len(others), round(per_positive * len(related)))
    return related + [others[i] for i in rng.choice(len(others), n, replace=False)] if others else related
