"""Average trainings that began alike: ``python training/average.py --checkpoint A --checkpoint B --dev FILE --output DIR``.

The mean of the weights of models that went on from one checkpoint (a uniform soup, Wortsman et al. 2022,
arXiv:2203.05482) scores like their ensemble, at the price of one model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import torch
from torch import Tensor

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.checkpoint import Checkpoint
from litcoin_batch.model.cpu.hardware import choose_device
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.command_options import dev_option, device_option, format_option, lexicon_option, store_option
from training.learning.completion import Place, complete


@click.command(help=__doc__)
@click.option(
    "--checkpoint",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Checkpoint folder; two or more.",
)
@dev_option
@format_option
@click.option("--output", required=True, type=click.Path(path_type=Path))
@lexicon_option
@store_option
@device_option
def main(
    folders: tuple[Path, ...],
    dev_files: tuple[Path, ...],
    format_: str,
    output: Path,
    lexicon: tuple[Path, ...],
    store: str,
    device: str,
) -> None:
    try:
        checkpoints = [Checkpoint.load(folder) for folder in folders]
        averaged = average(checkpoints)
        place = Place(output, store, open_linker(lexicon=lexicon), choose_device(device))
        click.echo(complete(averaged, facts_of(checkpoints), read_gold(dev_files, format_), place))
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error


def average(checkpoints: list[Checkpoint]) -> Checkpoint:
    """Raises ``ConfigError`` for models that are not built alike, whose mean would mean nothing."""
    first, *others = checkpoints
    if not others:
        raise ConfigError("one checkpoint has no average: give two or more")
    for other in others:
        shapes = [
            {name: weight.shape for name, weight in checkpoint.model.state_dict().items()}
            for checkpoint in (first, other)
        ]
        vocabularies = [checkpoint.tokenizer.get_vocab() for checkpoint in (first, other)]
        alike = (
            vocabularies[0] == vocabularies[1]
            and other.config.encoder == first.config.encoder
            and shapes[0] == shapes[1]
        )
        begun = {checkpoint.config.training.get("init") for checkpoint in (first, other)}
        if not alike or len(begun) > 1 or None in begun:
            raise ConfigError(
                f"{other.model_id} and {first.model_id} did not begin from one checkpoint (train.py --init): their mean is no model"
            )
    weights = [checkpoint.model.state_dict() for checkpoint in checkpoints]
    mean: dict[str, Tensor] = {name: torch.stack([w[name] for w in weights]).mean(dim=0) for name in weights[0]}
    first.model.load_state_dict(mean)
    return first


def facts_of(checkpoints: list[Checkpoint]) -> dict:
    """What they have in common, and each one's own."""
    facts = [checkpoint.config.training for checkpoint in checkpoints]
    common = {key: value for key, value in facts[0].items() if all(f.get(key) == value for f in facts)}
    own = {c.model_id: {k: v for k, v in f.items() if k not in common} for c, f in zip(checkpoints, facts, strict=True)}
    return common | {"average_of": own}


if __name__ == "__main__":
    main()
