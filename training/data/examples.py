"""Annotated documents as arrays for training, and batches of them.

Prepared once; an epoch then only shuffles indices and pads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from tokenizers import Tokenizer

from litcoin_batch.model.batching.batches import DocumentBatch, collate, padded_len
from litcoin_batch.model.batching.entities import TYPE_INDEX, Entities, join_instances, link_entities
from litcoin_batch.model.batching.pairs import Instances, Pairs, build_pairs, keep_pairs
from litcoin_batch.model.batching.tags import N_TAGS, encode_tags
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, Document
from litcoin_batch.text.pieces import Pieces, split_pieces, word_ranges

CLASSES = ("none", *RELATION_TYPES)


@dataclass(frozen=True, slots=True)
class PairLabels:
    """What the labels of a corpus say of a pair. ``classes`` (1 + labels, N_CLASSES) bool: the classes that a pair
    without a label, and with each label, may have; ``between`` two entity types, if only pairs between them
    that share a sentence are labelled. ``directed``: relations say which concept acts, or that none does.
    """

    names: tuple[str, ...]
    classes: np.ndarray
    between: tuple[str, str] | None = None
    directed: bool = False


EVERY_PAIR = PairLabels(RELATION_TYPES, np.eye(len(CLASSES), dtype=bool))
DIRECTED_PAIRS = replace(EVERY_PAIR, directed=True)


@dataclass(frozen=True, slots=True)
class Example:
    """``allowed`` Shape: (words, N_TAGS) bool: the tags each word may have. One tag where the corpus says it;
    several where a corpus does not annotate a type, so that its silence is not trained as absence.

    ``relations`` (relations, 5): entity, entity, label (a row of ``labels.classes``), novel, and which of the two acts
    (0 neither, -1 not said); None where a corpus has no relations.
    """

    pieces: Pieces
    allowed: np.ndarray
    entities: Entities | None
    relations: np.ndarray | None
    labels: PairLabels = EVERY_PAIR


@dataclass(frozen=True, slots=True)
class Batch:
    """``pairs`` without those that may be anything; ``classes`` Shape: (pairs, N_CLASSES) bool: what each may be; ``target`` Shape: (pairs,) the class where there is only
    one (0 no relation), else -1; ``novel`` Shape: (pairs,) 0 known, 1 novel, -1 no relation or not said; ``subject`` Shape: (pairs,) 0 nobody acts, 1 the first, 2 the second, -1 as before.
    """

    documents: DocumentBatch
    allowed: torch.Tensor
    instances: Instances | None
    pairs: Pairs | None
    classes: torch.Tensor
    target: torch.Tensor
    novel: torch.Tensor
    subject: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        tensors = (t.to(device) for t in (self.classes, self.target, self.novel, self.subject))
        return Batch(self.documents.to(device), self.allowed.to(device), self.instances, self.pairs, *tensors)


def prepare(
    documents: Sequence[Document],
    tokenizer: Tokenizer,
    complete: Sequence[str] = ENTITY_TYPES,
    relations: PairLabels | None = EVERY_PAIR,
) -> list[Example]:
    """``complete``: the entity types that this corpus annotates wherever they occur; mentions of other types are ignored.

    ``relations``: what its labels of relations mean; None where it has none.
    """
    pieces = split_pieces(documents, tokenizer)
    return [
        _example(document, p, complete, relations) for document, p in zip(documents, pieces, strict=True) if p.n_pieces
    ]


def _example(document: Document, pieces: Pieces, complete: Sequence[str], labels: PairLabels | None) -> Example:
    known = [m for m in document.gold.mentions if m.type in complete]
    ranges = word_ranges([pieces], [known])
    tags = encode_tags(ranges, np.asarray([TYPE_INDEX[m.type] for m in known], np.int64), pieces.n_words)
    allowed = np.zeros((pieces.n_words, N_TAGS), bool)
    allowed[np.arange(pieces.n_words), tags] = True
    for name in set(ENTITY_TYPES) - set(complete):
        allowed[tags == 0, 1 + 2 * TYPE_INDEX[name]] = True
        allowed[tags == 0, 2 + 2 * TYPE_INDEX[name]] = True
    # Mentions of a label that is none of ours ("ambiguous") may be anything.
    strange = [m for m in document.gold.mentions if m.type not in ENTITY_TYPES]
    for first, stop in word_ranges([pieces], [strange]).tolist():
        allowed[first:stop][tags[first:stop] == 0] = True
    if labels is None:
        return Example(pieces, allowed, None, None)
    # What relations are between counts as named even where a corpus leaves other mentions of its type out.
    named = {*complete, *(labels.between or ())}
    (entities,) = link_entities([[m for m in document.gold.mentions if m.type in named]], [pieces])
    index = {entity_id: i for i, entity_id in enumerate(entities.ids)}
    row_of = {name: row for row, name in enumerate(labels.names, start=1)}
    rows = [
        (
            index[r.entity_1_id],
            index[r.entity_2_id],
            row_of[r.type],
            int(r.novel) if labels.between is None else -1,
            (None, *r.pair).index(r.subject) if labels.directed else -1,
        )
        for r in document.gold.relations
        if r.entity_1_id in index and r.entity_2_id in index and r.type in row_of
    ]
    return Example(pieces, allowed, entities, np.asarray(rows, np.int64).reshape(-1, 5), labels)


def epoch_batches(examples: Sequence[Example], max_pieces: int, rng: np.random.Generator) -> list[list[int]]:
    """Batches of similar length in random order, each at most ``max_pieces`` padded pieces.

    Lengths are jittered by a tenth before sorting, so that no two epochs batch alike.
    """
    lengths = np.asarray([e.pieces.n_pieces for e in examples])
    order = np.argsort(lengths * rng.uniform(0.95, 1.05, len(lengths)), kind="stable")
    batches: list[list[int]] = [[]]
    longest = 0
    for index in order.tolist():
        longest = max(longest, padded_len(int(lengths[index])))
        if batches[-1] and longest * (len(batches[-1]) + 1) > max_pieces:
            batches.append([])
            longest = padded_len(int(lengths[index]))
        batches[-1].append(index)
    return [batches[i] for i in rng.permutation(len(batches))]


def stack(examples: Sequence[Example], pad_id: int, type_pairs: np.ndarray, nearest: int) -> Batch:
    """Examples with relations must come first: only they enter the pairs."""
    documents = collate([e.pieces for e in examples], pad_id)
    allowed = torch.from_numpy(np.concatenate([e.allowed for e in examples]))
    related = [e for e in examples if e.relations is not None]
    empty = torch.zeros(0, dtype=torch.long)
    nothing = Batch(
        documents=documents,
        allowed=allowed,
        instances=None,
        pairs=None,
        classes=torch.zeros(0, len(CLASSES), dtype=torch.bool),
        target=empty,
        novel=empty,
        subject=empty,
    )
    if not related:
        return nothing
    instances = join_instances([e.entities for e in related])
    pairs = build_pairs(documents, instances, type_pairs, nearest)
    if not pairs.n_pairs:
        return nothing
    label, novel, subject = _pair_labels(related, pairs)
    classes = _pair_classes(related, instances, pairs, label)
    said = np.logical_not(classes.all(axis=1))
    if not said.any():
        return nothing
    classes = torch.from_numpy(classes[said])
    return Batch(
        documents=documents,
        allowed=allowed,
        instances=instances,
        pairs=keep_pairs(pairs, said),
        classes=classes,
        target=torch.where(classes.sum(dim=1) == 1, classes.int().argmax(dim=1), -1),
        novel=torch.from_numpy(novel[said]),
        subject=torch.from_numpy(subject[said]),
    )


def _pair_labels(examples: Sequence[Example], pairs: Pairs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape: (pairs,) label, 0 where there is none, Shape: (pairs,) novelty and Shape: (pairs,) who acts, -1 where it is not said."""
    n_entities = [len(e.entities.ids) for e in examples]
    base = np.repeat(np.cumsum([0, *n_entities[:-1]]), [len(e.relations) for e in examples])
    rows = np.concatenate([e.relations for e in examples])
    n = sum(n_entities)
    low, high = np.minimum(pairs.entity_1, pairs.entity_2), np.maximum(pairs.entity_1, pairs.entity_2)
    ends = np.sort(rows[:, :2] + base[:, None], axis=1)
    key, gold = low * n + high, ends[:, 0] * n + ends[:, 1]
    order = np.argsort(gold, kind="stable")
    place = np.searchsorted(gold[order], key)
    found = place < len(gold)
    found[found] = gold[order][place[found]] == key[found]
    label, (novel, subject) = np.zeros(len(key), np.int64), np.full((2, len(key)), -1, np.int64)
    hit = order[place[found]]
    label[found], novel[found] = rows[hit, 2], rows[hit, 3]
    # Rows name the two in an order of their own.
    turned = rows[hit, 0] + base[hit] != pairs.entity_1[found]
    acts = rows[hit, 4]
    subject[found] = np.where(turned & (acts > 0), 3 - acts, acts)
    return label, novel, subject


