"""Make the scores of relations the share of rows that are right: ``python training/calibrate_rows.py --checkpoint DIR --gold FILE --json OUT``.

The documents must be ones that model, linker and vocabulary have not learnt from. Writes row_calibration.json into the
checkpoint folder, which thereby gets another identity.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import seal_checkpoint, verify_checkpoint
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.command_options import (
    checkpoint_folder_option,
    device_option,
    figures_option,
    format_option,
    gold_option,
    seed_option,
    vocabulary_option,
)
from training.learning.reliability import calibration_error
from training.learning.row_scores import cross_fitted, fit_rows, score_rows, table_of

# Fewer would decide five numbers by chance.
MIN_ROWS = 50


@click.command()
@checkpoint_folder_option
@gold_option()
@format_option
@click.option(
    "--folds",
    default=10,
    show_default=True,
    type=click.IntRange(2),
    help="For the error that is reported: each document is scored by the others.",
)
@figures_option
@vocabulary_option
@device_option
@seed_option
@click.option(
    "--lowest",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Rows that are right less often than that are left out of tables; 0 keeps all, those between ids of one document too.",
)
def main(checkpoint: Path, gold: tuple[Path, ...], output: Path, folds: int, **options) -> None:
    """Fit the scores of CHECKPOINT's relation rows on GOLD, from text alone."""
    try:
        documents = read_gold(gold, options["format_"])
        annotator = Annotator.load(
            checkpoint, device=options["device"], precision="float32", vocabulary=options["vocabulary"]
        )
        annotator.row_calibration = None
        found = annotator.annotate(documents)
        truth = [d.gold for d in documents]
        table = table_of(truth, found)
        values, resolved, right, _ = table
        if resolved.sum() < MIN_ROWS or not 0 < right.sum() < len(right):
            raise ConfigError(
                f"--gold: {int(resolved.sum())} rows with both ends resolved, {int(right.sum())} of {len(right)} right: needs {MIN_ROWS}, of both kinds"
            )
        fitted = replace(fit_rows(values[resolved], right[resolved]), lowest=options["lowest"])
        held_out = cross_fitted(table, folds, options["seed"])
        kept = held_out >= options["lowest"]
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    figures: dict[str, Any] = {
        "gold": [path.name for path in gold],
        "n_documents": len(documents),
        "before": score_rows(truth, found),
        "cross_fitted_expected_calibration_error": calibration_error(held_out[kept], right[kept]),
        "left_out": {"rows": int((~kept).sum()), "right": int(right[~kept].sum())},
        "calibration": asdict(fitted),
    }
    _keep(checkpoint, fitted, figures)
    figures["model_id"] = verify_checkpoint(checkpoint)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo(
        f"{figures['model_id']}: {len(right)} rows, {int(resolved.sum())} resolved, {int(right.sum())} right; expected calibration error "
        f"{figures['before']['expected_calibration_error']:.4f}, now {figures['cross_fitted_expected_calibration_error']:.4f} on held-out folds; {figures['left_out']['rows']} rows left out,"
        f" {figures['left_out']['right']} of them right; {asdict(fitted)}"
    )


def _keep(folder: Path, fitted, figures: dict) -> None:
    fitted.write(folder)
    metrics = folder / "metrics.json"
    if metrics.is_file():
        metrics.write_text(json.dumps(json.loads(metrics.read_text()) | {"row_calibration": figures}, indent=1) + "\n")
    seal_checkpoint(folder)


if __name__ == "__main__":
    main()
