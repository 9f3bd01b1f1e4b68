"""Report a checkpoint on documents that nothing was chosen on: ``python training/describe_checkpoint.py --checkpoint DIR --gold FILE``.

Scores it as it is stored, in 32 bits, and writes ``metrics.json`` and the model card anew; the model id stays.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint, seal_checkpoint
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import LitcoinBatchError
from training.command_options import format_option
from training.data.directions import directed, read_directions
from training.learning.evaluation import evaluate, headline
from training.learning.model_card import write_model_card


@click.command(help=__doc__)
@click.option("--checkpoint", required=True, type=click.Path(path_type=Path), help="Checkpoint folder.")
@click.option("--gold", "files", required=True, multiple=True, type=click.Path(path_type=Path), help="Gold file.")
@click.option(
    "--directions", multiple=True, type=click.Path(path_type=Path, exists=True), help="Who acts in its relations."
)
@format_option
def main(checkpoint: Path, files: tuple[Path, ...], directions: tuple[Path, ...], format_: str) -> None:
    try:
        loaded = Checkpoint.load(checkpoint)
        documents = read_gold(files, format_)
        if directions:
            documents = directed(documents, read_directions(directions))
        figures = evaluate(Annotator(loaded, open_linker(), device="cpu"), documents)
        known = json.loads((checkpoint / "metrics.json").read_text())
        figures |= {"calibration": known["calibration"], "scored_on": [path.name for path in files]}
        (checkpoint / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n")
        write_model_card(checkpoint, loaded.config, figures)
        click.echo(f"{seal_checkpoint(checkpoint)}  {headline(figures)}")
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
