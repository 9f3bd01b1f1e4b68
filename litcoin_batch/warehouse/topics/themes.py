"""The second stage: topics that use the same words become one theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Merge:
    """Two clusters become one at ``distance``; topics are the clusters 0 to n - 1, the first merge makes cluster n."""

    one: int
    other: int
    distance: float


@dataclass(frozen=True, slots=True)
class Themes:
    """``of_topic``: theme of each topic, from 0, in the order of their first topics; ``silhouette``: of the partition chosen, at most 1."""

    of_topic: tuple[int, ...]
    merges: tuple[Merge, ...]
    silhouette: float


def hellinger(distributions: np.ndarray) -> np.ndarray:
    """Distances in [0, 1] between the rows, each of which sums to 1. Shape: (rows, rows)."""
    roots = np.sqrt(distributions)
    return np.sqrt(np.clip(1.0 - roots @ roots.T, 0.0, 1.0)) * (1 - np.eye(len(distributions)))


def cluster(term_weights: np.ndarray, n_themes: int | None = None) -> Themes:
    """Average linkage; as many themes as asked for, else as many as stand apart most clearly (mean silhouette)."""
    distances = hellinger(term_weights)
    merges = link(distances)
    n_topics = len(distances)
    if n_themes is None:
        tried = range(2, max(3, n_topics))
        n_themes = max(tried, key=lambda n: (round(silhouette(distances, cut(merges, n_topics, n)), 9), -n))
    labels = cut(merges, n_topics, min(n_themes, n_topics))
    return Themes(tuple(labels), tuple(merges), round(silhouette(distances, labels), 4))


def link(distances: np.ndarray) -> list[Merge]:
    """Agglomeration by the mean distance of members (UPGMA), nearest first; equal ones by their numbers."""
    members = {i: [i] for i in range(len(distances))}
    merges = []
    for made in range(len(distances), 2 * len(distances) - 1):
        pairs = [(one, other) for one in members for other in members if one < other]
        apart = [float(distances[np.ix_(members[one], members[other])].mean()) for one, other in pairs]
        nearest = min(range(len(pairs)), key=lambda i: (apart[i], pairs[i]))
        one, other = pairs[nearest]
        merges.append(Merge(one, other, apart[nearest]))
        members[made] = members.pop(one) + members.pop(other)
    return merges


def cut(merges: Sequence[Merge], n_topics: int, n_themes: int) -> list[int]:
    """Theme of each topic where the last merges are undone until there are ``n_themes``."""
    members = {i: [i] for i in range(n_topics)}
    for made, merge in enumerate(merges[: n_topics - n_themes], start=n_topics):
        members[made] = members.pop(merge.one) + members.pop(merge.other)
    labels = [0] * n_topics
    for label, topics in enumerate(sorted(members.values(), key=min)):
        for topic in topics:
            labels[topic] = label
    return labels


def silhouette(distances: np.ndarray, labels: Sequence[int] | np.ndarray) -> float:
    """Mean over topics of (b - a) / max(a, b): a to its own cluster, b to the nearest other (Rousseeuw 1987)."""
    labels = np.asarray(labels)
    scores = []
    for topic, label in enumerate(labels):
        own = (labels == label) & (np.arange(len(labels)) != topic)
        others = [distances[topic, labels == other].mean() for other in set(labels.tolist()) - {label}]
        # By definition 0 where a topic stands alone, or all stand together.
        if not own.any() or not others:
            scores.append(0.0)
            continue
        a, b = float(distances[topic, own].mean()), float(min(others))
        scores.append((b - a) / max(a, b) if max(a, b) > 0 else 0.0)
    return float(np.mean(scores))
