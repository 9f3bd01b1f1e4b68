"""Mentions with concept ids to the entities of a document, and their relations as labels of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from litcoin_batch.model.batches import Instances
from litcoin_batch.model.pieces import Pieces, word_ranges
from litcoin_batch.schema import ENTITY_TYPES, Mention

TYPE_INDEX = {name: index for index, name in enumerate(ENTITY_TYPES)}


@dataclass(frozen=True, slots=True)
class Entities:
    """One document's entities in the order of their first mentions.

    ``ids`` concept ids; ``types`` (entities,) of the first mention; ``first``, ``stop``, ``entity``
    (instances,) word range and entity of every (mention, id).
    """

    ids: tuple[str, ...]
    types: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    entity: np.ndarray


def link_entities(mentions: Sequence[Mention], pieces: Pieces) -> Entities:
    """Mentions that cover no word of the document take no part."""
    index: dict[str, int] = {}
    types, rows = [], []
    for mention, (first, stop) in zip(mentions, word_ranges(pieces, mentions).tolist(), strict=True):
        if first == stop:
            continue
        for entity_id in dict.fromkeys(mention.entity_ids):
            if entity_id not in index:
                index[entity_id] = len(index)
                types.append(TYPE_INDEX[mention.type])
            rows.append((first, stop, index[entity_id]))
    table = np.asarray(rows, np.int64).reshape(-1, 3)
    return Entities(tuple(index), np.asarray(types, np.int64), table[:, 0], table[:, 1], table[:, 2])


def join_instances(documents: Sequence[Entities]) -> Instances:
    """The instances of a batch, entities numbered through."""
    n_instances = [len(d.entity) for d in documents]
    n_entities = [len(d.ids) for d in documents]
    base = np.cumsum([0, *n_entities[:-1]])
    rows = np.arange(len(documents))
    return Instances(
        np.repeat(rows, n_instances),
        np.concatenate([d.first for d in documents]),
        np.concatenate([d.stop for d in documents]),
        np.concatenate([d.entity for d in documents]) + np.repeat(base, n_instances),
        np.concatenate([d.types for d in documents]),
        np.repeat(rows, n_entities),
    )
