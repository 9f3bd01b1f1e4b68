"""Logits to mentions and relations, with their scores and evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from litcoin_batch.model.batching.entities import Entities
from litcoin_batch.model.batching.pairs import SENTENCES_APART, Instances, Pairs
from litcoin_batch.model.batching.tags import decode_tags
from litcoin_batch.model.checkpoint import Calibration
from litcoin_batch.model.layers.heads import N_CLASSES, NOVELTY, SUBJECT
from litcoin_batch.model.mention_rules import tidy_span
from litcoin_batch.model.network import PairScores
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, Evidence, Mention, Relation
from litcoin_batch.text.pieces import Pieces

SCORE_DECIMALS = 6


def decode_mentions(
    texts: Sequence[str], pieces: Sequence[Pieces], log_p: Tensor, tags: Tensor, temperature: float
) -> list[list[Mention]]:
    """The mentions of each text, without concept ids.

    ``log_p`` Shape: (words, tags) and ``tags`` Shape: (words,), as ``JointModel.tag_log_probabilities`` gives them.
    """
    row = np.repeat(np.arange(len(texts)), [p.n_words for p in pieces])
    ranges, kinds = decode_tags(tags.cpu().numpy(), row)
    mentions: list[list[Mention]] = [[] for _ in texts]
    if not len(ranges):
        return mentions
    # Few words are part of a mention; only their scores are needed.
    inside = torch.nonzero(tags).squeeze(1)
    score = torch.softmax(log_p[inside] / temperature, dim=-1)
    score = score.gather(1, tags[inside, None]).squeeze(1).cpu().numpy()
    # A mention is as sure as its least sure word.
    n_words = ranges[:, 1] - ranges[:, 0]
    scores = np.minimum.reduceat(score, np.cumsum(n_words) - n_words)
    spans = np.concatenate([p.word_spans for p in pieces])
    places = (row[ranges[:, 0]], spans[ranges[:, 0], 0], spans[ranges[:, 1] - 1, 1], kinds)
    for (where, start, end, kind), value in zip(
        zip(*(column.tolist() for column in places), strict=True), scores.tolist(), strict=True
    ):
        span = tidy_span(texts[where], start, end, ENTITY_TYPES[kind])
        if span is not None and (not mentions[where] or mentions[where][-1].end <= span[0]):
            text = texts[where][slice(*span)]
            mentions[where].append(Mention(*span, ENTITY_TYPES[kind], text, (), round(value, SCORE_DECIMALS)))
    return mentions


def decode_relations(
    texts: Sequence[str],
    pieces: Sequence[Pieces],
    entities: Sequence[Entities],
    scored: tuple[Instances, Pairs, PairScores],
    calibration: Calibration,
) -> list[list[Relation]]:
    """The relations of each text: of every candidate pair the likeliest class, where that is a relation."""
    instances, pairs, scores = scored
    relations: list[list[Relation]] = [[] for _ in texts]
    # In 64 bits: the last bit of a sigmoid in 32 depends on where in its batch a number stands.
    every = scores.pair.double()
    logits, novel_logits = every[:, :N_CLASSES], every[:, NOVELTY]
    logits[:, 0] += calibration.none_offset
    probability = torch.softmax(logits / calibration.pair_temperature, dim=-1)
    novelty = calibration.novelty(novel_logits)
    score, kind = probability.max(dim=-1)
    score, kind = calibration.relation(score).cpu().numpy(), kind.cpu().numpy()
    chosen = np.flatnonzero(kind > 0)
    if not len(chosen):
        return relations
    carrier = _best_mention_pair(pairs, scores.mention_pair.cpu().numpy(), kind, chosen)
    one, two = pairs.entity_1[chosen], pairs.entity_2[chosen]
    words = (instances.first[pairs.left[carrier]], instances.first[pairs.right[carrier]])
    columns = (
        instances.entity_document[one],
        one,
        two,
        *words,
        kind[chosen],
        score[chosen],
        novelty.cpu().numpy()[chosen],
        every[:, SUBJECT].argmax(dim=1).cpu().numpy()[chosen],
    )
    ids = [entity_id for e in entities for entity_id in e.ids]
    for where, a, b, left, right, type_, score_, novel_score, acts in zip(*(c.tolist() for c in columns), strict=True):
        relations[where].append(
            Relation.between(
                ids[a],
                ids[b],
                RELATION_TYPES[type_ - 1],
                novel_score > 0.5,
                score=round(score_, SCORE_DECIMALS),
                novel_score=round(novel_score, SCORE_DECIMALS),
                evidence=_evidence(texts[where], pieces[where], left, right),
                subject=(None, ids[a], ids[b])[acts],
            )
        )
    return relations


def _best_mention_pair(pairs: Pairs, logits: np.ndarray, kind: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Shape: (chosen,) the mention pair that speaks most for the predicted class of each chosen pair, of those within a sentence
    where there are such; ``chosen`` is sorted.
    """
    wanted = np.zeros(pairs.n_pairs, bool)
    wanted[chosen] = True
    rows = np.flatnonzero(wanted[pairs.pair])
    pair = pairs.pair[rows]
    margin = logits[rows, kind[pair]] - logits[rows, 0]
    # A sentence that names both says more of them than two that name one each.
    apart = pairs.mention_features[rows, SENTENCES_APART] > 0
    order = np.lexsort((-margin, apart, pair))
    return rows[order[np.searchsorted(pair[order], chosen)]]


def _evidence(text: str, pieces: Pieces, *words: int) -> tuple[Evidence, ...]:
    """The sentences of these words, in their order."""
    sentences = sorted({pieces.word_sentences.item(word) for word in words})
    spans = (pieces.sentence_spans[sentence].tolist() for sentence in sentences)
    return tuple(Evidence(start, end, text[start:end]) for start, end in spans)
