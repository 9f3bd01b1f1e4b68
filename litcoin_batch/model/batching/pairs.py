"""The candidate pairs of a batch's entities, and the mention pairs that are read for each: places and buckets, no tensors.

Vectorised over the batch: no loop over documents, entities or mentions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from litcoin_batch.model.batching.batches import DocumentBatch


@dataclass(frozen=True, slots=True)
class Instances:
    """The mentions of a batch, once per entity they name.

    ``document``, ``first``, ``stop`` Shape: (instances,): batch row and half-open word range in it;
    ``entity`` Shape: (instances,) index into the batch's entities; ``entity_type``, ``entity_document`` Shape: (entities,).
    Entities are numbered in the order of documents and first mentions.
    """

    document: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    entity: np.ndarray
    entity_type: np.ndarray
    entity_document: np.ndarray


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate entity pairs and the mention pairs that are looked at, in the order of their pairs.

    ``left``, ``right``, ``pair`` Shape: (mention pairs,): instance indices and the entity pair they belong to;
    ``entity_1``, ``entity_2`` Shape: (pairs,): entity indices, ordered by type and then by first mention.
    ``mention_features`` Shape: (mention pairs, 4), ``place_features`` Shape: (mention pairs, 2) and ``pair_features`` Shape: (pairs, 4): bucket indices.
    Half-open spans of the words of the batch, numbered through: ``spans`` Shape: (mention pairs, 4) of the left and the right mention,
    ``context`` Shape: (mention pairs, 4) of the words around both, two spans in the order of the text, the second empty where they meet.
    """

    left: np.ndarray
    right: np.ndarray
    pair: np.ndarray
    entity_1: np.ndarray
    entity_2: np.ndarray
    mention_features: np.ndarray
    place_features: np.ndarray
    pair_features: np.ndarray
    spans: np.ndarray
    context: np.ndarray

    @property
    def n_pairs(self) -> int:
        return len(self.entity_1)

    def chosen(self, keep: slice | np.ndarray, rows: np.ndarray, number: np.ndarray) -> Pairs:
        """Only the pairs ``keep`` and the mention pairs ``rows``; ``number`` Shape: (pairs,) what the pairs are called then."""
        of_pair = ("entity_1", "entity_2", "pair_features")
        columns = {name: getattr(self, name)[keep if name in of_pair else rows] for name in Pairs.__slots__}
        return Pairs(**columns | {"pair": number[columns["pair"]]})


GAP_EDGES = np.asarray([1, 2, 3, 4, 6, 9, 13, 20, 32, 64, 128])
SENTENCE_GAP_EDGES = np.asarray([1, 2, 3, 6])
COUNT_EDGES = np.asarray([2, 3, 4, 6])
SHARED_EDGES = np.asarray([1, 2, 3, 4])
# Sentences before (the title is the first) and behind the later mention.
BEFORE_EDGES = np.asarray([1, 2, 3, 5, 8])
BEHIND_EDGES = np.asarray([1, 2, 3, 5])
MENTION_FEATURE_SIZES = (len(GAP_EDGES) + 1, len(SENTENCE_GAP_EDGES) + 1, 2, 4)
# The column of mention features that is bucketed by SENTENCE_GAP_EDGES; 0 is the same sentence.
SENTENCES_APART = 1
PLACE_FEATURE_SIZES = (len(BEFORE_EDGES) + 1, len(BEHIND_EDGES) + 1)
PAIR_FEATURE_SIZES = (len(COUNT_EDGES) + 1, len(COUNT_EDGES) + 1, len(SHARED_EDGES) + 1, len(SENTENCE_GAP_EDGES) + 1)
# Words of its sentence before and behind a mention that belong to its context: all but of the longest sentences.
CONTEXT_WORDS = 32


