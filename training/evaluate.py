"""Score a checkpoint on a gold file: ``python training/evaluate.py --checkpoint DIR --gold FILE --json OUT``.

With ``--contrast`` and ``--out-of-domain`` on the sets of training/contrast as well, or on those alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import LitcoinBatchError
from training.command_options import (
    checkpoint_option,
    device_option,
    directions_option,
    figures_option,
    format_option,
    gold_option,
    lexicon_option,
    vocabulary_option,
)
from training.data.directions import directed, read_directions
from training.learning.contrast import (
    FIGURES,
    contrast_table,
    evaluate_contrast,
    evaluate_out_of_domain,
    kept_figures,
    read_out_of_domain,
    read_pairs,
)
from training.learning.evaluation import evaluate


@click.command()
@checkpoint_option
@gold_option(required=False)
@directions_option
@click.option("--contrast", is_flag=True, help="Minimal pairs: denied told from affirmed, signs, novelty, by kind.")
@click.option("--out-of-domain", is_flag=True, help="False mentions in texts that are not biomedical.")
@click.option(
    "--record", is_flag=True, help="Keep the figures of both as those of this shipped checkpoint, for its test."
)
@format_option
@figures_option
@device_option
@click.option("--precision", default="auto", show_default=True, help="auto, float32, bfloat16 or int8.")
@vocabulary_option
@lexicon_option
def main(
    checkpoint: str, gold: tuple[Path, ...], output: Path, lexicon: tuple[Path, ...], format_: str, **options
) -> None:
    """Score CHECKPOINT on GOLD, the contrast set and texts out of domain, and say in words what each figure means."""
    directions = options.pop("directions")
    wanted = {name: options.pop(name) for name in ("contrast", "out_of_domain", "record")}
    if not (gold or wanted["contrast"] or wanted["out_of_domain"]):
        raise click.UsageError("nothing to score: give --gold, --contrast or --out-of-domain")
    if wanted["record"] and not (wanted["contrast"] and wanted["out_of_domain"]):
        raise click.UsageError("--record needs --contrast and --out-of-domain")
    try:
        annotator = Annotator.load(checkpoint, lexicon=lexicon or None, **options)
        documents = read_gold(gold, format_) if gold else []
        if directions:
            documents = directed(documents, read_directions(directions))
        figures = evaluate(annotator, documents) if documents else {}
        if wanted["contrast"]:
            figures["contrast"] = evaluate_contrast(annotator, read_pairs())
        if wanted["out_of_domain"]:
            figures["out_of_domain"] = evaluate_out_of_domain(annotator, read_out_of_domain())
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    if wanted["record"]:
        _record(checkpoint, figures, annotator)
    figures |= {"model_id": annotator.model_id, "vocabulary_id": annotator.vocabulary_id}
    figures |= {"precision": annotator.precision, "gold": [path.name for path in gold]}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo("\n\n".join(_tables(figures)))


def _record(checkpoint: str, figures: dict, annotator: Annotator) -> None:
    if annotator.precision != "float32":
        raise click.UsageError("--record needs --precision float32, so that any machine finds the same figures")
    kept = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    kept[Path(checkpoint).name] = kept_figures(figures["contrast"], figures["out_of_domain"], annotator.model_id)
    FIGURES.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")


def _tables(figures: dict) -> Iterator[str]:
    if figures["gold"]:
        yield _table(figures)
    if "contrast" in figures:
        yield contrast_table(figures["contrast"])
    if "out_of_domain" in figures:
        yield "\n".join(f"out of domain, {name}: {value}" for name, value in figures["out_of_domain"].items())


def _table(figures: dict) -> str:
    given, found = figures["gold_entities"], figures["predicted_entities"]
    rows = [("ner", figures["ner"])]
    rows += [(f"  {name}", counts) for name, counts in figures["ner"]["per_type"].items()]
    rows += [
        ("concepts, of gold mentions", figures["gold_mentions"]["concepts"]),
        ("concepts, end to end", figures["concepts"]),
    ]
    for title, levels in (("gold_entities", given), ("predicted_entities", found)):
        rows += [
            (f"{title}.{level}", levels[level]) for level in ("pair", "pair_type", "pair_type_novelty", "pair_subject")
        ]
    lines = [
        f"{figures['model_id']} in {figures['precision']} on {figures['n_documents']} documents",
        f"{'':<38}{'precision':>10}{'recall':>10}{'f1':>10}",
    ]
    lines += [f"{name:<38}{c['precision']:>10.4f}{c['recall']:>10.4f}{c['f1']:>10.4f}" for name, c in rows]
    lines += [f"gold_entities.{name:<24}{given[name]:>30.4f}" for name in ("type_accuracy", "novelty_accuracy")]
    kept = (f"at {t}: {r['rows']} rows, {r['precision'] or 0:.3f} right" for t, r in figures["rows"]["at"].items())
    lines += [
        f"rows: expected calibration error {figures['rows']['expected_calibration_error']:.4f}; {'; '.join(kept)}"
    ]
    lines += ["", *(f"{level}: {words}" for level, words in figures["definitions"].items())]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
