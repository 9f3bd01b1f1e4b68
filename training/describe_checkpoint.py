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
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.command_options import checkpoint_folder_option, directions_option, format_option, gold_option
from training.data.corpora import list_corpora
from training.data.directions import directed, read_directions
from training.learning.evaluation import evaluate, headline
from training.learning.model_card import write_model_card


@click.command(help=__doc__)
@checkpoint_folder_option
@gold_option()
@directions_option
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME=LICENCE",
    help="A corpus that the checkpoint learnt from, for its card; --auxiliary names more.",
)
@click.option(
    "--auxiliary",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Auxiliary corpora that it learnt from, as of train.py.",
)
@format_option
def main(checkpoint: Path, gold: tuple[Path, ...], directions: tuple[Path, ...], format_: str, **named) -> None:
    try:
        sources = read_sources(**named)
        loaded = Checkpoint.load(checkpoint)
        documents = read_gold(gold, format_)
        if directions:
            documents = directed(documents, read_directions(directions))
        figures = evaluate(Annotator(loaded, open_linker(), device="cpu"), documents)
        known = json.loads((checkpoint / "metrics.json").read_text())
        figures |= {"calibration": known["calibration"], "scored_on": [path.name for path in gold]}
        figures |= {"sources": sources or known.get("sources", {})}
        (checkpoint / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n")
        write_model_card(checkpoint, loaded.config, figures)
        click.echo(f"{seal_checkpoint(checkpoint)}  {headline(figures)}")
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error


def read_sources(sources: tuple[str, ...], auxiliary: tuple[Path, ...]) -> dict[str, str]:
    """Licence of each corpus. Raises ``ConfigError`` for what is not NAME=LICENCE."""
    licences = {}
    for item in sources:
        name, _, licence = item.partition("=")
        if not name or not licence:
            raise ConfigError(f"--source {item!r}: expected NAME=LICENCE")
        licences[name] = licence
    for path in auxiliary:
        licences |= list_corpora(path)
    return licences


if __name__ == "__main__":
    main()