def build_pairs(batch: DocumentBatch, instances: Instances, type_pairs: np.ndarray, nearest: int) -> Pairs:
    """All unordered pairs of different entities of one document whose types may be related.

    ``type_pairs`` Shape: (types, types) bool, symmetric. ``nearest``: the most mention pairs of each that are looked at, see
    ``_nearest``. Vectorised over the batch: no loop over documents, entities or mentions.
    """
    left, right = _mention_pairs(instances)
    kind, entity = instances.entity_type, instances.entity
    one, two = entity[left], entity[right]
    ok = (one != two) & type_pairs[kind[one], kind[two]]
    left, right, one, two = left[ok], right[ok], one[ok], two[ok]
    # Instances come in the order of documents, not of entities, so order each pair by (type, entity).
    rank = kind * (len(kind) + 1) + np.arange(len(kind))
    swap = rank[one] > rank[two]
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    entity_1, entity_2, pair = _entity_pairs(instances, one, two)
    ordinal, sentence = _sentences(batch, instances)
    apart = np.abs(ordinal[left] - ordinal[right])
    pair_features = _pair_features(instances, pair, (entity_1, entity_2), _buckets(apart, SENTENCE_GAP_EDGES))
    gap = np.maximum(instances.first[right] - instances.stop[left], instances.first[left] - instances.stop[right])
    gap = np.maximum(gap, 0)
    rows = _nearest(pair, ordinal[left], ordinal[right], gap, nearest)
    left, right, pair, gap = left[rows], right[rows], pair[rows], gap[rows]
    base = batch.first_word[instances.document]
    spans = np.stack([instances.first, instances.stop], axis=1) + base[:, None]
    return Pairs(
        left=left,
        right=right,
        pair=pair,
        entity_1=entity_1,
        entity_2=entity_2,
        mention_features=_mention_features(instances, left, right, (gap, ordinal)),
        place_features=_place_features(batch, instances, left, np.maximum(ordinal[left], ordinal[right])),
        pair_features=pair_features,
        spans=np.concatenate([spans[left], spans[right]], axis=1),
        context=_context(spans, sentence, left, right),
    )


def _nearest(pair: np.ndarray, one: np.ndarray, two: np.ndarray, gap: np.ndarray, n: int) -> np.ndarray:
    """Rows of the ``n`` nearest mention pairs of each pair, in the order of pairs: one of each two sentences ``one`` and
    ``two`` Shape: (mention pairs,), that with the fewest words ``gap`` between; same sentence first, then by the gap, then by the text.
    """
    low, high = np.minimum(one, two), np.maximum(one, two)
    n_sentences = int(high.max(initial=0)) + 1
    place = (pair * n_sentences + low) * n_sentences + high
    order = np.lexsort((gap, place))
    first = np.ones(len(order), bool)
    first[1:] = place[order][1:] != place[order][:-1]
    rows = order[first]
    rows = rows[np.lexsort((rows, gap[rows], (high - low)[rows], pair[rows]))]
    count = np.bincount(pair[rows], minlength=int(pair.max(initial=-1)) + 1)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    return rows[rank < n]


def split_pairs(pairs: Pairs, max_mention_pairs: int) -> Iterator[tuple[slice, np.ndarray, Pairs]]:
    """Parts of bounded size, so that one huge document does not decide the memory needed.

    Yields the slice of pairs, the indices of mention pairs and the part itself. A pair is never
    divided, so a part may exceed the bound by one pair's mention pairs.
    """
    if 0 < len(pairs.pair) <= max_mention_pairs:
        # As nearly every batch does: nothing has to be put into order.
        yield slice(0, pairs.n_pairs), np.arange(len(pairs.pair)), pairs
        return
    ends = np.cumsum(np.bincount(pairs.pair, minlength=pairs.n_pairs))
    start = 0
    while start < pairs.n_pairs:
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + max_mention_pairs, side="right")))
        rows, part = np.arange(done, ends[stop - 1]), slice(start, stop)
        yield part, rows, pairs.chosen(part, rows, np.arange(pairs.n_pairs) - start)
        start = stop


def keep_pairs(pairs: Pairs, keep: np.ndarray) -> Pairs:
    """Only the pairs where ``keep`` Shape: (pairs,) bool says so, in their order, with their mention pairs."""
    return pairs.chosen(keep, np.flatnonzero(keep[pairs.pair]), np.cumsum(keep) - 1)


def _mention_pairs(instances: Instances) -> tuple[np.ndarray, np.ndarray]:
    """Every (i, j), i < j, of instances in one document; instances are grouped by document."""
    n = len(instances.document)
    after = np.searchsorted(instances.document, instances.document, side="right") - np.arange(n) - 1
    left = np.repeat(np.arange(n), after)
    offset = np.arange(len(left)) - np.repeat(np.cumsum(after) - after, after)
    return left, left + 1 + offset


