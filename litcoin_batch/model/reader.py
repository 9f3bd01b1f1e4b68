"""A pair of mentions looks at the words that carry it: two queries a pair, which the text does not see.

Levitated markers (Ye et al. 2022, PL-Marker, arXiv:2109.06067): a query for each mention of a pair, starting from the
mention's words, attends to the words around both mentions and to the other query. As no word attends to a query, the
text is encoded once, however many pairs ask. A query knows where each word stands relative to its own mention and to
the other one (Zeng et al. 2014, position features; Shaw et al. 2018, as a bias of attention).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from litcoin_batch.model.batches import ROW_STEP, Instances, Pairs
from litcoin_batch.model.linear import WordLinear
from litcoin_batch.model.rows import on_padded_rows
from litcoin_batch.schema import ENTITY_TYPES, ConfigError

# Signed distances of a word to a mention: 0 inside, then growing steps on either side.
DISTANCE_EDGES = np.asarray([1, 2, 3, 4, 6, 9, 14, 22])
N_DISTANCES = 2 * len(DISTANCE_EDGES) + 1
# Places of attention besides words at some distance from both mentions: padding, and the two queries.
_PADDING, _QUERY = N_DISTANCES**2, N_DISTANCES**2 + 1
# Words of a pair are padded to a multiple of this, by the pair alone: sums over padding are zeros, but in another order.
CONTEXT_STEP = 32
# Mention pairs that attend at once on a CPU: their keys and values stay in the cache.
READINGS_IN_CACHE = 64


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
class Reading:
    """Mention pairs that look at equally many words. ``rows`` (some,) which mention pairs; ``places`` (some, words) rows
    of words; ``kinds`` (some, 2, words + 2) what stands there for each of the two queries, see ``ReaderLayer.bias``."""

    rows: Tensor
    places: Tensor
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

    def forward(self, words: Tensor, means: Tensor, instances: Instances, pairs: Pairs) -> Tensor:
        """(mention pairs, 2 * reader's width): what the left and the right query of each have found.

        ``words`` (words, width); ``means`` (instances, width), of the words of each mention.
        """
        device = words.device
        text = words if self.narrow is None else self.narrow(words)
        starts = means if self.narrow is None else on_padded_rows(self.narrow, means)
        kinds = torch.as_tensor(instances.entity_type[instances.entity], device=device, dtype=torch.long)
        starts = starts + self.kind(kinds)
        ends = torch.as_tensor(np.stack([pairs.left, pairs.right], axis=1).reshape(-1), device=device)
        queries = starts[ends].view(-1, 2, self.width) + self.role.weight
        n = len(queries)
        # Beyond the last, queries that look at nothing make their number a round one, see ``batches``.
        queries = nn.functional.pad(self.start(queries), (0, 0, 0, 0, 0, -n % ROW_STEP if n else 0)).flatten(0, 1)
        readings = [part for whole in plan_readings(pairs) for part in _to_device(whole, device)]
        for layer in self.layers:
            queries = layer(queries, text, readings)
        return queries.view(-1, 2 * self.width)[:n]


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
        self.own = nn.Parameter(torch.zeros(N_DISTANCES, config.n_heads))
        self.other = nn.Parameter(torch.zeros(N_DISTANCES, config.n_heads))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, queries: Tensor, text: Tensor, readings: list[Reading]) -> Tensor:
        """``queries`` (2 * mention pairs, width), left and right by turns; ``text`` (words, width)."""
        asked = self.query(queries).view(-1, 2, queries.shape[1])
        found = torch.zeros_like(asked)
        own = torch.cat([self.key(queries), self.value(queries)], dim=1).view(len(asked), 2, -1)
        told = torch.cat([self.key(text), self.value(text)], dim=1)
        bias = self.bias()
        for reading in readings:
            found = found.index_copy(0, reading.rows, self._attend(asked, own, told, bias, reading))
        queries = self.mixed(queries + self.dropout(self.mix(found.view_as(queries))))
        inner = nn.functional.gelu(self.first(queries))
        return self.norm(queries + self.dropout(self.second(inner)))

    def bias(self) -> Tensor:
        """(kinds, heads): of a word at distances ``i`` and ``j`` the row ``i * N_DISTANCES + j``, then padding, then queries."""
        words = (self.own[:, None] + self.other).flatten(0, 1)
        return torch.cat([words, words.new_full((1, self.n_heads), -torch.inf), words.new_zeros(1, self.n_heads)])

    def _attend(self, asked: Tensor, own: Tensor, told: Tensor, bias: Tensor, reading: Reading) -> Tensor:
        n, n_places = len(reading.rows), reading.kinds.shape[2]
        seen = torch.cat([told[reading.places.flatten()].view(n, n_places - 2, -1), own[reading.rows]], dim=1)
        keys, values = (part.unflatten(2, (self.n_heads, -1)).transpose(1, 2) for part in seen.chunk(2, dim=2))
        query = asked[reading.rows].unflatten(2, (self.n_heads, -1)).transpose(1, 2)
        mask = bias[reading.kinds.flatten()].view(n, 2, n_places, -1).permute(0, 3, 1, 2)
        found = nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)
        return found.transpose(1, 2).flatten(2)


def plan_readings(pairs: Pairs) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The columns of ``Reading`` for all mention pairs, those that look at equally many padded words together."""
    start, stop = pairs.context[:, 0::2], pairs.context[:, 1::2]
    n_words = (stop - start).sum(axis=1)
    padded = -(-n_words // CONTEXT_STEP) * CONTEXT_STEP
    for width in np.unique(padded).tolist():
        rows = np.flatnonzero(padded == width)
        place = np.arange(width)
        n_first = (stop - start)[rows, :1]
        places = np.where(place < n_first, start[rows, :1] + place, start[rows, 1:] + place - n_first)
        real = place < n_words[rows, None]
        left, right = (_distances(places, pairs.spans[rows, side : side + 2]) for side in (0, 2))
        kinds = np.stack([left * N_DISTANCES + right, right * N_DISTANCES + left], axis=1)
        kinds = np.where(real[:, None], kinds, _PADDING)
        yield rows, np.where(real, places, 0), np.pad(kinds, ((0, 0), (0, 0), (0, 2)), constant_values=_QUERY)


def _to_device(columns: tuple[np.ndarray, ...], device: torch.device) -> Iterator[Reading]:
    n = len(columns[0])
    block = READINGS_IN_CACHE if device.type == "cpu" and not torch.is_grad_enabled() else max(1, n)
    for first in range(0, n, block):
        yield Reading(*(torch.as_tensor(column[first : first + block], device=device) for column in columns))


def _distances(places: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """``places`` (rows, words), half-open ``spans`` (rows, 2) of a mention: the bucket of each word's distance to it."""
    before, behind = spans[:, :1] - places, places - spans[:, 1:] + 1
    far = np.digitize(np.maximum(np.maximum(before, behind), 0), DISTANCE_EDGES)
    return len(DISTANCE_EDGES) + np.where(before > 0, -far, far)
