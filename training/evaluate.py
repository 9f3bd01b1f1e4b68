"""Score a checkpoint on a gold file: ``python training/evaluate.py --checkpoint DIR --gold FILE --json OUT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import FORMATS, read_gold
from litcoin_batch.schema import LitcoinBatchError
from training.learning.evaluation import evaluate


@click.command()
@click.option("--checkpoint", required=True, help="Checkpoint folder, or the name of a shipped one.")
@click.option(
    "--gold",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Annotated file; may be given several times.",
)
@click.option("--format", "format_", type=click.Choice(["auto", *FORMATS]), default="auto", show_default=True)
@click.option("--json", "output", required=True, type=click.Path(path_type=Path), help="Where the figures go.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
@click.option("--precision", default="auto", show_default=True, help="auto, float32, bfloat16 or int8.")
@click.option(
    "--lexicon",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Lexicon whose names replace those of the vocabulary.",
)
def main(
    checkpoint: str, gold: tuple[Path, ...], format_: str, output: Path, lexicon: tuple[Path, ...], **arithmetic: str
) -> None:
    """Score CHECKPOINT on GOLD and say in words what each figure means."""
    try:
        documents = read_gold(gold, format_)
        annotator = Annotator.load(checkpoint, lexicon=lexicon or None, **arithmetic)
        figures = evaluate(annotator, documents)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    figures |= {"model_id": annotator.model_id, "precision": annotator.precision, "gold": [path.name for path in gold]}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo(_table(figures))


def _table(figures: dict) -> str:
    given, found = figures["gold_entities"], figures["predicted_entities"]
    rows = [("ner", figures["ner"])]
    rows += [(f"  {name}", counts) for name, counts in figures["ner"]["per_type"].items()]
    rows += [
        ("concepts, of gold mentions", figures["gold_mentions"]["concepts"]),
        ("concepts, end to end", figures["concepts"]),
    ]
    for title, levels in (("gold_entities", given), ("predicted_entities", found)):
        rows += [(f"{title}.{level}", levels[level]) for level in ("pair", "pair_type", "pair_type_novelty")]
    lines = [
        f"{figures['model_id']} in {figures['precision']} on {figures['n_documents']} documents",
        f"{'':<38}{'precision':>10}{'recall':>10}{'f1':>10}",
    ]
    lines += [f"{name:<38}{c['precision']:>10.4f}{c['recall']:>10.4f}{c['f1']:>10.4f}" for name, c in rows]
    lines += [f"gold_entities.{name:<24}{given[name]:>30.4f}" for name in ("type_accuracy", "novelty_accuracy")]
    lines += ["", *(f"{level}: {words}" for level, words in figures["definitions"].items())]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
