"""The errors worth reading: what a model was surest of and had wrong, and what it misses most often."""

from __future__ import annotations

from collections.abc import Sequence

from litcoin_batch.reports.page import Cell, Html, in_context, join, marked, percent
from litcoin_batch.schema import Annotation, Document, Mention, Relation
from training.pages.run_facts import Outcome, judged_mentions, judged_relations

N_WORST = 15
FAR_CHARS = 240

WRONG_MENTION = ("score", "predicted", "what gold says", "PMID", "in context")
WRONG_RELATION = ("score", "predicted", "what gold says", "PMID", "entities", "evidence the model gives")
MISSED_MENTION = ("missed", "gold", "share", "mention", "entity type", "PMID", "one of them in context")
MISSED_RELATION = (
    "missed",
    "gold",
    "share",
    "relation type",
    "entity types",
    "PMID",
    "one of them: its closest mentions",
)


def wrong_mentions(outcome: Outcome) -> list[tuple[Cell, ...]]:
    """Rows for ``WRONG_MENTION``, the most confident first."""
    wrong = [(document, mention) for document, mention, right in judged_mentions(outcome) if not right]
    wrong.sort(key=lambda item: (-item[1].score, item[0].pmid, item[1].start))
    rows: list[tuple[object, ...]] = []
    for document, mention in wrong[:N_WORST]:
        gold = [m for m in document.gold.mentions if m.start < mention.end and m.end > mention.start]
        context = in_context(document.text, [(mention.start, mention.end)], [(m.start, m.end) for m in gold])
        rows.append((mention.score, mention.type, _said_of_mention(mention, gold), str(document.pmid), context))
    return rows


def _said_of_mention(mention: Mention, gold: Sequence[Mention]) -> str:
    if not gold:
        return "nothing there"
    for other in gold:
        if (other.start, other.end) == (mention.start, mention.end):
            return f"same span, type {other.type}"
    for other in gold:
        if other.type == mention.type:
            return f"same type, span {other.text!r}"
    return f"span {gold[0].text!r}, type {gold[0].type}"


def wrong_relations(documents: Sequence[Document], predicted: Sequence[Annotation]) -> list[tuple[Cell, ...]]:
    """Rows for ``WRONG_RELATION``, the most confident first."""
    entities = {annotation.pmid: annotation.mentions for annotation in predicted}
    wrong = [(document, relation) for document, relation, right in judged_relations(documents, predicted) if not right]
    wrong.sort(key=lambda item: (-item[1].score, item[0].pmid, item[1].pair))
    rows: list[tuple[object, ...]] = []
    for document, relation in wrong[:N_WORST]:
        types = sorted({r.type for r in document.gold.relations if r.pair == relation.pair})
        mentions = entities[document.pmid]
        rows.append(
            (
                relation.score,
                relation.type,
                ", ".join(types) or "no relation",
                str(document.pmid),
                " – ".join(_name(mentions, i) for i in relation.pair),
                _evidence(document, relation, mentions),
            )
        )
    return rows


def _name(mentions: Sequence[Mention], entity_id: str) -> str:
    return next((f"{m.text} ({entity_id})" for m in mentions if entity_id in m.entity_ids), entity_id)


def _evidence(document: Document, relation: Relation, mentions: Sequence[Mention]) -> Html:
    spans = [(m.start, m.end) for m in mentions if set(m.entity_ids) & set(relation.pair)]
    return join(marked(document.text, (evidence.start, evidence.end), spans) for evidence in relation.evidence)


def missed_mentions(outcome: Outcome) -> list[tuple[Cell, ...]]:
    """Rows for ``MISSED_MENTION``: gold mentions spelt alike, those missed most often first."""
    groups: dict[tuple[str, str], list[tuple[Document, Mention, bool]]] = {}
    predicted = {annotation.pmid: annotation.mentions for annotation in outcome.found}
    for document in outcome.documents:
        found = {(m.start, m.end, m.type) for m in predicted[document.pmid]}
        for mention in document.gold.mentions:
            key = mention.text.lower(), mention.type
            groups.setdefault(key, []).append(
                (document, mention, (mention.start, mention.end, mention.type) not in found)
            )
    rows: list[tuple[object, ...]] = []
    for (text, kind), group in _most_missed(groups):
        document, mention, _ = next(item for item in group if item[2])
        there = [(m.start, m.end) for m in predicted[document.pmid] if m.start < mention.end and m.end > mention.start]
        context = in_context(document.text, there, [(mention.start, mention.end)])
        n = sum(missed for *_, missed in group)
        rows.append((n, len(group), percent(n, len(group)), text, kind, str(document.pmid), context))
    return rows


def missed_relations(documents: Sequence[Document], predicted: Sequence[Annotation]) -> list[tuple[Cell, ...]]:
    """Rows for ``MISSED_RELATION``: gold relations of like types, those missed most often first."""
    groups: dict[tuple[str, str], list[tuple[Document, Relation, bool]]] = {}
    for document, annotation in zip(documents, predicted, strict=True):
        found = {(r.pair, r.type) for r in annotation.relations}
        entities = document.gold.entities()
        for relation in document.gold.relations:
            types = sorted(entities[i].type if i in entities else "no mention" for i in relation.pair)
            item = document, relation, (relation.pair, relation.type) not in found
            groups.setdefault((relation.type, " – ".join(types)), []).append(item)
    rows: list[tuple[object, ...]] = []
    for (kind, types), group in _most_missed(groups):
        document, relation, _ = next(item for item in group if item[2])
        n = sum(missed for *_, missed in group)
        rows.append(
            (n, len(group), percent(n, len(group)), kind, types, str(document.pmid), _closest(document, relation))
        )
    return rows


def _most_missed(groups: dict) -> list:
    """Up to ``N_WORST`` groups with something missed, by how often."""
    missed = [(key, group) for key, group in groups.items() if any(item[2] for item in group)]
    return sorted(missed, key=lambda item: (-sum(one[2] for one in item[1]), item[0]))[:N_WORST]


def _closest(document: Document, relation: Relation) -> Cell:
    """The two mentions that are nearest to each other, in their context."""
    first, second = ([m for m in document.gold.mentions if i in m.entity_ids] for i in relation.pair)
    if not (first and second):
        return "not mentioned"
    spans = min(
        (((a.start, a.end), (b.start, b.end)) for a in first for b in second),
        key=lambda pair: abs(pair[0][0] - pair[1][0]),
    )
    if abs(spans[0][0] - spans[1][0]) <= FAR_CHARS:
        return in_context(document.text, (), spans, 40)
    return join(in_context(document.text, (), [span], 60) for span in sorted(spans))
