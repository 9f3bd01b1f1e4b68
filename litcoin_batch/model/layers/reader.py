"""A pair of mentions looks at the words that carry it: two queries a pair, which the text does not see.

Levitated markers (Ye et al. 2022, PL-Marker, arXiv:2109.06067): a query for each mention of a pair, starting from the
mention's words, attends to the words around both mentions and to the other query. As no word attends to a query, the
text is encoded once, however many pairs ask. A query knows where each word stands relative to its own mention and to
the other one (Zeng et al. 2014, position features; Shaw et al. 2018, as a bias of attention).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import ROW_STEP
from litcoin_batch.model.batching.pairs import Instances, Pairs
from litcoin_batch.model.layers.linear import WordLinear
from litcoin_batch.model.layers.pooling import Words, on_padded_rows
from litcoin_batch.schema import ENTITY_TYPES, ConfigError

# Signed distances of a word to a mention: 0 inside, then growing steps on either side.
DISTANCE_EDGES = np.asarray([1, 2, 3, 4, 6, 9, 14, 22])
N_DISTANCES = 2 * len(DISTANCE_EDGES) + 1
_FARTHEST = int(DISTANCE_EDGES[-1])
_SIGNED = np.arange(-_FARTHEST, _FARTHEST + 1)
_DISTANCE_OF = len(DISTANCE_EDGES) + np.sign(_SIGNED) * np.digitize(np.abs(_SIGNED), DISTANCE_EDGES)
# Beyond the kinds of words: one outside of the context of a pair, and the two queries, which no distance tells apart.
_UNSEEN, _QUERY = N_DISTANCES**2, N_DISTANCES**2 + 1
# Mention pairs that attend at once: their scores stay in the cache.
PAIRS_IN_CACHE = 64
# What a block costs by itself, in mention pairs times words: two are made one where that saves more than it adds.
BLOCK_COST = 500


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
    """Some mention pairs of one document, ``n_pairs`` of them, which look at the same ``words`` or at some of them.

    ``words`` Shape: (words + 2,): rows of the text, and twice the row behind them, where the two queries of a pair have their place.
    ``kinds`` Shape: (2 * pairs * (words + 2),): for each query and word, where the word stands, see ``ReaderLayer.bias``.
    """

    n_pairs: int
    words: Tensor
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

        ``means`` Shape: (instances, width), of the words of each mention.
        """
        device = words.rows.device
        text = words.rows if self.narrow is None else self.narrow(words.rows)
        starts = means if self.narrow is None else on_padded_rows(self.narrow, means)
        kinds = torch.as_tensor(instances.entity_type[instances.entity], device=device, dtype=torch.long)
        starts = starts + self.kind(kinds)
        order, blocks = plan_blocks(instances.document[pairs.left], pairs, len(text), device)
        ends = np.stack([pairs.left, pairs.right], axis=1)[order].reshape(-1)
        queries = starts[torch.as_tensor(ends, device=device)].view(-1, 2, self.width) + self.role.weight
        n = len(queries)
        # Beyond the last, queries that look at nothing make their number a round one, see ``batches``.
        queries = nn.functional.pad(self.start(queries), (0, 0, 0, 0, 0, -n % ROW_STEP if n else 0)).flatten(0, 1)
        for layer in self.layers:
            queries = layer(queries, text, blocks)
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

    def forward(self, queries: Tensor, text: Tensor, blocks: Sequence[Block]) -> Tensor:
        """``queries`` Shape: (2 * mention pairs, width), left and right by turns; ``text`` Shape: (words, width)."""
        asked, keys, values = (self._heads(part(queries)) for part in (self.query, self.key, self.value))
        asked = asked * asked.shape[2] ** -0.5
        # Of the two queries of a pair: what each says to itself, and to the other.
        other_keys, other_values = (t.unflatten(1, (-1, 2)).flip(2).flatten(1, 2) for t in (keys, values))
        to_queries = torch.stack([(asked * keys).sum(dim=2), (asked * other_keys).sum(dim=2)], dim=2)
        sizes = [2 * block.n_pairs for block in blocks]
        sizes.append(len(queries) - sum(sizes))
        # The row behind the text is zero: the place of the queries, whose scores and values are added.
        text_keys, text_values = (
            nn.functional.pad(self._heads(part(text)), (0, 0, 0, 1)) for part in (self.key, self.value)
        )
        bias = self.bias()
        found, shared = [], []
        for block, query, pair in zip(blocks, asked.split(sizes, dim=1), to_queries.split(sizes, dim=1), strict=False):
            key, value = (t.index_select(1, block.words) for t in (text_keys, text_values))
            scores = bias.index_select(1, block.kinds).view(self.n_heads, query.shape[1], -1)
            scores = scores.baddbmm_(query, key.transpose(1, 2))
            scores[:, :, -2:] += pair
            shares = scores.softmax(dim=2)
            found.append(shares @ value)
            shared.append(shares[:, :, -2:])
        # Queries that look at nothing find nothing.
        rest = values[:, len(queries) - sizes[-1] :] * 0
        own, other = torch.cat([*shared, rest[:, :, :2]], dim=1).split(1, dim=2)
        found = torch.cat([*found, rest], dim=1) + own * values + other * other_values
        found = found.transpose(0, 1).flatten(1)
        queries = self.mixed(queries + self.dropout(self.mix(found)))
        inner = nn.functional.gelu(self.first(queries))
        return self.norm(queries + self.dropout(self.second(inner)))

    def _heads(self, rows: Tensor) -> Tensor:
        """Shape: (rows, width) -> (heads, rows, depth)."""
        return rows.unflatten(1, (self.n_heads, -1)).transpose(0, 1).contiguous()

    def bias(self) -> Tensor:
        """Shape: (heads, kinds): of a word at distances ``i`` and ``j`` the column ``i * N_DISTANCES + j``, then of an unseen one and of a query."""
        words = (self.own[:, :, None] + self.other[:, None]).flatten(1)
        return torch.cat([words, words.new_tensor([[-torch.inf, 0.0]]).expand(self.n_heads, 2)], dim=1)


