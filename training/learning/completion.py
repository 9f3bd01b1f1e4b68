"""From trained weights to a checkpoint folder: calibrated, stored in its final precision, scored as it is stored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint, save_checkpoint, save_ranges, seal_checkpoint
from litcoin_batch.schema import Document
from training.data.examples import prepare
from training.learning.calibration import calibrate, collect_logits
from training.learning.evaluation import evaluate, headline
from training.learning.model_card import write_model_card


@dataclass(frozen=True, slots=True)
class Place:
    """Where a checkpoint goes and what scores it. ``store``: as of ``save_checkpoint``."""

    output: Path
    store: str
    linker: Linker
    device: torch.device


def complete(trained: Checkpoint, facts: dict, dev_documents: Sequence[Document], place: Place) -> str:
    """Write the folder but for its learning curves, which the caller may have put there; returns a line of scores.

    ``facts``: how the weights came about. Calibration, and the ranges for 8 bits, are chosen on ``dev_documents``.
    """
    logits = collect_logits(
        trained.model.to(place.device), prepare(dev_documents, trained.tokenizer), trained.config, place.device
    )
    n_reached = int((logits.pair_target > 0).sum())
    calibration, errors = calibrate(logits, sum(len(d.gold.relations) for d in dev_documents) - n_reached)
    final = replace(trained.config, calibration=calibration, training=facts)
    save_checkpoint(place.output, trained.model.cpu(), trained.tokenizer, final, place.store)
    seal_checkpoint(place.output)
    figures, ranges = evaluate_observed(place.output, dev_documents, place)
    figures |= {"calibration": errors}
    if ranges:
        save_ranges(place.output, ranges)
    (place.output / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n")
    write_model_card(place.output, final, figures)
    model_id = seal_checkpoint(place.output)
    return f"{model_id}  " + "  ".join(f"{k} {v:.4f}" for k, v in headline(figures).items())


def evaluate_observed(
    folder: Path, documents: Sequence[Document], place: Place
) -> tuple[dict, dict[str, torch.Tensor]]:
    """Scores of the checkpoint in ``folder`` in 32 bits, and the ranges that the inputs of its layers had meanwhile."""
    stored = Checkpoint.load(folder)
    annotator = Annotator(stored, place.linker, device=str(place.device))
    with stored.model.observed_ranges() as ranges:
        figures = evaluate(annotator, documents)
    return figures, ranges
