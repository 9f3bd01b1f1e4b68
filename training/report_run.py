"""Look at a training run: ``python training/report_run.py --checkpoint DIR --dev FILE --output FILE.html`` writes one HTML page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import resolve_checkpoint
from litcoin_batch.readers import read_gold
from litcoin_batch.reports.page import Page, paragraph
from litcoin_batch.schema import ContractError, LitcoinBatchError
from litcoin_batch.scoring import score_mentions
from training.command_options import checkpoint_option, device_option, format_option, lexicon_option
from training.pages import run_sections as sections
from training.pages.run_facts import observe

CURVES = "curves.jsonl"


@click.command()
@checkpoint_option
@click.option(
    "--dev",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Annotated file; may be given several times.",
)
@format_option
@click.option("--output", required=True, type=click.Path(path_type=Path), help="The HTML file to write.")
@device_option
@lexicon_option
def main(
    checkpoint: str, dev: tuple[Path, ...], format_: str, output: Path, device: str, lexicon: tuple[Path, ...]
) -> None:
    """Write a page on how CHECKPOINT was trained and where it errs on DEV."""
    try:
        history = read_history(resolve_checkpoint(checkpoint) / CURVES)
        documents = read_gold(dev, format_)
        if not documents:
            raise ContractError(f"{', '.join(map(str, dev))}: no annotated document")
        outcome = observe(annotator := Annotator.load(checkpoint, device=device, lexicon=lexicon or None), documents)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    names = ", ".join(path.name for path in dev)
    page = Page(f"Training run of {annotator.model_id}", f"Scored on {names}: {len(documents):,} documents.")
    page.add(
        "Learning curves",
        sections.learning_curves(history) if history else paragraph(f"The checkpoint has no {CURVES}."),
    )
    page.add("Entity types", sections.entity_scores(score_mentions(outcome.gold, outcome.found)))
    page.add("Relation types", sections.type_scores(outcome))
    page.add("Confusion of relation types", sections.confusions(outcome))
    page.add("Calibration", sections.calibration(outcome))
    page.add("Worst errors", sections.worst(outcome))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page.render(), encoding="utf-8")
    click.echo(f"wrote {output}")


def read_history(path: Path) -> list[dict]:
    """The rows of a run, one per epoch; none where the checkpoint carries no curves."""
    if not path.is_file():
        return []
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return sorted(rows, key=lambda row: int(row["epoch"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(f"{path}: expected one JSON object with an epoch per line ({error!r})") from error


if __name__ == "__main__":
    main()
