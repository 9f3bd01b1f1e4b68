"""Train a joint model: ``python training/train.py --encoder lstm --train FILE --dev FILE --output DIR``."""

from __future__ import annotations

import gzip
import json
import shutil
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import torch
from tqdm import tqdm

from litcoin_batch.model.annotator import Annotator, allowed_type_pairs, choose_device, read_lexicon
from litcoin_batch.model.checkpoint import Checkpoint, ModelConfig, save_checkpoint, seal_checkpoint
from litcoin_batch.model.heads import HeadConfig
from litcoin_batch.model.lexicon import Lexicon
from litcoin_batch.readers import FORMATS, read_gold
from litcoin_batch.schema import ConfigError, Document, LitcoinBatchError

from assemble import assemble
from calibration import calibrate, collect_logits
from corpora import Corpus, read_corpora
from curves import draw_curves
from evaluation import evaluate, headline
from examples import Example, epoch_batches, iterate, prepare
from losses import LossWeights, joint_loss
from model_card import write_model_card
from optimisation import RunningAverage, load_state, make_optimizer, save_state, set_rate


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the result of a run besides its data; chosen on BioRED Dev, see the README."""

    epochs: int
    lr: float
    backbone_lr: float
    batch_pieces: int  # padded pieces per optimiser step, ahead of accumulation
    n_pieces: int  # vocabulary size; 0 keeps the backbone's
    dropout: float = 0.3
    pair_width: int = 256
    weight_decay: float = 0.01
    clip: float = 1.0
    average: float = 0.995  # decay of the running average per step: about the last 200 steps
    accumulate: int = 1
    auxiliary: float = 1.0  # times the documents_per_epoch of each auxiliary corpus
    tag_weight: float = 1.0
    pair_weight: float = 1.0
    novel_weight: float = 0.5
    smoothing: float = 0.0


RECIPES = {
    "rnn": Recipe(epochs=30, lr=1e-3, backbone_lr=0, batch_pieces=4096, n_pieces=14_000),
    "lstm": Recipe(epochs=30, lr=2e-3, backbone_lr=0, batch_pieces=4096, n_pieces=14_000),
    "transformer": Recipe(epochs=25, lr=5e-4, backbone_lr=1e-4, batch_pieces=4096, n_pieces=0, dropout=0.2),
}


@click.command()
@click.option("--encoder", required=True, type=click.Choice(list(RECIPES)))
@click.option("--train", "train_files", required=True, multiple=True, type=click.Path(path_type=Path), help="Gold file; may be given several times.")
@click.option("--dev", "dev_files", required=True, multiple=True, type=click.Path(path_type=Path), help="Gold file that epochs are chosen on.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Checkpoint folder; an unfinished run there is resumed.")
@click.option("--format", "format_", type=click.Choice(["auto", *FORMATS]), default="auto", show_default=True)
@click.option("--backbone", help="Hugging Face encoder, name or folder; for rnn and lstm its vocabulary and input embeddings are used.")
@click.option("--auxiliary", type=click.Path(path_type=Path, exists=True), help="YAML of auxiliary corpora (see training/corpora.py).")
@click.option("--auxiliary-root", type=click.Path(path_type=Path), help="Folder that the files in --auxiliary are relative to.")
@click.option("--plain", multiple=True, type=click.Path(path_type=Path), help="JSON lines of abstracts that decide which pieces a vocabulary keeps.")
@click.option("--exclude-pmids", multiple=True, type=click.Path(path_type=Path), help="PMIDs of evaluation documents, white space between them: refused in training data.")
@click.option("--lexicon", multiple=True, type=click.Path(path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change one value of the recipe, e.g. epochs=3.")
@click.option("--store", type=click.Choice(["float32", "float16", "int8"]), default="float16", show_default=True)
@click.option("--bf16/--no-bf16", default=None, help="bfloat16 arithmetic [default: for transformers]")
@click.option("--device", default="auto", show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(**options) -> None:
    """Train one encoder jointly on mentions, relations and novelty, and write a checkpoint folder."""
    try:
        run(options)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error


def run(options: dict) -> None:
    recipe = change(RECIPES[options["encoder"]], options["changes"])
    train, dev = read_gold(options["train_files"], options["format_"]), read_gold(options["dev_files"], options["format_"])
    held_out = guard(train, dev, options["exclude_pmids"])
    corpora = read_corpora(options["auxiliary"], options["auxiliary_root"] or options["auxiliary"].parent, held_out | {d.pmid for d in train}) if options["auxiliary"] else []

    torch.manual_seed(options["seed"])
    texts = [d.text for d in train] + [d.text for c in corpora for d in c.documents] + plain_texts(options["plain"])
    heads = HeadConfig(recipe.pair_width, recipe.dropout)
    model, tokenizer, config = assemble(
        options["encoder"], options["backbone"], texts, n_pieces=recipe.n_pieces, heads=heads, type_pairs=related_types(train)
    )
    device = choose_device(options["device"])
    model.to(device)
    if options["encoder"] == "transformer":
        # 400 documents touch few rows; the rest would only be pulled towards zero, at the optimiser's full cost.
        model.encoder.backbone.get_input_embeddings().weight.requires_grad_(False)

    examples = prepare(train, tokenizer)
    auxiliary = [
        (prepare(c.documents, tokenizer, c.complete, relations=False), round(c.documents_per_epoch * recipe.auxiliary)) for c in corpora
    ]
    dev_examples = prepare(dev, tokenizer)
    type_pairs = allowed_type_pairs(config.type_pairs)
    optimizer = make_optimizer(model, recipe.lr, recipe.backbone_lr, recipe.weight_decay)
    average = RunningAverage(model, recipe.average)
    weights = LossWeights(recipe.tag_weight, recipe.pair_weight, recipe.novel_weight, recipe.smoothing)
    half = options["bf16"] if options["bf16"] is not None else options["encoder"] == "transformer"

    output: Path = options["output"]
    settings = settings_of(options, recipe)
    state = load_state(output / "resume", model, average, optimizer, settings) or {"epoch": 0, "history": [], "best": -1.0}
    lexicon = read_lexicon(options["lexicon"] or None)
    for epoch in range(state["epoch"], recipe.epochs):
        # Seeded by epoch, so that a resumed run draws what an undisturbed one would have drawn.
        rng = np.random.default_rng((options["seed"], epoch))
        torch.manual_seed(options["seed"] * 10_000 + epoch)
        started = time.perf_counter()
        drawn = draw(examples, auxiliary, rng)
        batches = epoch_batches(drawn, recipe.batch_pieces, rng)
        losses = Counter()
        model.train()
        bar = tqdm(iterate(drawn, batches, config.pad_id, type_pairs), total=len(batches), desc=f"epoch {epoch + 1}/{recipe.epochs}", mininterval=2)
        for step, batch in enumerate(bar):
            set_rate(optimizer, (epoch + step / len(batches)) / recipe.epochs)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=half):
                loss, parts = joint_loss(model, batch.to(device), weights)
            (loss / recipe.accumulate).backward()
            losses.update(parts)
            if (step + 1) % recipe.accumulate == 0 or step + 1 == len(batches):
                torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                average.update()
        train_sec = time.perf_counter() - started
        average.swap()
        model.eval()
        scores = headline(evaluate(annotator_of(model, tokenizer, config, lexicon, device), dev))
        if (chosen := (scores["ner"] + scores["pair_type_novelty"]) / 2) > state["best"]:
            state["best"] = chosen
            save_checkpoint(output / "best", model, tokenizer, config, "float32")
        average.swap()
        state["history"].append({"epoch": epoch + 1, "train_sec": round(train_sec, 2)} | {f"{k}_loss": v / len(batches) for k, v in losses.items()} | scores)
        state |= {"epoch": epoch + 1, "settings": settings}
        save_state(output / "resume", model, average, optimizer, state)
        tqdm.write("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in state["history"][-1].items()))
    finish(output, dev, dev_examples, config, options, state, lexicon, train)


def finish(output: Path, dev: list[Document], dev_examples: list[Example], config: ModelConfig, options: dict, state: dict, lexicon: Lexicon, train: list[Document]) -> None:
    """Calibrate the best epoch, store it in its final precision, and score exactly what is stored."""
    device = choose_device(options["device"])
    seal_checkpoint(output / "best")
    best = Checkpoint.load(output / "best")
    logits = collect_logits(best.model.to(device), dev_examples, config, device)
    n_reached = int((logits.pair_target > 0).sum())
    calibration, errors = calibrate(logits, sum(len(d.gold.relations) for d in dev) - n_reached)
    facts = state["settings"] | {"n_train": len(train), "best_dev": state["best"], "epochs_run": state["epoch"]}
    final = ModelConfig(config.encoder, config.heads, config.type_pairs, config.pad_id, calibration, training=facts)
    save_checkpoint(output, best.model.cpu(), best.tokenizer, final, options["store"])
    seal_checkpoint(output)
    figures = evaluate(Annotator(Checkpoint.load(output), lexicon, device=str(device)), dev) | {"calibration": errors}
    (output / "metrics.json").write_text(json.dumps(figures, indent=1) + "\n")
    (output / "curves.jsonl").write_text("".join(json.dumps(row) + "\n" for row in state["history"]))
    draw_curves(state["history"], output / "curves.png")
    write_model_card(output, final, figures)
    model_id = seal_checkpoint(output)
    shutil.rmtree(output / "best")
    shutil.rmtree(output / "resume")
    click.echo(f"{model_id}  " + "  ".join(f"{k} {v:.4f}" for k, v in headline(figures).items()))


def annotator_of(model, tokenizer, config: ModelConfig, lexicon: Lexicon, device: torch.device) -> Annotator:
    return Annotator(Checkpoint(model, tokenizer, config, "in training"), lexicon, device=str(device))


def change(recipe: Recipe, changes: tuple[str, ...]) -> Recipe:
    values = asdict(recipe)
    for item in changes:
        name, _, value = item.partition("=")
        if name not in values:
            raise ConfigError(f"--set {item!r}: the recipe has {', '.join(values)}")
        try:
            values[name] = type(values[name])(float(value)) if "." not in value and "e" not in value else float(value)
        except ValueError as error:
            raise ConfigError(f"--set {item!r}: expected a number") from error
    return Recipe(**values)


def guard(train: list[Document], dev: list[Document], files: tuple[Path, ...]) -> frozenset[int]:
    """The PMIDs that may not be trained on; ``ConfigError`` if one is among the training documents."""
    held_out = {d.pmid for d in dev}
    for path in files:
        held_out |= {int(word) for word in path.read_text().split()}
    leaked = sorted(held_out & {d.pmid for d in train})
    if leaked:
        raise ConfigError(f"--train: {len(leaked)} documents are evaluation documents, e.g. PMID {leaked[0]}; training on them would be a leak")
    return frozenset(held_out)


def related_types(documents: list[Document]) -> list[tuple[str, str]]:
    """The pairs of entity types that are related at least twice in ``documents``."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in documents:
        kinds = {entity_id: mention.type for entity_id, mention in document.gold.entities().items()}
        for relation in document.gold.relations:
            if relation.entity_1_id in kinds and relation.entity_2_id in kinds:
                counts[tuple(sorted(kinds[i] for i in relation.pair))] += 1
    return sorted(pair for pair, n in counts.items() if n > 1)


def draw(examples: list[Example], auxiliary: list[tuple[list[Example], int]], rng: np.random.Generator) -> list[Example]:
    """All examples, and of each auxiliary corpus as many as it contributes to one epoch."""
    chosen = [corpus[i] for corpus, n in auxiliary for i in rng.choice(len(corpus), min(n, len(corpus)), replace=False)]
    return examples + chosen


def plain_texts(files: tuple[Path, ...]) -> list[str]:
    texts = []
    for path in files:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
            rows = map(json.loads, lines)
            texts += [f"{row.get('title') or ''} {row['abstract']}" for row in rows]
    return texts


def settings_of(options: dict, recipe: Recipe) -> dict:
    """What a resumed run must share with the run it goes on with; file names without their folders."""
    names = {key: [path.name for path in options[key]] for key in ("train_files", "dev_files", "plain")}
    auxiliary = options["auxiliary"].name if options["auxiliary"] else None
    backbone = Path(options["backbone"]).name if options["backbone"] else None
    return names | {"encoder": options["encoder"], "backbone": backbone, "auxiliary": auxiliary, "seed": options["seed"]} | asdict(recipe)


if __name__ == "__main__":
    main()
