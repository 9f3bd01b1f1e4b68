"""Train a pair-marker classifier: ``python training/studies/pair_marker.py --backbone DIR --train FILE --dev FILE --json OUT``.

Each pair of entities is read in a text of its own, a pass of the encoder per pair: what the document-once heads are
measured against on the same backbone and data. training/studies/gap_table.py sets the figures side by side. Nothing is kept but figures.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import click
import numpy as np
import torch

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.readers import read_gold
from litcoin_batch.schema import LitcoinBatchError
from training.command_options import (
    dev_option,
    exclude_pmids_option,
    figures_option,
    format_option,
    seed_option,
    train_option,
)
from training.data.made.contrast_documents import contrast_documents
from training.data.marked_pairs import marked_pairs
from training.data.training_data import guard, related_types
from training.studies.pair_classifier import PairMarker, figures_given_mentions, sample_negatives, train_epoch


@click.command()
@click.option("--backbone", required=True, help="Hugging Face encoder, name or folder.")
@train_option
@dev_option
@exclude_pmids_option
@format_option
@click.option(
    "--rule-made",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Rule-made contrast documents among the training ones.",
)
@click.option("--epochs", default=3, show_default=True, type=click.IntRange(1))
@click.option("--lr", default=5e-5, show_default=True)
@click.option(
    "--negatives",
    default=3.0,
    show_default=True,
    help="Unrelated pairs per related one, drawn anew each epoch; 0: types of gold pairs only.",
)
@click.option("--max-pieces", default=144, show_default=True, type=click.IntRange(16))
@seed_option
@figures_option
def main(output: Path, **options) -> None:
    """Train on BACKBONE and score pair, type, novelty and the contrast set with gold mentions given."""
    try:
        figures = run(options)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo(f"{output}: written")


def run(options: dict) -> dict:
    torch.manual_seed(options["seed"])
    train = read_gold(options["train_files"], options["format_"])
    dev = read_gold(options["dev_files"], options["format_"])
    guard(train, dev, options["exclude_pmids"])
    marker = PairMarker.load(options["backbone"], related_types(train), max_pieces=options["max_pieces"])
    pairs = list(marked_pairs(train + contrast_documents(options["rule_made"], options["seed"]), marker.type_pairs))
    optimizer = torch.optim.AdamW(marker.model.parameters(), lr=options["lr"], weight_decay=0.01)
    seconds = []
    for epoch in range(options["epochs"]):
        for group in optimizer.param_groups:
            group["lr"] = options["lr"] * (1 - epoch / options["epochs"])
        rng = np.random.default_rng((options["seed"], epoch))
        started = time.perf_counter()
        drawn = sample_negatives(pairs, options["negatives"], rng)
        loss = train_epoch(marker, drawn, optimizer, rng)
        seconds.append(round(time.perf_counter() - started, 1))
        click.echo(f"epoch {epoch + 1}: {len(drawn)} pairs, loss {loss:.4f}, {seconds[-1]} s")
    names = {key: [path.name for path in options[key]] for key in ("train_files", "dev_files")}
    settings = {key: options[key] for key in ("rule_made", "epochs", "lr", "negatives", "max_pieces", "seed")}
    facts = {
        "train_sec": seconds,
        "settings": names | settings | {"backbone": Path(options["backbone"]).name},
    }
    return figures_given_mentions(marker, dev) | facts


if __name__ == "__main__":
    main()
