"""Let a checkpoint compute in 8 bits: ``python training/observe_ranges.py --checkpoint DIR --documents FILE``.

Writes how far the inputs of its linear layers reach on the documents into the folder, and seals it anew: the model id
changes. Checkpoints of train.py and average.py know it already, from their development files.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint, save_ranges, seal_checkpoint
from litcoin_batch.readers import read_path
from litcoin_batch.schema import ConfigError, Document, LitcoinBatchError
from training.command_options import checkpoint_folder_option, format_option


@click.command(help=__doc__)
@checkpoint_folder_option
@click.option(
    "--documents",
    "files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="A hundred abstracts will do.",
)
@format_option
def main(checkpoint: Path, files: tuple[Path, ...], format_: str) -> None:
    try:
        loaded = Checkpoint.load(checkpoint)
        annotator = Annotator(loaded, open_linker(), device="cpu")
        with loaded.model.observed_ranges() as ranges:
            annotator.annotate(
                [item for path in files for item in read_path(path, format_) if isinstance(item, Document)]
            )
        if not ranges:
            raise ConfigError(f"--documents: no text in {', '.join(map(str, files))}")
        save_ranges(checkpoint, ranges)
        click.echo(seal_checkpoint(checkpoint))
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