def _entity_pairs(
    instances: Instances, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The different pairs of the entities ``left`` and ``right`` Shape: (mention pairs,), in their order: the two of each, and
    Shape: (mention pairs,) which of them each is.

    Ticked off in a square of the entities of each document, so that nothing has to be sorted.
    """
    document = instances.entity_document
    n_entities = np.bincount(document)
    first = np.cumsum(n_entities) - n_entities
    square = np.cumsum(n_entities**2) - n_entities**2
    own = document[left]
    place = square[own] + (left - first[own]) * n_entities[own] + right - first[own]
    met = np.zeros(int((n_entities**2).sum()), bool)
    met[place] = True
    found = np.flatnonzero(met)
    # Documents without entities begin where the next one does: the last of those that begin there has the place.
    owner = np.searchsorted(square, found, side="right") - 1
    one, two = np.divmod(found - square[owner], n_entities[owner])
    return first[owner] + one, first[owner] + two, (np.cumsum(met) - 1)[place]


def _sentences(batch: DocumentBatch, instances: Instances) -> tuple[np.ndarray, np.ndarray]:
    """Sentence ordinal of each instance Shape: (instances,) and the words of that sentence, numbered through Shape: (instances, 2)."""
    sentence_base = np.cumsum([0] + [len(p.sentence_words) for p in batch.pieces])
    of_word = np.concatenate([p.word_sentences for p in batch.pieces])
    words = np.concatenate([p.sentence_words for p in batch.pieces])
    base = batch.first_word[instances.document]
    ordinal = of_word[base + instances.first]
    return ordinal, words[sentence_base[instances.document] + ordinal] + base[:, None]


def _mention_features(
    instances: Instances, left: np.ndarray, right: np.ndarray, places: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Shape: (mention pairs, 4): words and sentences between them, which comes first, which are in the first sentence.

    ``places``: words between Shape: (mention pairs,) and the sentence of each mention Shape: (instances,).
    """
    gap, sentence = places
    one, two = sentence[left], sentence[right]
    features = (
        _buckets(gap, GAP_EDGES),
        _buckets(np.abs(one - two), SENTENCE_GAP_EDGES),
        instances.first[left] > instances.first[right],
        (one == 0) + 2 * (two == 0),
    )
    return np.stack(features, axis=1, dtype=np.int64)


def _place_features(batch: DocumentBatch, instances: Instances, left: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Shape: (mention pairs, 2): sentences before and behind ``later`` Shape: (mention pairs,), the sentence of the later mention."""
    n_sentences = np.asarray([len(p.sentence_words) for p in batch.pieces])[instances.document[left]]
    features = _buckets(later, BEFORE_EDGES), _buckets(n_sentences - 1 - later, BEHIND_EDGES)
    return np.stack(features, axis=1, dtype=np.int64)


def _pair_features(
    instances: Instances, pair: np.ndarray, entities: tuple[np.ndarray, np.ndarray], apart: np.ndarray
) -> np.ndarray:
    """Shape: (pairs, 4): mentions of either entity, mention pairs within a sentence, sentences between the nearest.

    ``apart`` Shape: (mention pairs,): buckets of sentences between them; the first is that of none.
    """
    n_pairs, n_buckets = len(entities[0]), len(SENTENCE_GAP_EDGES) + 1
    count = _buckets(np.bincount(instances.entity, minlength=len(instances.entity_type)), COUNT_EDGES)
    met = np.bincount(pair * n_buckets + apart, minlength=n_pairs * n_buckets).reshape(n_pairs, n_buckets)
    features = (count[entities[0]], count[entities[1]], _buckets(met[:, 0], SHARED_EDGES), (met > 0).argmax(axis=1))
    return np.stack(features, axis=1, dtype=np.int64)


def _buckets(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """``np.digitize`` of numbers that are not negative, looked up and not searched for."""
    return np.digitize(np.arange(edges[-1] + 1), edges)[np.minimum(values, edges[-1])]


def _context(spans: np.ndarray, sentence: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Shape: (mention pairs, 4): the words around both mentions, as ``Pairs`` says.

    ``spans``, ``sentence`` Shape: (instances, 2): words of each mention and of its sentence. A mention may run beyond its sentence.
    """
    start = np.minimum(np.maximum(sentence[:, 0], spans[:, 0] - CONTEXT_WORDS), spans[:, 0])
    stop = np.minimum(np.maximum(sentence[:, 1], spans[:, 1]), spans[:, 1] + CONTEXT_WORDS)
    around = np.stack([start, stop], axis=1)
    swap = start[left] > start[right]
    one, two = around[np.where(swap, right, left)], around[np.where(swap, left, right)]
    meet = two[:, 0] <= one[:, 1]
    one[:, 1] = np.where(meet, np.maximum(one[:, 1], two[:, 1]), one[:, 1])
    two[meet] = one[meet, 1:]
    return np.concatenate([one, two], axis=1)
