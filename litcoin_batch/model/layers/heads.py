"""Vectors to tags, and entity pairs to relation types, novelty and subject, all pairs of a batch at once.

A pair of entities is judged by its nearest pairs of mentions (Verga et al. 2018, arXiv:1802.10569, takes all of them):
each is scored from its two mention vectors, what it reads in the words around it (``reader``), distances and places,
and they are pooled with log-sum-exp. The best scored mention pair is the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import ROW_STEP, padded_len
from litcoin_batch.model.batching.pairs import (
    MENTION_FEATURE_SIZES,
    PAIR_FEATURE_SIZES,
    PLACE_FEATURE_SIZES,
    Instances,
    Pairs,
)
from litcoin_batch.model.batching.tags import N_TAGS
from litcoin_batch.model.layers.crf import legal_transitions
from litcoin_batch.model.layers.linear import GroupedLinear, Linear, PartedLinear, WordLinear
from litcoin_batch.model.layers.pooling import Words, group_means, log_sum_exp, maximum, on_padded_rows
from litcoin_batch.model.layers.reader import Reader, ReaderConfig
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, ConfigError

# Columns of pair logits: 0 no relation, then the types, then known and novel, then who acts: nobody, the first, the second.
N_CLASSES = 1 + len(RELATION_TYPES)
NOVELTY, SUBJECT = slice(N_CLASSES, N_CLASSES + 2), slice(N_CLASSES + 2, N_CLASSES + 5)
N_LOGITS = SUBJECT.stop


# What the heads are made of besides the words themselves.
PARTS = {
    "transitions": "tags depend on their neighbours",
    "document_words": "a word is tagged knowing how it is used elsewhere in its document",
    "types": "mentions know the type of their entity",
    "reader": "a mention pair reads the words around its mentions",
    "features": "distances, counts and positions of mentions are known",
    "entities": "an entity pair is judged as a whole beside its mention pairs",
    "pooling": "mention pairs are pooled by log-sum-exp, not by maximum",
}
_FEATURES = ("mention", "place", "pair")


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """``nearest``: how many mention pairs of an entity pair are looked at, see ``pairs.build_pairs``.

    ``without``: names out of ``PARTS``, left out to measure what they are worth (training/studies/ablation.py), or because they are worth nothing.
    """

    pair_width: int = 256
    dropout: float = 0.3
    without: tuple[str, ...] = ()
    nearest: int = 3
    reader: ReaderConfig = ReaderConfig()

    def __post_init__(self) -> None:
        object.__setattr__(self, "without", tuple(self.without))
        if isinstance(self.reader, dict):
            object.__setattr__(self, "reader", ReaderConfig(**self.reader))
        if strangers := set(self.without) - set(PARTS):
            raise ConfigError(f"heads without {', '.join(sorted(strangers))}: the parts are {', '.join(PARTS)}")

    def has(self, part: str) -> bool:
        return part not in self.without


class TagHead(nn.Module):
    """Shape: (real words, width) -> (real words, N_TAGS): what each word says of its own tag; ``transitions`` what neighbours say."""

    def __init__(self, width: int, config: HeadConfig) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(config.dropout),
            GroupedLinear(2 * width, config.pair_width)
            if config.has("document_words")
            else WordLinear(width, config.pair_width),
            nn.GELU(),
            nn.Linear(config.pair_width, N_TAGS),
        )
        self.config = config
        self.transition = nn.Parameter(torch.zeros(N_TAGS + 1, N_TAGS))
        self.register_buffer("legal", legal_transitions(), persistent=False)

    @property
    def transitions(self) -> Tensor:
        """(N_TAGS + 1, N_TAGS): score of one tag after another, last row: of the first tag; -inf where illegal."""
        if not self.config.has("transitions"):
            return torch.zeros_like(self.transition)
        return self.transition.masked_fill(~self.legal, -torch.inf)

    def forward(self, words: Tensor, group: Tensor) -> Tensor:
        """``words`` Shape: (words and added rows, width); ``group`` Shape: (real words,) the same for the same word of a document."""
        dropout, first, *_ = self.layers
        if self.config.has("document_words"):
            n, n_groups = len(group), int(group.max()) + 1
            means = group_means(words[:n], group, padded_len(n_groups, ROW_STEP))
            hidden = first(dropout(words), dropout(means), nn.functional.pad(group, (0, len(words) - n)))
        else:
            hidden = first(dropout(words))
        return self.layers[2:](hidden)[: len(group)]

    def part_products(self) -> None:
        """Make what the first layer does to words and to groups of them linear layers of their own, in place and for inference only."""
        if isinstance(self.layers[1], GroupedLinear):
            self.layers[1] = PartedLinear(self.layers[1])


class PairHead(nn.Module):
    """Type and novelty of every pair of entities."""

    def __init__(self, width: int, config: HeadConfig) -> None:
        super().__init__()
        hidden = config.pair_width
        self.config = config
        self.mention = nn.Sequential(nn.Dropout(config.dropout), Linear(3 * width, hidden))
        self.left, self.right = Linear(hidden, hidden), Linear(hidden, hidden, bias=False)
        # None where the part is left out: nothing is kept, or turned into 8 bits, that is not used.
        self.kind = nn.Embedding(len(ENTITY_TYPES), hidden) if config.has("types") else None
        self.reader = Reader(width, config.reader) if config.has("reader") else None
        self.read = Linear(2 * self.reader.width, hidden, bias=False) if self.reader is not None else None
        features = {"mention": MENTION_FEATURE_SIZES, "place": PLACE_FEATURE_SIZES, "pair": PAIR_FEATURE_SIZES}
        self.features = nn.ModuleDict(
            {name: FeatureSum(sizes, hidden) for name, sizes in features.items() if config.has("features")}
        )
        self.hidden = nn.Sequential(nn.LayerNorm(hidden), nn.GELU(), nn.Dropout(config.dropout))
        self.mention_logits = nn.Linear(hidden, N_LOGITS)
        self.entity = (
            _entity_layers((3 if config.has("features") else 2) * hidden, config) if config.has("entities") else None
        )

    def forward(self, words: Words, instances: Instances, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Pair logits Shape: (pairs, N_LOGITS) and mention-pair logits Shape: (mention pairs, N_LOGITS)."""
        device = words.rows.device
        names = ("left", "right", "pair", "entity_1", "entity_2", *(f"{name}_features" for name in _FEATURES))
        at = {name: torch.as_tensor(getattr(pairs, name), device=device) for name in names}
        means = self._means(words, instances)
        vectors = self._mentions(words, instances, means)
        entity = torch.as_tensor(instances.entity, device=device)
        entities = log_sum_exp(vectors, entity, len(instances.entity_type))
        scored = on_padded_rows(self.left, vectors)[at["left"]] + on_padded_rows(self.right, vectors)[at["right"]]
        if self.reader is not None and self.read is not None:
            scored = scored + on_padded_rows(self.read, self.reader(words, means, instances, pairs))
        of_pairs = []
        for name, features in self.features.items():
            sums, which = features(at[f"{name}_features"])
            if name == "pair":
                of_pairs, which = [sums[which]], which[at["pair"]]
            scored = scored + sums[which]
        mention_logits = on_padded_rows(lambda rows: self.mention_logits(self.hidden(rows)), scored)
        pooled = (log_sum_exp if self.config.has("pooling") else maximum)(mention_logits, at["pair"], pairs.n_pairs)
        if self.entity is None:
            return pooled, mention_logits
        one, two = entities[at["entity_1"]], entities[at["entity_2"]]
        whole = on_padded_rows(self.entity, torch.cat([one + two, one * two, *of_pairs], dim=-1))
        return pooled + whole, mention_logits

    def _means(self, words: Words, instances: Instances) -> Tensor:
        """Shape: (instances, width): the mean word of each mention."""
        first = words.first[instances.document] + instances.first
        n_words = instances.stop - instances.first
        owner = np.repeat(np.arange(len(n_words)), n_words)
        inside = np.arange(len(owner)) - np.repeat(np.cumsum(n_words) - n_words, n_words)
        every, owner = (torch.as_tensor(t, device=words.rows.device) for t in (first[owner] + inside, owner))
        return group_means(words.rows[every], owner, len(n_words))

    def _mentions(self, words: Words, instances: Instances, means: Tensor) -> Tensor:
        """Shape: (instances, hidden): first, last and mean word of each mention, and its entity's type."""
        rows, device = words.rows, words.rows.device
        base = words.first[instances.document]
        first = torch.as_tensor(base + instances.first, device=device)
        last = torch.as_tensor(base + instances.stop - 1, device=device)
        vectors = on_padded_rows(self.mention, torch.cat([rows[first], rows[last], means], dim=-1))
        if self.kind is None:
            return vectors
        return vectors + self.kind(
            torch.as_tensor(instances.entity_type[instances.entity], device=device, dtype=torch.long)
        )


def _entity_layers(width: int, config: HeadConfig) -> nn.Sequential:
    """Shape: (pairs, width) -> (pairs, N_LOGITS)."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Dropout(config.dropout),
        Linear(width, config.pair_width),
        nn.GELU(),
        nn.Linear(config.pair_width, N_LOGITS),
    )


class FeatureSum(nn.Module):
    """Sum of one embedding per bucketed feature."""

    def __init__(self, sizes: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, hidden) for size in sizes)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """For ``features`` Shape: (rows, features): the sums of all combinations Shape: (combinations, hidden), and Shape: (rows,) which of them each row has."""
        sums, which = self.tables[0].weight, features[:, 0]
        for table, feature in zip(self.tables[1:], features.T[1:], strict=True):
            sums = (sums[:, None] + table.weight).flatten(0, 1)
            which = which * table.num_embeddings + feature
        return sums, which
