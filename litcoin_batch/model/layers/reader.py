"""A pair of mentions looks at the words that carry it: two queries a pair, which the text does not see.

Levitated markers (Ye et al. 2022, PL-Marker, arXiv:2109.06067): a query for each mention of a pair, starting from the
mention's words, attends to the words around both mentions and to the other query. As no word attends to a query, the
text is encoded once, however many pairs ask. A query knows where each word stands relative to its own mention and to
the other one (Zeng et al. 2014, position features; Shaw et al. 2018, as a bias of attention).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import ROW_STEP, Instances, Pairs
from litcoin_batch.model.layers.linear import WordLinear
from litcoin_batch.model.layers.pooling import Words, on_padded_rows
from litcoin_batch.schema import ENTITY_TYPES, ConfigError

# Signed distances of a word to a mention: 0 inside, then growing steps on either side.
DISTANCE_EDGES = np.asarray([1, 2, 3, 4, 6, 9, 14, 22])
N_DISTANCES = 2 * len(DISTANCE_EDGES) + 1
_FARTHEST = int(DISTANCE_EDGES[-1])
_SIGNED = np.arange(-_FARTHEST, _FARTHEST + 1)
_DISTANCE_OF = len(DISTANCE_EDGES) + np.sign(_SIGNED) * np.digitize(np.abs(_SIGNED), DISTANCE_EDGES)
# A word outside of the context of a pair.
_UNSEEN = N_DISTANCES**2
# Mention pairs of a document that attend at once: their scores stay in the cache.
PAIRS_IN_CACHE = 64


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """``width`` 0 is that of the encoder; ``inner`` of the feed-forward part."""

    n_layers: int = 2
    width: int = 256
    inner: int = 512
    n_heads: int = 8
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.n_layers < 1 or self.width % self.n_heads:
            raise ConfigError(
                f"reader of {self.n_layers} layers, width {self.width} and {self.n_heads} heads: "
                "expected a layer or more, and a width that the heads divide"
            )


@dataclass(frozen=True, slots=True)
class Block:
    """Some mention pairs of one ``document``: ``rows`` of them, and ``words`` of it, the range that their contexts lie in.

    ``kinds`` (2 * pairs * words,): for each query and word, where the word stands, see ``ReaderLayer.bias``.
    """

    document: int
    rows: slice
    words: slice
    kinds: Tensor


class Reader(nn.Module):
    """Layers of queries over words, built and named like those of a transformer, so that a pretrained one can begin them."""

    def __init__(self, width: int, config: ReaderConfig) -> None:
        super().__init__()
        self.width = config.width or width
        self.narrow = None if self.width == width else WordLinear(width, self.width)
        self.kind = nn.Embedding(len(ENTITY_TYPES), self.width)
        self.role = nn.Embedding(2, self.width)
        for table in (self.kind, self.role):
            # Small, so that a query starts as the vector of its mention.
            nn.init.normal_(table.weight, std=0.05)
        self.start = nn.LayerNorm(self.width)
        self.layers = nn.ModuleList(ReaderLayer(self.width, config) for _ in range(config.n_layers))

    def forward(self, words: Words, means: Tensor, instances: Instances, pairs: Pairs) -> Tensor:
        """(mention pairs, 2 * reader's width): what the left and the right query of each have found.

        ``means`` (instances, width), of the words of each mention.
        """
        device = words.rows.device
        text = words.rows if self.narrow is None else self.narrow(words.rows)
        starts = means if self.narrow is None else on_padded_rows(self.narrow, means)
        kinds = torch.as_tensor(instances.entity_type[instances.entity], device=device, dtype=torch.long)
        starts = starts + self.kind(kinds)
        order, blocks = plan_blocks(instances.document[pairs.left], pairs, words.first, device)
        lengths = np.diff(words.first, append=len(words.rows)).tolist()
        ends = np.stack([pairs.left, pairs.right], axis=1)[order].reshape(-1)
        queries = starts[torch.as_tensor(ends, device=device)].view(-1, 2, self.width) + self.role.weight
        n = len(queries)
        # Beyond the last, queries that look at nothing make their number a round one, see ``batches``.
        queries = nn.functional.pad(self.start(queries), (0, 0, 0, 0, 0, -n % ROW_STEP if n else 0)).flatten(0, 1)
        for layer in self.layers:
            queries = layer(queries, text, lengths, blocks)
        back = torch.as_tensor(np.argsort(order), device=device)
        return queries.view(-1, 2 * self.width)[back]


class ReaderLayer(nn.Module):
    """A layer of a transformer (post-norm, Vaswani et al. 2017) for queries, with a bias by relative position.

    ``bias`` of a word is ``own`` by its distance to the query's mention plus ``other`` by that to the other mention.
    """

    def __init__(self, width: int, config: ReaderConfig) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.query, self.key, self.value, self.mix = (WordLinear(width, width) for _ in range(4))
        self.first, self.second = WordLinear(width, config.inner), WordLinear(config.inner, width)
        self.mixed, self.norm = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)
        # Zero, so that a pretrained layer starts from exactly its function.
        self.own = nn.Parameter(torch.zeros(config.n_heads, N_DISTANCES))
        self.other = nn.Parameter(torch.zeros(config.n_heads, N_DISTANCES))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, queries: Tensor, text: Tensor, lengths: list[int], blocks: Sequence[Block]) -> Tensor:
        """``queries`` (2 * mention pairs, width), left and right by turns; ``text`` (words, width), of documents of ``lengths``."""
        asked, keys, values = (self._heads(part(queries)) for part in (self.query, self.key, self.value))
        asked = asked * asked.shape[2] ** -0.5
        # Of the two queries of a pair: what each says to itself, and to the other.
        other_keys, other_values = (t.unflatten(1, (-1, 2)).flip(2).flatten(1, 2) for t in (keys, values))
        to_queries = torch.stack([(asked * keys).sum(dim=2), (asked * other_keys).sum(dim=2)], dim=2)
        sizes = [2 * (block.rows.stop - block.rows.start) for block in blocks]
        sizes.append(len(queries) - sum(sizes))
        parts = (t.split(sizes, dim=1) for t in (asked, to_queries, values, other_values))
        text_keys, text_values = (self._heads(part(text)).split(lengths, dim=1) for part in (self.key, self.value))
        bias = self.bias()
        found = []
        for block, query, pair, own, other in zip(blocks, *parts, strict=False):
            key, value = (t[block.document][:, block.words] for t in (text_keys, text_values))
            scores = query @ key.transpose(1, 2)
            scores = scores + bias.index_select(1, block.kinds).view_as(scores)
            to_text, to_own, to_other = (
                torch.cat([scores, pair], dim=2).softmax(dim=2).split([key.shape[1], 1, 1], dim=2)
            )
            found.append(to_text @ value + to_own * own + to_other * other)
        found = torch.cat([*found, values[:, len(queries) - sizes[-1] :] * 0], dim=1).transpose(0, 1).flatten(1)
        queries = self.mixed(queries + self.dropout(self.mix(found)))
        inner = nn.functional.gelu(self.first(queries))
        return self.norm(queries + self.dropout(self.second(inner)))

    def _heads(self, rows: Tensor) -> Tensor:
        """(rows, width) -> (heads, rows, depth)."""
        return rows.unflatten(1, (self.n_heads, -1)).transpose(0, 1).contiguous()

    def bias(self) -> Tensor:
        """(heads, kinds): of a word at distances ``i`` and ``j`` the column ``i * N_DISTANCES + j``, then of an unseen one."""
        words = (self.own[:, :, None] + self.other[:, None]).flatten(1)
        return torch.cat([words, words.new_full((self.n_heads, 1), -torch.inf)], dim=1)


def plan_blocks(
    document: np.ndarray, pairs: Pairs, first_word: np.ndarray, device: torch.device
) -> tuple[np.ndarray, list[Block]]:
    """The order of the mention pairs, by ``document`` (mention pairs,) and what they look at, and its blocks, each of one
    document: words near each other are looked at together.
    """
    order = np.lexsort((pairs.context[:, 0], document))
    starts = np.flatnonzero(np.diff(document[order], prepend=-1))
    blocks = []
    for first, last in pairwise([*starts.tolist(), len(order)]):
        for start in range(first, last, PAIRS_IN_CACHE):
            rows = slice(start, min(start + PAIRS_IN_CACHE, last))
            context, spans = pairs.context[order[rows]], pairs.spans[order[rows]]
            # The second span of a context may be empty, then it lies where the first ends.
            low, high = int(context[:, 0].min()), int(context.max())
            kinds = torch.as_tensor(_kinds(np.arange(low, high), context, spans), device=device)
            own = int(document[order[start]])
            words = slice(low - int(first_word[own]), high - int(first_word[own]))
            blocks.append(Block(own, rows, words, kinds))
    return order, blocks


def _kinds(places: np.ndarray, context: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(2 * pairs * places,): see ``Block``."""
    left, right = (_DISTANCE_OF[_distances(places, spans[:, side : side + 2]) + _FARTHEST] for side in (0, 2))
    seen = np.zeros(left.shape, bool)
    for start, stop in ((context[:, :1], context[:, 1:2]), (context[:, 2:3], context[:, 3:])):
        seen |= (places >= start) & (places < stop)
    kinds = np.stack([left * N_DISTANCES + right, right * N_DISTANCES + left], axis=1)
    return np.where(seen[:, None], kinds, _UNSEEN).reshape(-1)


def _distances(places: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(rows, places): signed words from half-open ``spans`` (rows, 2) to ``places`` (places,), 0 inside, no farther than _FARTHEST."""
    signed = np.minimum(places - spans[:, :1], 0) + np.maximum(places - spans[:, 1:] + 1, 0)
    return np.clip(signed, -_FARTHEST, _FARTHEST)
