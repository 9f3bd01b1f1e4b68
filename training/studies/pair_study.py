"""What studies of pair classifiers share: their options, the pairs that they learn from, and the figures that they leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from litcoin_batch.readers import read_gold
from litcoin_batch.schema import Document, LitcoinBatchError
from litcoin_batch.scoring import report
from training.command_options import (
    dev_option,
    exclude_pmids_option,
    figures_option,
    format_option,
    seed_option,
    train_option,
)
from training.data.made.contrast_documents import contrast_documents
from training.data.marked_pairs import MarkedPair, marked_pairs
from training.data.training_data import guard, related_types
from training.learning.contrast import evaluate_contrast, read_pairs
from training.studies.pair_classifier import PairClassifier

_OF_STUDIES = (
    train_option,
    dev_option,
    exclude_pmids_option,
    format_option,
    click.option(
        "--rule-made",
        default=0,
        show_default=True,
        type=click.IntRange(0),
        help="Rule-made contrast documents among the training ones.",
    ),
    click.option(
        "--negatives",
        default=3.0,
        show_default=True,
        type=click.FloatRange(0),
        help="Unrelated pairs per related one, drawn anew each time; 0: types of gold pairs only.",
    ),
    seed_option,
    figures_option,
)


def study_options(command: Callable) -> Callable:
    """The options that ``read_study`` and ``write_figures`` read on a click command."""
    for option in reversed(_OF_STUDIES):
        command = option(command)
    return command


def read_study(options: dict[str, Any]) -> tuple[list[MarkedPair], list[Document], list[tuple[str, str]]]:
    """The pairs to learn from, the documents to score, and which types may be related.

    Raises ``click.ClickException`` for files that cannot be read and for data that leaks.
    """
    try:
        train = read_gold(options["train_files"], options["format_"])
        dev = read_gold(options["dev_files"], options["format_"])
        guard(train, dev, options["exclude_pmids"])
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    type_pairs = related_types(train)
    made = contrast_documents(options["rule_made"], options["seed"])
    return list(marked_pairs(train + made, type_pairs)), dev, type_pairs


def write_figures(
    output: Path, classifier: PairClassifier, dev: Sequence[Document], options: dict[str, Any], **facts: Any
) -> None:
    """Of relations with the gold mentions of ``dev``, and of the contrast set, named as evaluate.py names them."""
    gold = [d.gold for d in dev if d.gold is not None]
    given = classifier.annotate(dev, [a.mentions for a in gold])
    figures = report(gold, given, given, classifier.classify_pairs(dev))
    # Mentions are given: what concerns finding them says nothing of this model.
    for name in ("ner", "concepts", "predicted_entities"):
        del figures[name]
    names = {key: [path.name for path in options[key]] for key in ("train_files", "dev_files")}
    numbers = {key: value for key, value in options.items() if isinstance(value, int | float)}
    figures |= {"model_id": classifier.model_id, "contrast": evaluate_contrast(classifier, read_pairs())}
    figures |= {"settings": names | numbers} | facts
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo(f"{output}: written")
