"""From how sure spans, ids and the pair are to the share of rows of relations that are right as written.

A row is right where both ends carry the right concept ids and the type is right: training/calibrate_rows.py fits the few
numbers on documents that the model has not seen. It rises with each of its features, so no order between rows that
differ in one of them is turned.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from litcoin_batch.schema import ContractError, Mention, Relation, is_local

FILE = "row_calibration.json"
FEATURES = ("pair", "spans", "ids", "mentions")
# A row with an id local to its document can be right in no other place; its score keeps the order of such rows.
UNRESOLVED_MAX = 0.01
_DECIMALS = 6
_EPSILON = 1e-4


@dataclass(frozen=True, slots=True)
class RowCalibration:
    """Weights, none negative, of the log-odds of the pair's score, the logarithms of the scores of the least sure span and
    id of the two ends, and of the number of mentions of the end with fewer.

    Rows with a score below ``lowest`` are left out: they would be wrong more often than a table bears, and none joins
    another document that has an id local to its own.
    """

    offset: float = 0.0
    pair: float = 1.0
    spans: float = 1.0
    ids: float = 1.0
    mentions: float = 0.0
    lowest: float = 0.0

    def __post_init__(self) -> None:
        for name in (*FEATURES, "lowest"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ContractError(f"{FILE}: {name} is {getattr(self, name)!r}, expected a number of at least 0")
        if self.lowest > 1:
            raise ContractError(f"{FILE}: lowest is {self.lowest!r}, expected a share of at most 1")

    def rescore(self, mentions: Sequence[Mention], relations: Sequence[Relation]) -> tuple[Relation, ...]:
        """The relations of one document with ``score`` the share of such rows that are right, of at least ``lowest``."""
        scores = [round(self.score(*row), _DECIMALS) for row in row_features(mentions, relations)]
        return tuple(
            replace(relation, score=score)
            for relation, score in zip(relations, scores, strict=True)
            if score >= self.lowest
        )

    def score(self, values: Sequence[float], resolved: bool) -> float:
        """``values``: as of ``row_features``."""
        weights = (getattr(self, name) for name in FEATURES)
        logit = self.offset + sum(w * v for w, v in zip(weights, values, strict=True))
        share = 1 / (1 + math.exp(-max(-50.0, min(50.0, logit))))
        return share if resolved else UNRESOLVED_MAX * share

    @classmethod
    def read(cls, path: Path) -> RowCalibration:
        """Raises ``ContractError`` for a file that is not one written by ``write``."""
        names = [f.name for f in fields(cls)]
        try:
            values = json.loads(path.read_text())
            if sorted(values) != sorted(names):
                raise ValueError(f"found {sorted(values)}")
            return cls(**{name: float(value) for name, value in values.items()})
        except (ValueError, TypeError, AttributeError) as error:
            raise ContractError(
                f"{path}: not a row calibration ({error!r}); expected numbers {', '.join(names)}"
            ) from error

    def write(self, folder: Path) -> None:
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1, sort_keys=True) + "\n")


def row_features(mentions: Sequence[Mention], relations: Sequence[Relation]) -> list[tuple[tuple[float, ...], bool]]:
    """For each relation its features, in the order of ``FEATURES``, and whether no end is local to the document."""
    span: dict[str, float] = {}
    sure: dict[str, float] = {}
    count: dict[str, int] = {}
    for mention in mentions:
        for entity_id in mention.entity_ids:
            span[entity_id] = max(mention.score, span.get(entity_id, 0.0))
            sure[entity_id] = max(mention.id_score, sure.get(entity_id, 0.0))
            count[entity_id] = count.get(entity_id, 0) + 1
    rows: list[tuple[tuple[float, ...], bool]] = []
    for relation in relations:
        score = min(max(relation.score, _EPSILON), 1 - _EPSILON)
        # A relation may outlive its mentions (gold of other sources): nothing is known of such an end.
        spans, ids = (min(known.get(i, 0.0) for i in relation.pair) for known in (span, sure))
        n = min(count.get(i, 1) for i in relation.pair)
        values = (
            math.log(score / (1 - score)),
            math.log(max(spans, _EPSILON)),
            math.log(max(ids, _EPSILON)),
            math.log(n),
        )
        rows.append((values, not any(is_local(i) for i in relation.pair)))
    return rows
