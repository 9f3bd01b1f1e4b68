"""The contrast set and texts out of domain: whether a model reads, and what it finds where there is nothing.

See training/contrast/README.md for the files.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, Annotation, ContractError, Document, Mention, Relation

FOLDER = Path(__file__).resolve().parents[1] / "contrast"
PAIRS, OUT_OF_DOMAIN, FIGURES = FOLDER / "pairs.jsonl", FOLDER / "out_of_domain.jsonl", FOLDER / "figures.json"
DENYING = ("affirmed or denied", "found or asked")
SIGNED = ("up or down", "cause or treat", "agonist or antagonist", "gene taken out or added")
CHOOSING = ("two drugs compared", "third entity")
NOVELTY = "background or finding"
DEFINITIONS = {
    "told_apart": (
        "Share of pairs in which the side that affirms yields a relation of the two concepts, whatever its type, and the side "
        "that denies (or only asks) yields none, or one whose score is at most half as high."
    ),
    "denied_silent": "As told_apart, but only where the side that denies yields no relation at all.",
    "sign": "Share of sides whose two concepts get exactly the relation type expected; no relation is wrong.",
    "sign_both": "Share of pairs with the sign right on both sides.",
    "chosen": (
        "Share of sides on which every pair of concepts that is said to be related yields a relation, with the sign "
        "expected where one is, and every other pair asked for yields none."
    ),
    "chosen_by_score": (
        "Share of sides on which each pair of concepts that is said to be related scores higher than each that is not "
        "(no relation scores 0); where all are related, as chosen."
    ),
    "novelty": "Share of sides whose two concepts yield a relation with the novelty expected; no relation is wrong.",
    "novelty_both": "Share of pairs with the novelty right on both sides.",
    "false_mentions_per_1000_words": "Mentions found in texts that are not biomedical, per 1,000 words between white space.",
    "false_relations_per_1000_words": "Relations found in them, likewise.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expectation:
    """``type``: a relation type, "any", or None for no relation; ``novel`` None where it is not asked."""

    pair: tuple[str, str]
    type: str | None
    novel: bool | None = None

    def met(self, found: Relation | None) -> bool:
        if self.type is None or found is None:
            return (self.type is None) == (found is None)
        return self.type in ("any", found.type)


@dataclass(frozen=True, slots=True)
class Side:
    """One document of a pair, and the relations it has to have."""

    document: Document
    holds: tuple[Expectation, ...]


@dataclass(frozen=True, slots=True)
class ContrastPair:
    """Two documents that differ in what they say, and in little else."""

    id: int
    kind: str
    sides: tuple[Side, Side]


def read_pairs(path: Path = PAIRS) -> list[ContrastPair]:
    """Raises ``ContractError`` for a line that is not as the README says."""
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            pairs.append(ContrastPair(row["id"], row["kind"], (_side(row, 0), _side(row, 1))))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise ContractError(f"{path}:{number}: not a contrast pair: {error!r}") from error
        if row["kind"] not in (*DENYING, *SIGNED, *CHOOSING, NOVELTY):
            raise ContractError(f"{path}:{number}: kind {row['kind']!r} is unknown")
    return pairs


def _side(row: dict, index: int) -> Side:
    side = row["sides"][index]
    abstract = f"{row['before']} {side['says']} {row['after']}"
    text = f"{row['title']} {abstract}"
    mentions = []
    for name, type in row["entities"].items():
        if type not in ENTITY_TYPES:
            raise ValueError(f"entity type {type!r}")
        found = re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
        mentions += [Mention(*one.span(), type, one[0], (name,)) for one in found]
    holds = []
    for item in side["holds"]:
        if item["type"] not in (*RELATION_TYPES, "any", None) or not {*item["pair"]} <= {*row["entities"]}:
            raise ValueError(f"expectation {item}")
        holds.append(Expectation(tuple(sorted(item["pair"])), item["type"], item.get("novel")))
    relations = (Relation(*h.pair, h.type, bool(h.novel)) for h in holds if h.type in RELATION_TYPES)
    gold = Annotation(2 * row["id"] + index, tuple(sorted(mentions, key=lambda m: m.start)), tuple(relations))
    return Side(Document(gold.pmid, row["title"], abstract, "contrast", gold=gold), tuple(holds))


class RelatesGiven(Protocol):
    """What finds relations between mentions that it is given."""

    def annotate(
        self, documents: Sequence[Document], mentions: Sequence[Sequence[Mention]], /
    ) -> Sequence[Annotation]: ...


def evaluate_contrast(annotator: RelatesGiven, pairs: Sequence[ContrastPair]) -> dict[str, Any]:
    """Gold mentions given, relations by the code that annotates in production: figures by kind, and over kinds that ask alike."""
    documents = [side.document for pair in pairs for side in pair.sides]
    found = annotator.annotate(documents, [d.gold.mentions for d in documents])
    outcomes: dict[str, list[dict[str, float]]] = defaultdict(list)
    for pair, one, two in zip(pairs, found[::2], found[1::2], strict=True):
        outcomes[pair.kind].append(judge(pair, one, two))
    by_kind = {kind: {"n": len(rows)} | _means(rows) for kind, rows in outcomes.items()}
    together = {
        "denied told from affirmed": DENYING[:1], "denied or asked told from affirmed": DENYING, "sign right": SIGNED,
        "related one chosen": CHOOSING, "novelty right": (NOVELTY,),
    }  # fmt: skip
    overall = {}
    for name, kinds in together.items():
        rows = [row for kind in kinds for row in outcomes.get(kind, ())]
        if rows:
            overall[name] = {"n": len(rows)} | _means(rows)
    return {"overall": overall, "by_kind": by_kind, "definitions": DEFINITIONS}


def judge(pair: ContrastPair, one: Annotation, two: Annotation) -> dict[str, float]:
    """The figures of one pair, each a share; names as in ``DEFINITIONS``."""
    found = [{r.pair: r for r in annotation.relations} for annotation in (one, two)]
    if pair.kind in DENYING:
        (key,) = {h.pair for side in pair.sides for h in side.holds}
        yes, no = (
            next(
                (f.get(key) for f, s in zip(found, pair.sides, strict=True) if (s.holds[0].type is None) == denied),
                None,
            )
            for denied in (False, True)
        )
        apart = yes is not None and (no is None or no.score <= yes.score / 2)
        return {"told_apart": apart, "denied_silent": yes is not None and no is None}
    if pair.kind in SIGNED:
        right = [side.holds[0].met(f.get(side.holds[0].pair)) for f, side in zip(found, pair.sides, strict=True)]
        return {"sign": sum(right) / 2, "sign_both": all(right)}
    if pair.kind in CHOOSING:
        sides = list(zip(found, pair.sides, strict=True))
        right = [all(h.met(f.get(h.pair)) for h in side.holds) for f, side in sides]
        ranked = [_ranked(side.holds, f, met) for (f, side), met in zip(sides, right, strict=True)]
        return {"chosen": sum(right) / 2, "chosen_by_score": sum(ranked) / 2}
    right = [
        f.get(h.pair) is not None and f[h.pair].novel == h.novel
        for f, side in zip(found, pair.sides, strict=True)
        for h in side.holds
    ]
    return {"novelty": sum(right) / len(right), "novelty_both": all(right)}


def _ranked(holds: Sequence[Expectation], found: dict[tuple[str, str], Relation], met: bool) -> bool:
    scores = {h: found[h.pair].score if h.pair in found else 0.0 for h in holds}
    yes = [s for h, s in scores.items() if h.type is not None]
    no = [s for h, s in scores.items() if h.type is None]
    return min(yes) > max(no) if no else met


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(sum(row[name] for row in rows) / len(rows), 4) for name in rows[0]}


def read_out_of_domain(path: Path = OUT_OF_DOMAIN) -> list[Document]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Document(number, row["title"], row["text"], row["domain"]) for number, row in enumerate(rows, start=1)]


def evaluate_out_of_domain(annotator: Annotator, documents: Sequence[Document]) -> dict[str, Any]:
    found = annotator.annotate(documents)
    n_words = sum(len(d.text.split()) for d in documents)
    mentions = [m for a in found for m in a.mentions]
    return {
        "n_documents": len(documents),
        "n_words": n_words,
        "false_mentions_per_1000_words": round(1_000 * len(mentions) / n_words, 3),
        "false_relations_per_1000_words": round(1_000 * sum(len(a.relations) for a in found) / n_words, 3),
        "false_mentions_by_type": dict(Counter(m.type for m in mentions)),
        "examples": _most_common(m.text for m in mentions),
    }


def _most_common(texts: Iterable[str], n: int = 30) -> list[str]:
    return [text for text, _ in Counter(texts).most_common(n)]


def kept_figures(contrast: dict[str, Any], out_of_domain: dict[str, Any], model_id: str) -> dict[str, Any]:
    """What ``figures.json`` holds of a checkpoint."""
    return {
        "model_id": model_id,
        "contrast": contrast["overall"],
        "by_kind": contrast["by_kind"],
        "out_of_domain": {k: v for k, v in out_of_domain.items() if k.startswith("false_") and k.endswith("words")},
    }


def contrast_table(figures: dict[str, Any]) -> str:
    """Lines of kind, number of pairs and shares, for a terminal."""
    lines = []
    for title in ("by_kind", "overall"):
        lines.append(f"contrast set, {title.replace('_', ' ')}")
        for name, row in figures[title].items():
            shares = "  ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "n")
            lines.append(f"  {name:<36}{row['n']:>4}  {shares}")
    return "\n".join(lines)
