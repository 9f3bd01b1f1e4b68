"""Which concept of a relation acts upon the other: read beside the gold files, which do not say it.

A tab-separated file with the columns pmid, entity_1_id, entity_2_id and subject_id, a row for each relation with a
direction; relations without a row have none.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from litcoin_batch.schema import ConfigError, Document

COLUMNS = ("pmid", "entity_1_id", "entity_2_id", "subject_id")
Directions = dict[tuple[int, tuple[str, str]], str]


def read_directions(paths: Sequence[Path]) -> Directions:
    """(PMID, pair of ids in their order) to the id that acts. Raises ``ConfigError`` naming the line that is not so."""
    found: Directions = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.reader(lines, delimiter="\t")
            if (header := tuple(next(rows, ()))) != COLUMNS:
                raise ConfigError(f"{path}: columns {header}, expected {COLUMNS}")
            for number, row in enumerate(rows, start=2):
                if len(row) != len(COLUMNS) or not row[0].isdigit() or row[3] not in row[1:3]:
                    raise ConfigError(
                        f"{path}, line {number}: {row}, expected a PMID, two ids and which of them is the subject"
                    )
                found[int(row[0]), (min(row[1:3]), max(row[1:3]))] = row[3]
    return found


def directed(documents: Sequence[Document], directions: Directions) -> list[Document]:
    """The documents with the subjects of their relations."""
    return [
        replace(
            document,
            gold=replace(
                document.gold,
                relations=tuple(
                    replace(r, subject=directions.get((document.pmid, r.pair))) for r in document.gold.relations
                ),
            ),
        )
        for document in documents
    ]
