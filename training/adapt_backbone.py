"""Go on with the masked-language-model pretraining of an encoder on plain abstracts (Gururangan et al. 2020, arXiv:2004.10964).

    python training/adapt_backbone.py --backbone FOLDER_OR_NAME --train Train.PubTator --dev Dev.PubTator --plain abstracts.jsonl.gz --output runs/adapted
    python training/train.py --encoder transformer --backbone runs/adapted ...

Texts follow each other in blocks of one length, so that nothing is padded; 15 % of the pieces are to be guessed (Devlin et al.
2019). Encoders come without the head that guesses: it is learnt anew, over the input embeddings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from shutil import rmtree

import click
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm
from transformers import AutoTokenizer, PreTrainedModel

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.cpu.hardware import choose_device, multiplies_bfloat16
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.command_options import data_options, device_option, seed_option
from training.data.training_data import read_training_data
from training.learning.assemble import load_backbone
from training.learning.optimisation import RunningAverage, load_state, make_optimizer, save_state, set_rate

GUESSED, MASKED, REPLACED = 0.15, 0.8, 0.1
HELD_OUT = 0.02
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a backbone is adapted."""

    epochs: int
    lr: float
    block: int
    batch: int
    most: int
    seed: int


class Guesser(nn.Module):
    """A backbone and a layer that guesses hidden pieces."""

    def __init__(self, backbone: PreTrainedModel) -> None:
        super().__init__()
        width = backbone.get_input_embeddings().embedding_dim
        self.backbone = backbone
        self.transform = nn.Sequential(nn.Linear(backbone.config.hidden_size, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(backbone.get_input_embeddings().num_embeddings))

    def forward(self, ids: Tensor, target: Tensor) -> Tensor:
        """Mean loss of the pieces of ``target`` (batch, pieces) that are not ``IGNORED``; only they are scored."""
        wanted = target != IGNORED
        vectors = self.transform(self.backbone(input_ids=ids).last_hidden_state[wanted])
        return F.cross_entropy(
            F.linear(vectors, self.backbone.get_input_embeddings().weight, self.bias).float(), target[wanted]
        )


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "))
@data_options
@click.option("--backbone", required=True, help="Hugging Face encoder, by name or folder.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder for train.py --backbone.")
@click.option("--epochs", default=1, show_default=True, type=click.IntRange(min=1))
@click.option("--lr", default=3e-4, show_default=True)
@click.option(
    "--block",
    default=128,
    show_default=True,
    type=click.IntRange(min=8),
    help="Pieces of a block, begin and end included.",
)
@click.option("--batch", default=32, show_default=True, type=click.IntRange(min=1), help="Blocks of a step.")
@click.option(
    "--most", default=10_000, show_default=True, type=click.IntRange(min=2), help="Blocks at the most, drawn at random."
)
@seed_option
@device_option
def main(
    backbone: str,
    output: Path,
    epochs: int,
    lr: float,
    block: int,
    batch: int,
    most: int,
    seed: int,
    device: str,
    **options,
) -> None:
    try:
        texts = read_training_data(options).texts
        losses = adapt(
            backbone,
            texts,
            output,
            Schedule(epochs=epochs, lr=lr, block=block, batch=batch, most=most, seed=seed),
            choose_device(device),
        )
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{output}: loss of pieces guessed in blocks held out {losses[0]:.3f} before, {losses[-1]:.3f} after")


def adapt(
    name_or_dir: str, texts: Sequence[str], output: Path, schedule: Schedule, device: torch.device
) -> list[float]:
    """Losses on held-out blocks, before and after each epoch. An interrupted run goes on from its last epoch."""
    torch.manual_seed(schedule.seed)
    backbone, tokenizer, special = load_backbone(name_or_dir)
    mask_id = next((i for i in map(tokenizer.token_to_id, ("[MASK]", "<mask>")) if i is not None), None)
    if mask_id is None:
        raise ConfigError(f"--backbone {name_or_dir!r}: its tokenizer has no piece [MASK] or <mask>")
    taught, held_out = blocks_of(texts, tokenizer, (special["begin"], special["end"]), schedule)
    model = Guesser(backbone).to(device)
    optimizer, average = make_optimizer(model, schedule.lr, schedule.lr, 0.01), RunningAverage(model, 0.99)
    state, settings = output.with_name(output.name + ".state"), asdict(schedule) | {"backbone": Path(name_or_dir).name}
    progress = load_state(state, model, average, optimizer, settings) or {
        "epoch": 0,
        "losses": [],
        "settings": settings,
    }
    losses = progress["losses"] or [evaluate(model, held_out, mask_id, schedule, device)]
    for epoch in range(progress["epoch"], schedule.epochs):
        # An epoch that is resumed must draw what it would have drawn.
        generator = torch.manual_seed(schedule.seed * 1_000 + epoch)
        model.train()
        steps = torch.randperm(len(taught), generator=generator).split(schedule.batch)
        for step, rows in enumerate(tqdm(steps, f"epoch {epoch + 1}/{schedule.epochs}", mininterval=2)):
            set_rate(optimizer, (epoch + step / len(steps)) / schedule.epochs)
            ids, target = (t.to(device) for t in hide(taught[rows], mask_id, len(model.bias), generator))
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=multiplies_bfloat16(device)):
                loss = model(ids, target)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            average.update()
        average.swap()
        losses.append(evaluate(model, held_out, mask_id, schedule, device))
        average.swap()
        click.echo(f"epoch {epoch + 1}: held out {losses[-1]:.4f}")
        save_state(state, model, average, optimizer, {"epoch": epoch + 1, "losses": losses, "settings": settings})
    average.swap()
    model.backbone.save_pretrained(output)
    AutoTokenizer.from_pretrained(name_or_dir, trust_remote_code=False).save_pretrained(output)
    rmtree(state, ignore_errors=True)
    return losses


