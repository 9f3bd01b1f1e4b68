"""Train a pair-marker classifier: ``python training/studies/pair_marker.py --backbone DIR --train FILE --dev FILE --json OUT``.

Each pair of entities is read in a text of its own, a pass of the encoder per pair: what the document-once heads are
measured against on the same backbone and data. training/studies/gap_table.py sets the figures side by side. Nothing is kept but figures.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
import numpy as np
import torch

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.studies.pair_classifier import PairMarker, sample_negatives, train_epoch
from training.studies.pair_study import read_study, study_options, write_figures


@click.command()
@click.option("--backbone", required=True, help="Hugging Face encoder, name or folder.")
@study_options
@click.option("--epochs", default=3, show_default=True, type=click.IntRange(1))
@click.option("--lr", default=5e-5, show_default=True)
@click.option("--max-pieces", default=144, show_default=True, type=click.IntRange(16))
def main(output: Path, **options) -> None:
    """Train on BACKBONE and score pair, type, novelty and the contrast set with gold mentions given."""
    torch.manual_seed(options["seed"])
    pairs, dev, type_pairs = read_study(options)
    marker = PairMarker.load(options["backbone"], type_pairs, max_pieces=options["max_pieces"])
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
    write_figures(output, marker, dev, options, train_sec=seconds, backbone=Path(options["backbone"]).name)


if __name__ == "__main__":
    main()
