"""Options that several commands take, each written once."""

from __future__ import annotations

from collections.abc import Callable
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


def gold_option(required: bool = True) -> Callable:
    return click.option(
        "--gold",
        multiple=True,
        required=required,
        type=click.Path(path_type=Path),
        help="Annotated file; may be given several times.",
    )


checkpoint_folder_option = click.option(
    "--checkpoint",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Checkpoint folder; it is changed.",
)
figures_option = click.option(
    "--json", "output", required=True, type=click.Path(path_type=Path), help="Where the figures go."
)
train_option = click.option(
    "--train",
    "train_files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Gold file; may be given several times.",
)
dev_option = click.option(
    "--dev",
    "dev_files",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help="Gold file that choices are made on.",
)
directions_option = click.option(
    "--directions",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Which concept of a gold relation acts (training/data/directions.py); a relation without a row: none.",
)
exclude_pmids_option = click.option(
    "--exclude-pmids",
    multiple=True,
    type=click.Path(path_type=Path),
    help="PMIDs of evaluation documents, white space between: refused in training data.",
)
_OF_CORPORA = (
    train_option,
    dev_option,
    format_option,
    click.option("--auxiliary", type=click.Path(path_type=Path, exists=True), help="YAML of auxiliary corpora, see conf/auxiliary.yaml."),
    click.option("--auxiliary-root", type=click.Path(path_type=Path), help="Folder that the files in --auxiliary are relative to."),
    directions_option,
    click.option("--rule-made", type=int, nargs=2, default=(0, 0), metavar="CONTRAST PLAIN", show_default=True, help="Rule-made documents per epoch: contrast pairs, and texts that are not biomedical."),
    click.option("--edited", type=int, default=0, show_default=True, help="Training documents with a verb or negation changed by rule, per epoch."),
    click.option("--plain", multiple=True, type=click.Path(path_type=Path), help="JSON lines of abstracts for vocabularies and embeddings."),
    exclude_pmids_option,
)  # fmt: skip


def data_options(command: Callable) -> Callable:
    """The options that ``data.training_data.read_training_data`` reads, on a click command."""
    for option in reversed(_OF_CORPORA):
        command = option(command)
    return command
