"""Vocabulary and input embeddings for the recurrent encoders, learnt from text alone.

``python training/pretrain_embeddings.py --train FILE --dev FILE --plain FILE --output DIR``
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.schema import LitcoinBatchError
from training.command_options import data_options, seed_option
from training.data.piece_vocabulary import save_embeddings, skip_gram, train_tokenizer
from training.data.training_data import read_training_data
from training.learning.assemble import EMBEDDING_WIDTH


@click.command()
@data_options
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder for train.py --embeddings.")
@click.option("--pieces", "n_pieces", default=20_000, show_default=True, help="Size of the byte-pair vocabulary.")
@click.option("--epochs", "n_epochs", default=5, show_default=True)
@seed_option
def main(output: Path, n_pieces: int, n_epochs: int, seed: int, **options) -> None:
    """Byte pairs, and skip-gram embeddings of them, from all texts that training may see; --dev is only kept out."""
    try:
        texts = read_training_data(options).texts
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    tokenizer = train_tokenizer(texts, n_pieces)
    save_embeddings(output, tokenizer, skip_gram(tokenizer, texts, EMBEDDING_WIDTH, n_epochs, seed))
    click.echo(f"{output}: {tokenizer.get_vocab_size()} pieces from {len(texts)} texts")


if __name__ == "__main__":
    main()
