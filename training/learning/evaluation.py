"""One model against one gold set: every figure of ``litcoin_batch.scoring.report``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.schema import Document
from litcoin_batch.scoring import report, score_concepts
from training.learning.row_scores import score_rows


def evaluate(annotator: Annotator, documents: Sequence[Document]) -> dict[str, Any]:
    """Gold mentions given, and end to end from text alone, both by the code that annotates in production.

    ``gold_mentions.concepts``: gold spans without their ids, resolved; everything else as ``report`` says.
    ``rows``: whether scores are the share of rows right, see ``row_scores``.
    """
    gold = [document.gold for document in documents]
    bare = [[replace(mention, entity_ids=()) for mention in annotation.mentions] for annotation in gold]
    resolved = annotator.resolve_mentions(documents, bare)
    named = [replace(annotation, mentions=mentions) for annotation, mentions in zip(gold, resolved, strict=True)]
    given = annotator.annotate(documents, [annotation.mentions for annotation in gold])
    found = annotator.annotate(documents)
    figures = report(gold, given, found, annotator.classify_pairs(gold, documents))
    return figures | {
        "gold_mentions": {"concepts": score_concepts(gold, named).as_dict()},
        "rows": score_rows(gold, found),
    }


def headline(figures: dict[str, Any]) -> dict[str, float]:
    """The F1 of each level, the numbers a person compares first."""
    given, found = figures["gold_entities"], figures["predicted_entities"]
    return {
        "ner": figures["ner"]["f1"],
        "pair": given["pair"]["f1"],
        "pair_type": given["pair_type"]["f1"],
        "pair_type_novelty": given["pair_type_novelty"]["f1"],
        "type_accuracy": given["type_accuracy"],
        "novelty_accuracy": given["novelty_accuracy"],
        "end_to_end_pair_type": found["pair_type"]["f1"],
    }