def _pair_classes(examples: Sequence[Example], instances: Instances, pairs: Pairs, label: np.ndarray) -> np.ndarray:
    """Shape: (pairs, N_CLASSES) bool; everything is allowed of pairs that a corpus does not label."""
    document = instances.entity_document[pairs.entity_1]
    kinds = np.stack([instances.entity_type[pairs.entity_1], instances.entity_type[pairs.entity_2]], axis=1)
    # Distance buckets count sentences between the nearest mentions: 0 is the same sentence.
    apart = pairs.pair_features[:, 3] > 0
    classes = np.ones((len(label), len(CLASSES)), bool)
    for labels in {id(e.labels): e.labels for e in examples}.values():
        own = np.asarray([e.labels is labels for e in examples])[document]
        if labels.between is not None:
            wanted = sorted(TYPE_INDEX[name] for name in labels.between)
            own &= (np.sort(kinds, axis=1) == wanted).all(axis=1) & ~apart
        classes[own] = labels.classes[label[own]]
    return classes


def iterate(
    examples: Sequence[Example], batches: Sequence[Sequence[int]], pad_id: int, type_pairs: np.ndarray, nearest: int
) -> Iterator[Batch]:
    for batch in batches:
        chosen = sorted((examples[i] for i in batch), key=lambda e: e.relations is None)
        yield stack(chosen, pad_id, type_pairs, nearest)
