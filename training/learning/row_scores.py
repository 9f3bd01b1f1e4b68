"""Whether the scores of relation rows are the shares of rows that are right as written, and fitting them so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from litcoin_batch.model.row_calibration import FEATURES, RowCalibration, row_features
from litcoin_batch.schema import Annotation, Relation
from training.learning.reliability import calibration_error

THRESHOLDS = (0.5, 0.7, 0.9)
DEFINITION = (
    "Rows of relations from text alone. A row is right where the same document has a gold relation of the same type between the "
    "same two concept ids; one with an id local to its document never is. expected_calibration_error: over 15 equal bins of "
    "score, the mean distance between score and share right, weighted by rows (Guo et al. 2017, equation 3). at: of rows with at "
    "least that score the number and the share right."
)
# Pulls each number towards its beginning with the weight of so many rows: there are a few hundred rows.
_PRIOR_ROWS = 4.0
_STEPS = 60


def right_rows(gold: Sequence[Annotation], found: Sequence[Annotation]) -> list[tuple[Relation, bool]]:
    """Every relation of ``found`` and whether it is right, in order."""
    true = {(a.pmid, r.pair, r.type) for a in gold for r in a.relations}
    return [(r, (a.pmid, r.pair, r.type) in true) for a in found for r in a.relations]


def score_rows(gold: Sequence[Annotation], found: Sequence[Annotation]) -> dict[str, Any]:
    rows = right_rows(gold, found)
    scores = np.asarray([r.score for r, _ in rows])
    right = np.asarray([ok for _, ok in rows], bool)
    at = {}
    for threshold in THRESHOLDS:
        kept = scores >= threshold
        at[str(threshold)] = {"rows": int(kept.sum()), "precision": float(right[kept].mean()) if kept.any() else None}
    error = calibration_error(scores, right)
    return {
        "rows": len(rows),
        "right": int(right.sum()),
        "expected_calibration_error": error,
        "at": at,
        "definition": DEFINITION,
    }


def fit_rows(values: np.ndarray, right: np.ndarray) -> RowCalibration:
    """Logistic regression with weights that are not negative. ``values`` Shape: (rows, features) and ``right`` of resolved rows.

    Newton's method on the weights that are free; one that stands at zero and would fall is held there.
    """
    start = RowCalibration()
    prior = np.asarray([start.offset, *(getattr(start, name) for name in FEATURES)])
    pull = np.asarray([0.01, *[_PRIOR_ROWS] * len(FEATURES)])
    x = np.concatenate([np.ones((len(values), 1)), np.asarray(values, float).reshape(-1, len(FEATURES))], axis=1)
    y = np.asarray(right, float)
    lowest = np.asarray([-np.inf, *[0.0] * len(FEATURES)])

    def loss(numbers: np.ndarray) -> float:
        logit = x @ numbers
        return float((np.logaddexp(0, logit) - y * logit).sum() + (pull * (numbers - prior) ** 2).sum() / 2)

    numbers = prior.copy()
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(x @ numbers, -50, 50)))
        slope = x.T @ (share - y) + pull * (numbers - prior)
        free = (numbers > lowest) | (slope < 0)
        bend = (x * (share * (1 - share))[:, None]).T @ x + np.diag(pull)
        step = np.zeros_like(numbers)
        step[free] = np.linalg.solve(bend[np.ix_(free, free)], slope[free])
        length = 1.0
        while length > 1e-6 and loss(np.maximum(numbers - length * step, lowest)) > loss(numbers):
            length /= 2
        moved = np.maximum(numbers - length * step, lowest)
        if np.abs(moved - numbers).max() < 1e-9:
            break
        numbers = moved
    offset, *weights = (round(v, 6) for v in numbers.tolist())
    return RowCalibration(offset, *weights)


def table_of(
    gold: Sequence[Annotation], found: Sequence[Annotation]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of all rows: features Shape: (rows, features), whether resolved, whether right, and the number of the document."""
    values, resolved, document = [], [], []
    for number, annotation in enumerate(found):
        for features, whole in row_features(annotation.mentions, annotation.relations):
            values.append(features)
            resolved.append(whole)
            document.append(number)
    right = [ok for _, ok in right_rows(gold, found)]
    return (
        np.asarray(values, float).reshape(-1, len(FEATURES)),
        np.asarray(resolved, bool),
        np.asarray(right, bool),
        np.asarray(document, int),
    )


def cross_fitted(table: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], n_folds: int, seed: int) -> np.ndarray:
    """Shape: (rows,) the score each row gets from the documents of the other folds."""
    values, resolved, right, document = table
    n = int(document.max()) + 1 if len(document) else 0
    fold = np.random.default_rng(seed).permutation(n) % n_folds
    scores = np.zeros(len(right))
    for held_out in range(n_folds):
        others, own = fold[document] != held_out, fold[document] == held_out
        fitted = fit_rows(values[others & resolved], right[others & resolved])
        scores[own] = [fitted.score(v, whole) for v, whole in zip(values[own], resolved[own].tolist(), strict=True)]
    return scores
