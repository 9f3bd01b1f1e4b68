"""Vectors to tags, and entity pairs to relation types and novelty, all pairs of a batch at once.

A pair of entities is judged by every pair of their mentions (Verga et al. 2018, arXiv:1802.10569):
mention pairs are scored from the two mention vectors, their product, the words between them and the
sentences around them, and pooled with log-sum-exp. The best scored mention pair is the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from torch import Tensor, nn

from litcoin_batch.model.batches import (
    MENTION_FEATURE_SIZES,
    PAIR_FEATURE_SIZES,
    ROW_STEP,
    Instances,
    Pairs,
    padded_len,
)
from litcoin_batch.model.cpu.int8 import fixed_linear
from litcoin_batch.model.crf import legal_transitions
from litcoin_batch.model.rows import (
    Words,
    covered,
    distinct,
    group_means,
    log_sum_exp,
    maximum,
    on_padded_rows,
    span_sums,
    taken,
)
from litcoin_batch.model.tags import N_TAGS
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, ConfigError

# Columns of pair logits: 0 no relation, then the types, then known and novel.
N_CLASSES = 1 + len(RELATION_TYPES)
N_LOGITS = N_CLASSES + 2
# Of mention pairs scored at once on a CPU: what one step hands to the next then stays in the cache.
PAIRS_IN_CACHE = 2_048


# What the heads are made of besides the words themselves.
PARTS = {
    "transitions": "tags depend on their neighbours",
    "document_words": "a word is tagged knowing how it is used elsewhere in its document",
    "types": "mentions know the type of their entity",
    "product": "a mention pair is judged by the product of its mentions",
    "between": "a mention pair is judged by the words between and beside it",
    "sentences": "a mention pair is judged by its sentences",
    "features": "distances, counts and positions of mentions are known",
    "entities": "an entity pair is judged as a whole beside its mention pairs",
    "pooling": "mention pairs are pooled by log-sum-exp, not by maximum",
}


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """``without``: names out of ``PARTS``, left out to measure what they are worth (training/ablation.py), or because they are worth nothing."""

    pair_width: int = 256
    dropout: float = 0.3
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "without", tuple(self.without))
        if strangers := set(self.without) - set(PARTS):
            raise ConfigError(f"heads without {', '.join(sorted(strangers))}: the parts are {', '.join(PARTS)}")

    def has(self, part: str) -> bool:
        return part not in self.without


class Linear(nn.Linear):
    """A large one, which ``JointModel.halve_precision`` may turn into 16 bits; results have 32 all the same."""

    def forward(self, rows: Tensor) -> Tensor:
        return multiply(rows, self.weight, self.bias)


class WordLinear(Linear):
    """One that is computed for every word: the most of what heads multiply, and what ``JointModel.to_int8`` takes of them."""

    def taking(self, rows: Tensor) -> Tensor:
        """What the layer reads of ``rows``; it may be given any of these rows instead."""
        return rows


class GroupedLinear(Linear):
    """One of rows joined with those of their groups: what groups give is computed once for each group."""

    def forward(self, rows: Tensor, groups: Tensor, group: Tensor) -> Tensor:  # type: ignore[override]  # takes more than a layer
        """``rows`` (rows, width), ``groups`` (groups, width), ``group`` (rows,): (rows, outputs)."""
        own, shared = self.weight.chunk(2, dim=1)
        return multiply(rows, own, self.bias).add_(multiply(groups, shared).index_select(0, group))


class PartedLinear(nn.Module):
    """A ``GroupedLinear``, copied, with a linear layer for each of its parts."""

    def __init__(self, layer: GroupedLinear) -> None:
        super().__init__()
        own, shared = layer.weight.chunk(2, dim=1)
        self.own, self.shared = fixed_linear(own, layer.bias, WordLinear), fixed_linear(shared, None, WordLinear)

    def forward(self, rows: Tensor, groups: Tensor, group: Tensor) -> Tensor:
        return self.own(rows).add_(self.shared(groups).index_select(0, group))


class TagHead(nn.Module):
    """(real words, width) -> (real words, N_TAGS): what each word says of its own tag; ``transitions`` what neighbours say."""

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
        """``words`` (words and added rows, width); ``group`` (real words,) the same for the same word of a document."""
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
        self.product = Linear(hidden, hidden, bias=False) if config.has("product") else None
        self.between = Passage(width, hidden) if config.has("between") else None
        self.sentence = Passage(width, hidden) if config.has("sentences") else None
        self.mention_features = FeatureSum(MENTION_FEATURE_SIZES, hidden) if config.has("features") else None
        self.pair_features = FeatureSum(PAIR_FEATURE_SIZES, hidden) if config.has("features") else None
        self.hidden = nn.Sequential(nn.LayerNorm(hidden), nn.GELU(), nn.Dropout(config.dropout))
        self.mention_logits = nn.Linear(hidden, N_LOGITS)
        self.entity = (
            _entity_layers((3 if config.has("features") else 2) * hidden, config) if config.has("entities") else None
        )

    def forward(self, words: Words, instances: Instances, pairs: Pairs) -> tuple[Tensor, Tensor]:
        """Pair logits (pairs, N_LOGITS) and mention-pair logits (mention pairs, N_LOGITS)."""
        device = words.rows.device
        at = {name: torch.as_tensor(getattr(pairs, name), device=device) for name in Pairs.__slots__}
        # Rows beyond the last mention pair make their number a multiple of ROW_STEP, see ``batches``.
        n_rows = len(pairs.pair)
        for name in ("left", "right", "pair", "mention_features", "between"):
            at[name] = nn.functional.pad(
                at[name], (0, 0) * (at[name].dim() - 1) + (0, -n_rows % ROW_STEP if n_rows else 0)
            )
        vectors = self._mentions(words, instances)
        entity = torch.as_tensor(instances.entity, device=device)
        entities = log_sum_exp(vectors, entity, len(instances.entity_type))
        left, right = on_padded_rows(self.left, vectors), on_padded_rows(self.right, vectors)
        # What mention pairs share with others: rows, and which of them each has.
        shared, of_pairs = [], []
        if self.between is not None:
            shared.append(self.between(words.rows, at["between"]))
        if self.sentence is not None:
            shared.append(self.sentence(words.rows, _both(at["sentence"][at["left"]], at["sentence"][at["right"]])))
        if self.mention_features is not None:
            sums, which = self.pair_features(at["pair_features"])
            of_pairs.append(sums.index_select(0, which))
            shared += [self.mention_features(at["mention_features"]), (of_pairs[0], at["pair"])]

        def score(rows: slice) -> Tensor:
            one, two = at["left"][rows], at["right"][rows]
            scored = left[one] + right[two]
            if self.product is not None:
                scored += self.product(vectors[one] * vectors[two])
            for addends, which in shared:
                scored += addends[which[rows]]
            return self.mention_logits(self.hidden(scored))

        n_padded = len(at["pair"])
        block = PAIRS_IN_CACHE if device.type == "cpu" else max(1, n_padded)
        scores = [score(slice(first, first + block)) for first in range(0, max(1, n_padded), block)]
        mention_logits, pair = torch.cat(scores)[:n_rows], at["pair"][:n_rows]
        pooled = (log_sum_exp if self.config.has("pooling") else maximum)(mention_logits, pair, pairs.n_pairs)
        if self.entity is None:
            return pooled, mention_logits
        one, two = entities[at["entity_1"]], entities[at["entity_2"]]
        return pooled + on_padded_rows(
            self.entity, torch.cat([one + two, one * two, *of_pairs], dim=-1)
        ), mention_logits

    def _mentions(self, words: Words, instances: Instances) -> Tensor:
        """(instances, hidden): first, last and mean word of each mention, and its entity's type."""
        rows, device = words.rows, words.rows.device
        base = words.first[instances.document]
        first = torch.as_tensor(base + instances.first, device=device)
        last = torch.as_tensor(base + instances.stop - 1, device=device)
        n_words = instances.stop - instances.first
        owner = np.repeat(np.arange(len(n_words)), n_words)
        inside = np.arange(len(owner)) - np.repeat(np.cumsum(n_words) - n_words, n_words)
        every = torch.as_tensor((base + instances.first)[owner] + inside, device=device)
        mean = group_means(rows[every], torch.as_tensor(owner, device=device), len(n_words))
        vectors = on_padded_rows(self.mention, torch.cat([rows[first], rows[last], mean], dim=-1))
        if self.kind is None:
            return vectors
        return vectors + self.kind(
            torch.as_tensor(instances.entity_type[instances.entity], device=device, dtype=torch.long)
        )


