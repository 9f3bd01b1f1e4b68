"""The first stage: latent Dirichlet allocation, and how many topics there are.

By Spark's online variational optimiser (Hoffman, Blei & Bach 2010). Candidates are fitted to one part of the documents
and compared on the other, by perplexity, or by how often the words of a topic occur together (coherence of Mimno et al.
2011: means over word pairs of ln (documents with both + 1) / documents with the commoner).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pyspark.ml.clustering import LDA, LDAModel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from litcoin_batch.schema import ConfigError
from litcoin_batch.warehouse.topics.bags import Bags

LOG = logging.getLogger("litcoin_batch")
CRITERIA = ("likelihood", "coherence")
N_TERMS = 20  # kept of each topic
_COHERENT_TERMS = 10
# Documents in one step of the optimiser: enough for a stable direction.
_BATCH_DOCUMENTS = 2_048
# Steps shrink as (offset + step) ** -0.51. Spark's offset of 1,024 is for far smaller batches (Hoffman et al. 2010):
# with it, a few passes over few documents would leave the topics near where they began.
_OFFSET, _MIN_STEPS = 64.0, 20


@dataclass(frozen=True, slots=True)
class Search:
    """Which numbers of topics are tried, and how the best is told. ``passes``: over all documents, of the optimiser."""

    candidates: tuple[int, ...] = (10, 20, 40)
    choose_by: str = "likelihood"
    held_out_share: float = 0.1
    passes: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """``perplexity``: per word of documents held out, the lower the better; ``coherence``: mean of the topics, at most 0."""

    n_topics: int
    perplexity: float
    coherence: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """``term_weights``: (topics, words), rows sum to 1; ``coherence``: of each topic."""

    model: LDAModel
    term_weights: np.ndarray
    coherence: tuple[float, ...]

    def top_terms(self, n: int = N_TERMS) -> list[list[int]]:
        """Of each topic the columns of its most probable words, equal ones in the order of the vocabulary."""
        return [np.argsort(-row, kind="stable")[:n].tolist() for row in self.term_weights]


def choose(bags: Bags, search: Search) -> tuple[Fitted, list[Candidate]]:
    """The best of the candidates, and the figures of all. Raises ``ConfigError`` where nothing is held out."""
    share = F.pmod(F.xxhash64("pmid", F.lit(search.seed)), F.lit(10_000))
    is_held_out = share < round(search.held_out_share * 10_000)
    seen, held_out = bags.counts.where(~is_held_out), bags.counts.where(is_held_out)
    n_seen, n_held_out = seen.count(), held_out.count()
    if not n_seen or not n_held_out:
        raise ConfigError(
            f"{n_seen + n_held_out} documents, {search.held_out_share:.0%} of them held out: {n_held_out} to compare on and"
            f" {n_seen} to learn from, at least 1 of each is needed"
        )
    fitted, figures = [], []
    for n_topics in search.candidates:
        started = time.monotonic()
        model = fit(seen, n_seen, n_topics, search)
        weights = model.topicsMatrix().toArray().T
        weights = weights / weights.sum(axis=1, keepdims=True)
        perplexity = math.exp(model.logPerplexity(held_out))
        fitted.append(Fitted(model, weights, ()))
        figures.append((n_topics, perplexity, time.monotonic() - started))
        LOG.info("%d topics: perplexity %.0f on %d documents held out", n_topics, perplexity, n_held_out)
    coherence = _coherences(bags, fitted)
    candidates = [
        Candidate(n_topics, round(perplexity, 3), round(float(np.mean(of_topics)), 4), round(seconds, 1))
        for (n_topics, perplexity, seconds), of_topics in zip(figures, coherence, strict=True)
    ]
    best = min(range(len(candidates)), key=lambda i: _badness(candidates[i], search.choose_by))
    return Fitted(fitted[best].model, fitted[best].term_weights, coherence[best]), candidates


def _badness(candidate: Candidate, choose_by: str) -> tuple[float, int]:
    worse = candidate.perplexity if choose_by == "likelihood" else -candidate.coherence
    return worse, candidate.n_topics


def fit(counts: DataFrame, n_documents: int, n_topics: int, search: Search) -> LDAModel:
    share = min(1.0, max(_BATCH_DOCUMENTS / n_documents, 0.01))
    return LDA(
        k=n_topics,
        seed=search.seed,
        optimizer="online",
        subsamplingRate=share,
        maxIter=max(_MIN_STEPS, math.ceil(search.passes / share)),
        learningOffset=_OFFSET,
        optimizeDocConcentration=True,
    ).fit(counts)


def _coherences(bags: Bags, fitted: Sequence[Fitted]) -> list[tuple[float, ...]]:
    """Of each topic of each candidate; all words are counted in one pass over the documents."""
    tops = [one.top_terms(_COHERENT_TERMS) for one in fitted]
    asked = sorted({bags.words[column] for topics in tops for topic in topics for column in topic})
    together = _count_together(bags.terms, asked)
    return [
        tuple(round(_coherence([bags.words[c] for c in topic], together), 4) for topic in topics) for topics in tops
    ]


def _count_together(terms: DataFrame, asked: Iterable[str]) -> dict[tuple[str, str], int]:
    """Documents that hold both of two words, (word, word) those that hold it; a pair is sorted."""
    held = terms.select(F.array_intersect("terms", F.array(*map(F.lit, asked))).alias("held"))
    pairs = held.select(F.explode("held").alias("one"), "held").select("one", F.explode("held").alias("other"))
    counted = pairs.where("one <= other").groupBy("one", "other").count()
    return {(row.one, row.other): row["count"] for row in counted.collect()}


def _coherence(words: Sequence[str], together: Mapping[tuple[str, str], int]) -> float:
    """Words from the most to the least probable."""
    scores = [
        math.log((together.get((min(one, other), max(one, other)), 0) + 1) / together[one, one])
        for i, other in enumerate(words)
        for one in words[:i]
    ]
    return sum(scores) / len(scores) if scores else 0.0
