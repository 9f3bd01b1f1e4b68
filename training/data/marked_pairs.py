"""Pairs of entities as texts of their own, typed markers around their mentions: what a pair-marker classifier reads.

Typed punctuation markers (Zhou and Chen 2022, arXiv:2102.01373), in the sentences that carry the pair. They need no new pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from litcoin_batch.schema import ENTITY_TYPES, Document, Mention
from litcoin_batch.text.sentences import split_document
from training.data.examples import CLASSES

MARKERS = (("@ * {} * ", " @"), ("# ^ {} ^ ", " #"))
_TYPE_WORDS = dict(zip(ENTITY_TYPES, ("gene", "disease", "chemical", "variant", "organism", "cell line"), strict=True))
# More sentences than these say the same again, and cost time.
_MAX_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class MarkedPair:
    """``types``: of the two ends; ``label``: a row of ``CLASSES``; ``novel`` 0 known, 1 novel, -1 no relation."""

    pmid: int
    pair: tuple[str, str]
    types: tuple[str, str]
    text: str
    label: int
    novel: int


def marked_pairs(
    documents: Sequence[Document],
    type_pairs: Sequence[tuple[str, str]],
    mentions: Sequence[Sequence[Mention]] | None = None,
) -> Iterator[MarkedPair]:
    """Every pair of entities of ``type_pairs``; ``mentions`` instead of the gold ones. Labels are those of gold."""
    allowed = {tuple(sorted(pair)) for pair in type_pairs}
    for number, document in enumerate(documents):
        given = document.gold.mentions if mentions is None else mentions[number]
        sentences = split_document(document)
        inside = [[m for m in given if start <= m.start < end] for start, end in sentences]
        related = {r.pair: r for r in document.gold.relations} if document.gold else {}
        kinds: dict[str, str] = {}
        for mention in given:
            for entity_id in mention.entity_ids:
                kinds.setdefault(entity_id, mention.type)
        for pair in combinations(sorted(kinds), 2):
            types = kinds[pair[0]], kinds[pair[1]]
            if tuple(sorted(types)) in allowed:
                relation = related.get(pair)
                label = CLASSES.index(relation.type) if relation else 0
                novel = int(relation.novel) if relation else -1
                text = _marked(document.text, sentences, inside, pair)
                yield MarkedPair(pmid=document.pmid, pair=pair, types=types, text=text, label=label, novel=novel)


def _marked(
    text: str, sentences: Sequence[tuple[int, int]], inside: Sequence[Sequence[Mention]], pair: tuple[str, str]
) -> str:
    """The first sentences that name both ends; where there are none, the nearest two that name one each."""
    named = [{i for m in some for i in m.entity_ids} for some in inside]
    carrying = [n for n, ids in enumerate(named) if ids.issuperset(pair)][:_MAX_SENTENCES]
    if not carrying:
        places = [[n for n, ids in enumerate(named) if entity_id in ids] for entity_id in pair]
        nearest = min(((a, b) for a in places[0] for b in places[1]), key=lambda ab: abs(ab[0] - ab[1]))
        carrying = sorted(nearest)
    return " ".join(_with_markers(text, sentences[n], inside[n], pair) for n in carrying)


def _with_markers(text: str, sentence: tuple[int, int], inside: Sequence[Mention], pair: tuple[str, str]) -> str:
    pieces, at = [], sentence[0]
    for mention in sorted(inside, key=lambda m: (m.start, -m.end)):
        ends = [end for end, entity_id in enumerate(pair) if entity_id in mention.entity_ids]
        if not ends or mention.start < at:
            continue
        before, after = MARKERS[ends[0]]
        pieces += [
            text[at : mention.start],
            before.format(_TYPE_WORDS[mention.type]),
            text[mention.start : mention.end],
            after,
        ]
        at = mention.end
    return "".join([*pieces, text[at : sentence[1]]]).strip()