def plan_blocks(
    document: np.ndarray, pairs: Pairs, n_text: int, device: torch.device
) -> tuple[np.ndarray, list[Block]]:
    """The order of the mention pairs, by ``document`` Shape: (mention pairs,) and what they look at, and its blocks, each of one
    document: pairs of the same sentences are looked at together. ``n_text``: rows of the text.
    """
    context = pairs.context
    far = context[:, 3] > context[:, 2]
    order = np.lexsort((context[:, 2], context[:, 0], far, document))
    blocks = []
    for start, stop in _cuts(document[order], context[order]):
        rows = order[start:stop]
        one, two = context[rows, :2], context[rows, 2:]
        # The second span of a context may be empty, then it lies where the first ends.
        places = np.arange(one.min(), context[rows].max())
        seen = _inside(places, one) | _inside(places, two)
        some = seen.any(axis=0)
        kinds = torch.as_tensor(_kinds(places[some], seen[:, some], pairs.spans[rows]), device=device)
        words = torch.as_tensor(np.append(places[some], [n_text, n_text]), device=device)
        blocks.append(Block(stop - start, words, kinds))
    return order, blocks


def _cuts(document: np.ndarray, context: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where rows, in their order, are cut into blocks: greedily, as ``BLOCK_COST`` says, what looks at the same words never in vain.

    Sets of words are the bits of a number.
    """
    keys = np.column_stack([document, context])
    changes = np.ones(len(keys), bool)
    changes[1:] = np.any(keys[1:] != keys[:-1], axis=1)
    begin, held, owner = 0, 0, -1
    for first, last in pairwise([*np.flatnonzero(changes).tolist(), len(keys)]):
        own_document, *spans = keys[first].tolist()
        own = _bits(*spans[:2]) | _bits(*spans[2:])
        if own_document != owner or not _is_worth_joining((first - begin, held), (last - first, own)):
            if first > begin:
                yield begin, first
            begin, held, owner = first, 0, own_document
        held |= own
        while last - begin > PAIRS_IN_CACHE:
            yield begin, begin + PAIRS_IN_CACHE
            begin += PAIRS_IN_CACHE
            held = own
    if len(keys) > begin:
        yield begin, len(keys)


def _is_worth_joining(block: tuple[int, int], group: tuple[int, int]) -> bool:
    """Of each the number of pairs and the words that they look at."""
    (n, words), (m, more) = block, group
    apart = n * words.bit_count() + m * more.bit_count() + BLOCK_COST
    return n + m <= PAIRS_IN_CACHE and (n + m) * (words | more).bit_count() <= apart


def _bits(start: int, stop: int) -> int:
    return ((1 << (stop - start)) - 1) << start


def _inside(places: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Shape: (rows, places): of half-open ``spans`` Shape: (rows, 2)."""
    return (places >= spans[:, :1]) & (places < spans[:, 1:])


def _kinds(places: np.ndarray, seen: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Shape: (2 * pairs * (places + 2),): see ``Block``. ``seen`` Shape: (pairs, places): whether a place belongs to what a pair looks at."""
    left, right = (_DISTANCE_OF[_distances(places, spans[:, side : side + 2]) + _FARTHEST] for side in (0, 2))
    kinds = np.full((len(spans), 2, len(places) + 2), _QUERY)
    kinds[:, 0, :-2] = np.where(seen, left * N_DISTANCES + right, _UNSEEN)
    kinds[:, 1, :-2] = np.where(seen, right * N_DISTANCES + left, _UNSEEN)
    return kinds.reshape(-1)


def _distances(places: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Shape: (rows, places): signed words from half-open ``spans`` Shape: (rows, 2) to ``places`` Shape: (places,), 0 inside, no farther than _FARTHEST."""
    signed = np.minimum(places - spans[:, :1], 0) + np.maximum(places - spans[:, 1:] + 1, 0)
    return np.clip(signed, -_FARTHEST, _FARTHEST)
