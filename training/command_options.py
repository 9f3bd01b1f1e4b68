"""Options that several commands take, each written once; ``data_options`` of ``data.training_data`` are those of corpora."""

from __future__ import annotations

from pathlib import Path

import click

from litcoin_batch.readers import FORMATS
from training.learning.recipes import RECIPES

format_option = click.option(
    "--format", "format_", type=click.Choice(["auto", *FORMATS]), default="auto", show_default=True
)
checkpoint_option = click.option("--checkpoint", required=True, help="Checkpoint folder, or the name of a shipped one.")
vocabulary_option = click.option(
    "--vocabulary", type=click.Path(path_type=Path), help="Compiled vocabulary instead of the shipped one."
)
lexicon_option = click.option(
    "--lexicon",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Lexicon whose names replace those of the vocabulary.",
)
device_option = click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
seed_option = click.option("--seed", default=1, show_default=True)
store_option = click.option(
    "--store", type=click.Choice(["float32", "float16", "int8"]), default="float16", show_default=True
)
encoder_option = click.option("--encoder", required=True, type=click.Choice(list(RECIPES)))
backbone_option = click.option(
    "--backbone", help="Hugging Face encoder, name or folder; rnn and lstm take its vocabulary and input embeddings."
)
embeddings_option = click.option(
    "--embeddings",
    type=click.Path(path_type=Path),
    help="Folder of training/pretrain_embeddings.py: vocabulary and input embeddings for rnn and lstm.",
)
changes_option = click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change one number of the recipe (training/learning/recipes.py), e.g. epochs=3.",
)