def blocks_of(
    texts: Sequence[str], tokenizer: Tokenizer, ends: tuple[int, int], schedule: Schedule
) -> tuple[Tensor, Tensor]:
    """(blocks, pieces) to learn from and held out: texts one after another, the end piece between them."""
    begin, end = ends
    encoded = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    pieces = torch.tensor(list(chain.from_iterable([*e.ids, end] for e in encoded)))
    width = schedule.block - 2
    n = len(pieces) // width
    if n < 2:
        raise ConfigError(
            f"--block {schedule.block}: the texts have {len(pieces)} pieces; expected two blocks at least"
        )
    inner = pieces[: n * width].view(n, width)
    inner = inner[torch.randperm(n, generator=torch.Generator().manual_seed(schedule.seed))[: schedule.most]]
    full = F.pad(F.pad(inner, (1, 0), value=begin), (0, 1), value=end)
    n_held_out = max(1, round(HELD_OUT * len(full)))
    return full[n_held_out:], full[:n_held_out]


def hide(ids: Tensor, mask_id: int, n_pieces: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """``ids`` with pieces hidden, and what they were: ``IGNORED`` where nothing is to be guessed."""
    chosen = torch.rand(ids.shape, generator=generator) < GUESSED
    # The two ends are the same in every block.
    chosen[:, 0] = chosen[:, -1] = False
    chance = torch.rand(ids.shape, generator=generator)
    others = torch.randint(n_pieces, ids.shape, generator=generator)
    hidden = torch.where(chosen & (chance < MASKED), mask_id, ids)
    hidden = torch.where(chosen & (chance >= MASKED) & (chance < MASKED + REPLACED), others, hidden)
    return hidden, torch.where(chosen, ids, IGNORED)


@torch.no_grad()
def evaluate(model: Guesser, blocks: Tensor, mask_id: int, schedule: Schedule, device: torch.device) -> float:
    model.eval()
    generator, total, n = torch.Generator().manual_seed(0), 0.0, 0
    for some in blocks.split(schedule.batch):
        ids, target = (t.to(device) for t in hide(some, mask_id, len(model.bias), generator))
        count = int((target != IGNORED).sum())
        if count:
            total, n = total + float(model(ids, target)) * count, n + count
    return total / max(n, 1)


if __name__ == "__main__":
    main()
