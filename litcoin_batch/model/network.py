"""The joint model, assembled: one encoder, tags for every word, logits for every entity pair."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import DocumentBatch
from litcoin_batch.model.batching.pairs import Instances, Pairs
from litcoin_batch.model.cpu.int8 import observed_ranges, to_int8
from litcoin_batch.model.layers import crf
from litcoin_batch.model.layers.heads import HeadConfig, PairHead, TagHead
from litcoin_batch.model.layers.linear import Linear, WordLinear
from litcoin_batch.model.layers.pooling import Words, pool_words

# Scores are published with six decimals; a marginal below this is nothing.
LEAST_PROBABILITY = 1e-12


@dataclass(frozen=True, slots=True)
class PairScores:
    """``pair`` Shape: (pairs, N_LOGITS) logits; ``mention_pair`` Shape: (mention pairs, N_LOGITS) their parts."""

    pair: Tensor
    mention_pair: Tensor


class JointModel(nn.Module):
    """An encoder and the heads that read what it says."""

    def __init__(self, encoder: nn.Module, config: HeadConfig) -> None:
        super().__init__()
        self.encoder = encoder
        self.tag_head = TagHead(encoder.width, config)
        self.pair_head = PairHead(encoder.width, config)

    def halve_precision(self) -> None:
        """Turn what multiplies large matrices into bfloat16, in place and for inference only.

        Pooling, tags, what queries read and all logits stay in 32 bits: kernels for matrices as narrow as a reader's round
        by the number of rows.
        """
        self.encoder.halve_precision()
        for name, part in self.named_modules():
            if isinstance(part, Linear) and not name.startswith("pair_head.reader."):
                part.to(torch.bfloat16)

    def to_int8(self, ranges: Mapping[str, Tensor]) -> None:
        """Turn what multiplies the vectors of all pieces or words into 8-bit integers, in place and for inference only:
        the linear layers of the encoder, and of the heads those that see every word or query. What a recurrence multiplies step
        by step stays as it is.

        ``ranges``: of ``observed_ranges``, perhaps of another process. Raises ``ContractError`` where they do not fit.
        """
        self._part_products()
        layers = self._in_int8()
        # Words, and the means of their like, are the same bytes to the head that tags them.
        to_int8(self, layers, ranges, [name for name in layers if name.startswith("tag_head.")])

    def observed_ranges(self) -> AbstractContextManager[dict[str, Tensor]]:
        """Ranges of the inputs of what ``to_int8`` turns, filled while the model is used, from now on for inference only."""
        self._part_products()
        return observed_ranges(self._in_int8())

    def _part_products(self) -> None:
        self.encoder.part_products()
        self.tag_head.part_products()

    def _in_int8(self) -> dict[str, nn.Linear]:
        return {
            name: part
            for name, part in self.named_modules()
            if isinstance(part, WordLinear) or name.startswith("encoder.") and isinstance(part, nn.Linear)
        }

    def words(self, batch: DocumentBatch) -> Words:
        """Word vectors: the one pass of the encoder over each document."""
        return pool_words(self.encoder(batch.ids, batch.shapes, batch.mask).float(), batch)

    def tag_logits(self, words: Words, batch: DocumentBatch) -> Tensor:
        """Shape: (real words, N_TAGS), document after document: emissions of the conditional random field."""
        return self.tag_head(words.rows, batch.word_group)

    def tag_log_probabilities(self, words: Words, batch: DocumentBatch) -> tuple[Tensor, Tensor]:
        """Log marginals Shape: (real words, N_TAGS), each word's given its whole document, and the best path Shape: (real words,)."""
        emissions, transitions = self.tag_logits(words, batch).float(), self.tag_head.transitions
        log_p = crf.marginals(emissions, transitions, batch.word_mask).clamp(min=LEAST_PROBABILITY).log()
        return log_p, crf.best_path(emissions, transitions, batch.word_mask)

    def pair_logits(self, words: Words, instances: Instances, pairs: Pairs) -> PairScores:
        return PairScores(*self.pair_head(words, instances, pairs))
