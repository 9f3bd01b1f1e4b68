"""Mentions with concept ids to the entities of a document, and their relations as labels of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from litcoin_batch.model.batching.pairs import Instances
from litcoin_batch.schema import ENTITY_TYPES, Mention
from litcoin_batch.text.pieces import Pieces, cut, word_ranges
from litcoin_batch.text.tokens import edges_of

TYPE_INDEX = {name: index for index, name in enumerate(ENTITY_TYPES)}


@dataclass(frozen=True, slots=True)
class Entities:
    """One document's entities in the order of their first mentions.

    ``ids`` concept ids; ``types`` Shape: (entities,) of the first mention; ``first``, ``stop``, ``entity``
    Shape: (instances,) word range and entity of every (mention, id).
    """

    ids: tuple[str, ...]
    types: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    entity: np.ndarray


def link_entities(mentions: Sequence[Sequence[Mention]], pieces: Sequence[Pieces]) -> list[Entities]:
    """The entities of each document. Mentions that cover no word of theirs take no part."""
    ranges = iter(word_ranges(pieces, mentions).tolist())
    indices: list[dict[str, int]] = [{} for _ in mentions]
    types: list[int] = []
    rows: list[tuple[int, int, int]] = []
    n_rows: list[int] = []
    for some, index in zip(mentions, indices, strict=True):
        n_before = len(rows)
        # The mentions come first: at their end no range is taken.
        for mention, (first, stop) in zip(some, ranges, strict=False):
            if first == stop:
                continue
            ids = mention.entity_ids
            for entity_id in ids if len(ids) < 2 else dict.fromkeys(ids):
                if entity_id not in index:
                    index[entity_id] = len(index)
                    types.append(TYPE_INDEX[mention.type])
                rows.append((first, stop, index[entity_id]))
        n_rows.append(len(rows) - n_before)
    table = np.asarray(rows, np.int64).reshape(-1, 3)
    of_entity, of_row = edges_of([len(index) for index in indices]), edges_of(n_rows)
    columns = (cut(np.asarray(types, np.int64), of_entity), *(cut(column, of_row) for column in table.T))
    return [Entities(tuple(index), *arrays) for index, *arrays in zip(indices, *columns, strict=True)]


def join_instances(documents: Sequence[Entities]) -> Instances:
    """The instances of a batch, entities numbered through."""
    n_instances = [len(d.entity) for d in documents]
    n_entities = [len(d.ids) for d in documents]
    base = np.cumsum([0, *n_entities[:-1]])
    rows = np.arange(len(documents))
    return Instances(
        document=np.repeat(rows, n_instances),
        first=np.concatenate([d.first for d in documents]),
        stop=np.concatenate([d.stop for d in documents]),
        entity=np.concatenate([d.entity for d in documents]) + np.repeat(base, n_instances),
        entity_type=np.concatenate([d.types for d in documents]),
        entity_document=np.repeat(rows, n_entities),
    )
