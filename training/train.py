"""Train a joint model: ``python training/train.py --encoder lstm --train FILE --dev FILE --output DIR``."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import torch
from tokenizers import Tokenizer
from tqdm import tqdm

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator, allowed_type_pairs
from litcoin_batch.model.checkpoint import Beginning, Checkpoint, ModelConfig, save_checkpoint, seal_checkpoint
from litcoin_batch.model.cpu.hardware import choose_device
from litcoin_batch.model.network import JointModel
from litcoin_batch.schema import LitcoinBatchError
from training.command_options import (
    backbone_option,
    changes_option,
    data_options,
    device_option,
    embeddings_option,
    encoder_option,
    lexicon_option,
    seed_option,
    store_option,
)
from training.data.examples import DIRECTED_PAIRS, EVERY_PAIR, Example, epoch_batches, iterate, prepare
from training.data.training_data import TrainingData, draw, read_training_data, related_types
from training.learning.assemble import Beginnings, assemble
from training.learning.completion import Place, complete
from training.learning.evaluation import evaluate, headline
from training.learning.losses import LossWeights, is_trained, joint_loss
from training.learning.optimisation import (
    RunningAverage,
    bf16_option,
    in_16_bits,
    load_state,
    make_optimizer,
    save_state,
    set_rate,
)
from training.learning.recipes import STAGES, Recipe, recipe_of
from training.pages.curves import draw_curves


@click.command()
@encoder_option
@data_options
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Checkpoint folder; an unfinished run there is resumed.",
)
@backbone_option
@embeddings_option
@click.option(
    "--stage",
    type=click.Choice(list(STAGES)),
    default="joint",
    show_default=True,
    help="Mentions alone; everything; everything but the encoder. Each may go on from the one before with --init.",
)
@click.option(
    "--init",
    type=click.Path(path_type=Path),
    help="Checkpoint folder to go on from, with fresh rates: weights and vocabulary are taken from it.",
)
@click.option("--backbone-name", help="What the model card calls the backbone [default: the last part of --backbone].")
@lexicon_option
@changes_option
@store_option
@bf16_option
@device_option
@seed_option
def main(**options) -> None:
    """Train one encoder jointly on mentions, relations and novelty, and write a checkpoint folder."""
    try:
        run(options)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error


@dataclass(frozen=True, slots=True)
class Apprentice:
    """A model while it learns, with what is needed to score it."""

    model: JointModel
    tokenizer: Tokenizer
    config: ModelConfig
    linker: Linker
    device: torch.device

    def annotator(self) -> Annotator:
        checkpoint = Checkpoint(self.model, self.tokenizer, self.config, "in training")
        return Annotator(checkpoint, self.linker, device=str(self.device))


def run(options: dict) -> None:
    options = options | {"bf16": in_16_bits(options)}
    recipe = recipe_of(options["stage"], options["encoder"], options["changes"])
    data = read_training_data(options)
    apprentice = start(options, recipe, data)
    model, tokenizer, config = apprentice.model, apprentice.tokenizer, apprentice.config
    directed = bool(options.get("directions"))
    examples = prepare(data.train, tokenizer, relations=DIRECTED_PAIRS if directed else EVERY_PAIR)
    auxiliary = [
        (
            prepare(c.documents, tokenizer, c.complete, c.relations if c.made or recipe.auxiliary_relations else None),
            c.parts_per_epoch if c.made else round(c.parts_per_epoch * recipe.auxiliary_share),
        )
        for c in data.corpora
    ]
    optimizer = make_optimizer(model, recipe.lr, recipe.backbone_lr, recipe.weight_decay)
    average = RunningAverage(model, recipe.average)
    output, settings = options["output"], settings_of(options, recipe)
    state = load_state(output / "resume", model, average, optimizer, settings) or {
        "epoch": 0,
        "history": [],
        "best": -1.0,
        "settings": settings,
    }

    for epoch in range(state["epoch"], recipe.epochs):
        # Seeded by epoch, so that a resumed run draws what an undisturbed one would have drawn.
        rng = np.random.default_rng((options["seed"], epoch))
        torch.manual_seed(options["seed"] * 10_000 + epoch)
        some = round(len(examples) * recipe.train_share)
        chosen = examples if some >= len(examples) else [examples[i] for i in rng.permutation(len(examples))[:some]]
        drawn = draw(chosen, auxiliary, rng)
        facts = train_epoch(apprentice, drawn, (optimizer, average), recipe, (epoch, rng, options["bf16"]))
        average.swap()
        scores = headline(evaluate(apprentice.annotator(), data.dev))
        chosen = (scores["ner"] + scores["pair_type_novelty"]) / 2 if recipe.pair_weight else scores["ner"]  # type: ignore[assignment]
        if chosen > state["best"] or recipe.keep_last:
            state["best"] = chosen
            save_checkpoint(output / "best", model, tokenizer, config, "float32")
        average.swap()
        state["epoch"] = epoch + 1
        state["history"].append({"epoch": epoch + 1} | facts | scores)
        save_state(output / "resume", model, average, optimizer, state)
        click.echo(
            "  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in state["history"][-1].items())
        )
    finish(options, data, apprentice, state)


def start(options: dict, recipe: Recipe, data: TrainingData) -> Apprentice:
    torch.manual_seed(options["seed"])
    # As annotating does, see ``model.cpu.denormals``.
    torch.set_flush_denormal(True)
    device = choose_device(options["device"])
    beginnings = Beginnings(
        options["encoder"], options["backbone"], options["embeddings"], options["init"], recipe.n_pieces
    )
    model, tokenizer, config = assemble(
        beginnings, data.texts, heads=recipe.heads(), type_pairs=related_types(data.train)
    )
    if options["encoder"] == "transformer":
        # 400 documents touch few rows; the rest would only be pulled towards zero, at the optimiser's full cost.
        model.encoder.backbone.get_input_embeddings().weight.requires_grad_(False)
        freeze_layers(model, recipe.frozen_layers)
    if recipe.frozen_layers < 0:
        model.encoder.requires_grad_(False)
    return Apprentice(model.to(device), tokenizer, config, open_linker(lexicon=options["lexicon"]), device)


def freeze_layers(model: JointModel, n: int) -> None:
    """Keep the first ``n`` layers of a BERT-like encoder, and what lies before them, as they are: gradients end there."""
    if n > 0:
        backbone = model.encoder.backbone
        for part in (model.encoder.shape, backbone.embeddings, *backbone.encoder.layer[:n]):
            part.requires_grad_(False)


def train_epoch(
    apprentice: Apprentice,
    examples: Sequence[Example],
    updating: tuple[torch.optim.Optimizer, RunningAverage],
    recipe: Recipe,
    moment: tuple[int, np.random.Generator, bool],
) -> dict[str, float]:
    """One pass over ``examples``; ``moment``: epoch, generator, whether in bfloat16. Returns seconds and mean losses."""
    (optimizer, average), (epoch, rng, half) = updating, moment
    model, device, config = apprentice.model.train(), apprentice.device, apprentice.config
    model.encoder.train(is_trained(model.encoder))
    weights = LossWeights(
        tag=recipe.tag_weight,
        pair=recipe.pair_weight,
        novel=recipe.novel_weight,
        smoothing=recipe.smoothing,
        subject=recipe.subject_weight,
        near=recipe.near_weight,
    )
    batches = epoch_batches(examples, recipe.batch_pieces, rng)
    stacked = iterate(examples, batches, config.pad_id, allowed_type_pairs(config.type_pairs), config.heads.nearest)
    losses: Counter[str] = Counter()
    started = time.perf_counter()
    for step, batch in enumerate(
        tqdm(stacked, f"epoch {epoch + 1}/{recipe.epochs}", len(batches), mininterval=2), start=1
    ):
        set_rate(optimizer, (epoch + (step - 1) / len(batches)) / recipe.epochs)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
            loss, parts = joint_loss(model, batch.to(device), weights)
        (loss / recipe.accumulate).backward()
        losses.update(parts)
        if step % recipe.accumulate == 0 or step == len(batches):
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            average.update()
    seconds = time.perf_counter() - started
    return {"train_sec": round(seconds, 2)} | {f"{name}_loss": value / len(batches) for name, value in losses.items()}


def finish(options: dict, data: TrainingData, apprentice: Apprentice, state: dict) -> None:
    """Calibrate the best epoch, store it in its final precision, and score exactly what is stored."""
    output: Path = options["output"]
    seal_checkpoint(output / "best")
    facts = state["settings"] | {"n_train": len(data.train), "best_dev": state["best"]}
    if options["init"]:
        facts["first_stage"] = Beginning.load(options["init"]).training
    (output / "curves.jsonl").write_text("".join(json.dumps(row) + "\n" for row in state["history"]))
    draw_curves(state["history"], output / "curves.png")
    place = Place(output, options["store"], apprentice.linker, apprentice.device)
    click.echo(complete(Checkpoint.load(output / "best"), facts, data.dev, place))
    shutil.rmtree(output / "best")
    shutil.rmtree(output / "resume")


def settings_of(options: dict, recipe: Recipe) -> dict:
    """What a resumed run must share with the run it goes on with; files by name, without their folders."""
    names = {
        key: [path.name for path in options[key]]
        for key in ("train_files", "dev_files", "exclude_pmids", "plain", "directions")
    }
    auxiliary = options["auxiliary"].name if options["auxiliary"] else None
    backbone = options["backbone_name"] or (Path(options["backbone"]).name if options["backbone"] else None)
    chosen = {key: options[key] for key in ("encoder", "seed", "bf16")}
    chosen |= {"rule_made": list(options.get("rule_made", (0, 0))), "edited": options.get("edited", 0)}
    chosen["embeddings"] = options["embeddings"].name if options["embeddings"] else None
    chosen["init"] = Beginning.load(options["init"]).model_id if options["init"] else None
    return names | chosen | {"backbone": backbone, "auxiliary": auxiliary} | asdict(recipe)


if __name__ == "__main__":
    main()