def _both(one: Tensor, two: Tensor) -> Tensor:
    """(rows, 4): two spans each, the second an empty one where it is the first again."""
    return torch.cat([one, torch.where((one == two).all(dim=1, keepdim=True), 0, two)], dim=1)


def _entity_layers(width: int, config: HeadConfig) -> nn.Sequential:
    """(pairs, width) -> (pairs, N_LOGITS)."""
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Dropout(config.dropout),
        Linear(width, config.pair_width),
        nn.GELU(),
        nn.Linear(config.pair_width, N_LOGITS),
    )


class Passage(nn.Module):
    """What stands in given spans of words, each dimension attending to the words salient to it: softmax pooling."""

    # Bounds salience: no word counts more than exp(2 * LIMIT) times as much as another.
    LIMIT = 4.0

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.value = WordLinear(width, hidden)
        self.salience = WordLinear(width, hidden)

    def forward(self, words: Tensor, spans: Tensor) -> tuple[Tensor, Tensor]:
        """For ``spans`` (rows, 2 * k) of ``words`` (words, width), k half-open spans each, pooled together, zero if all
        empty: (different rows, hidden), and (rows,) which of them each is.

        Words in no span are left out of everything.
        """
        # Mention pairs share sentences: each span is summed once, and spans that meet again are pooled once.
        (start, stop), which = distinct(spans.view(-1, 2), len(words) + 1)
        needed = covered(start, stop, len(words))
        # Both layers take the same of words, in 8 bits as well: see ``JointModel.to_int8``.
        weighted = self._weighted(taken(self.value.taking(words), needed))
        number = nn.functional.pad(needed.cumsum(dim=0), (1, 0))
        sums = span_sums(weighted, number[start], stop - start)
        together, which = distinct(which.view(len(spans), spans.shape[1] // 2), len(start))
        numerator, denominator = (reduce(torch.add, (of_span[part] for part in together)) for of_span in sums)
        empty = denominator <= 0
        return torch.where(empty, 0.0, numerator / torch.where(empty, 1.0, denominator)), which

    def _weighted(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(rows, width) -> twice (rows, hidden): what a word adds to the numerator and to the denominator."""
        weight = self.salience(rows).div_(self.LIMIT).tanh_().mul(self.LIMIT).exp_()
        return weight * self.value(rows), weight


class FeatureSum(nn.Module):
    """Sum of one embedding per bucketed feature."""

    def __init__(self, sizes: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(size, hidden) for size in sizes)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """For ``features`` (rows, features): the sums of all combinations (combinations, hidden), and (rows,) which of them each row has."""
        sums, which = self.tables[0].weight, features[:, 0]
        for table, feature in zip(self.tables[1:], features.T[1:], strict=True):
            sums = (sums[:, None] + table.weight).flatten(0, 1)
            which = which * table.num_embeddings + feature
        return sums, which


def multiply(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A linear layer in the precision of the weights, its result in 32 bits."""
    return nn.functional.linear(rows.to(weight.dtype), weight, bias).float()
