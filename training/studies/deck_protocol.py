"""The starting deck's own measure: the relation type of a gold pair, on the LitCoin training tables.

``python training/studies/deck_protocol.py --litcoin DIR --encoder lstm --embeddings DIR --split rows --output FILE``

The deck splits relation rows at random, 80 to 20, so that both parts know every document; ``--split document``
keeps documents apart and is the harder and more honest one. Labels of held-out rows reach nothing but the
final count; the number of epochs is fixed beforehand and the last epoch counts, not the best.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np
import torch
from torch.nn import functional as F
from tqdm import tqdm

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.model.batching.batches import collate
from litcoin_batch.model.batching.entities import join_instances
from litcoin_batch.model.batching.pairs import Pairs, build_pairs, keep_pairs
from litcoin_batch.model.cpu.hardware import choose_device
from litcoin_batch.model.layers.heads import N_CLASSES, HeadConfig
from litcoin_batch.model.network import JointModel
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, ConfigError, Document, LitcoinBatchError
from training.command_options import backbone_option, changes_option, device_option, embeddings_option, encoder_option
from training.data.examples import Example, epoch_batches, prepare
from training.learning.assemble import Beginnings, assemble
from training.learning.optimisation import RunningAverage, bf16_option, in_16_bits, make_optimizer, set_rate
from training.learning.recipes import RECIPES, Recipe, change

RECIPES_OF_DECK = {
    "rnn": replace(RECIPES["rnn"], epochs=12, batch_pieces=2048, dropout=0.3, smoothing=0.0),
    "lstm": replace(RECIPES["lstm"], epochs=12, batch_pieces=2048, dropout=0.3, smoothing=0.0),
    "transformer": replace(
        RECIPES["transformer"],
        epochs=16,
        lr=5e-4,
        backbone_lr=6e-5,
        n_pieces=0,
        batch_pieces=1024,
        dropout=0.1,
        smoothing=0.0,
        without="",
    ),
}
ALL_TYPES = np.ones((len(ENTITY_TYPES),) * 2, bool)


@dataclass(frozen=True, slots=True)
class Rows:
    """Relation rows. ``document`` (rows,); ``ends`` (rows, 2) entity indices within it, ascending, -1 where the
    document has no mention of the entity; ``kind`` (rows,) index into ``RELATION_TYPES``.
    """

    document: np.ndarray
    ends: np.ndarray
    kind: np.ndarray

    def __len__(self) -> int:
        return len(self.document)

    def take(self, chosen: np.ndarray) -> Rows:
        return Rows(self.document[chosen], self.ends[chosen], self.kind[chosen])

    def keys(self) -> list[tuple[int, int, int]]:
        return [(d, a, b) for d, (a, b) in zip(self.document.tolist(), self.ends.tolist(), strict=True)]


@click.command()
@click.option(
    "--litcoin",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder with abstracts_train.csv, entities_train.csv and relations_train.csv.",
)
@encoder_option
@click.option("--split", "split_by", type=click.Choice(["rows", "document"]), default="rows", show_default=True)
@backbone_option
@embeddings_option
@changes_option
@bf16_option
@device_option
@click.option("--seed", default=1, show_default=True, help="Of the split and of training.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Where the figures go, as JSON.")
def main(output: Path, **options) -> None:
    """Train on 80 % of LitCoin's relation rows, and report the accuracy of the type on the other 20 %."""
    try:
        figures = run(options)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n")
    click.echo(
        f"{figures['encoder']}, split by {figures['split']}: {figures['accuracy']:.4f} of {figures['n_held_out']} rows, "
        f"{figures['accuracy_majority']:.4f} by always naming the commonest type; {figures['rows_per_second']:.0f} rows/s in training"
    )


def run(options: dict) -> dict:
    recipe = change(RECIPES_OF_DECK[options["encoder"]], options["changes"])
    documents = read_gold([options["litcoin"] / "abstracts_train.csv"], "litcoin")
    torch.manual_seed(options["seed"])
    beginnings = Beginnings(options["encoder"], options["backbone"], options["embeddings"], n_pieces=recipe.n_pieces)
    heads = HeadConfig(recipe.pair_width, recipe.dropout)
    model, tokenizer, config = assemble(beginnings, [d.text for d in documents], heads=heads, type_pairs=())
    examples = prepare(documents, tokenizer)
    if len(examples) < len(documents):
        raise ConfigError(f"--litcoin {options['litcoin']}: {len(documents) - len(examples)} abstracts have no text")
    rows = read_rows(documents, examples)
    taught, held_out = (rows.take(part) for part in split(rows, options["split_by"], options["seed"]))
    device = choose_device(options["device"])
    trainer = Trainer(model.to(device), recipe, config.pad_id, device, in_16_bits(options))
    started = time.perf_counter()
    trainer.fit(examples, taught, options["seed"])
    seconds = (time.perf_counter() - started) / recipe.epochs
    found = trainer.predict(examples, held_out)
    facts = {
        "encoder": options["encoder"],
        "split": options["split_by"],
        "seed": options["seed"],
        "recipe": asdict(recipe),
    }
    speed = {"seconds_per_epoch": round(seconds, 2), "rows_per_second": round(len(taught) / seconds, 1)}
    return facts | score(taught, held_out, found) | speed


def read_rows(documents: Sequence[Document], examples: Sequence[Example]) -> Rows:
    document, ends, kind = [], [], []
    for place, (source, example) in enumerate(zip(documents, examples, strict=True)):
        index = {entity_id: i for i, entity_id in enumerate(example.entities.ids)}
        for relation in source.gold.relations:
            document.append(place)
            ends.append(sorted(index.get(i, -1) for i in relation.pair))
            kind.append(RELATION_TYPES.index(relation.type))
    return Rows(np.asarray(document), np.asarray(ends).reshape(-1, 2), np.asarray(kind))


def split(rows: Rows, by: str, seed: int, share: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the rows to learn from and of those held out: ``share`` of the rows, or of the documents."""
    rng = np.random.default_rng(seed)
    groups = np.arange(len(rows)) if by == "rows" else rows.document
    names = np.unique(groups)
    held_out = rng.permutation(names)[: round(share * len(names))]
    inside = np.isin(groups, held_out)
    return np.flatnonzero(~inside), np.flatnonzero(inside)


class Trainer:
    """Trains a model on the types of given pairs."""

    def __init__(self, model: JointModel, recipe: Recipe, pad_id: int, device: torch.device, half: bool) -> None:
        self.model, self.recipe, self.pad_id, self.device, self.half = model, recipe, pad_id, device, half

    def fit(self, examples: Sequence[Example], rows: Rows, seed: int) -> None:
        optimizer = make_optimizer(self.model, self.recipe.lr, self.recipe.backbone_lr, self.recipe.weight_decay)
        average = RunningAverage(self.model, self.recipe.average)
        used = np.unique(rows.document)
        for epoch in range(self.recipe.epochs):
            rng = np.random.default_rng((seed, epoch))
            torch.manual_seed(seed * 10_000 + epoch)
            batches = epoch_batches([examples[i] for i in used], self.recipe.batch_pieces, rng)
            self.model.train()
            right = 0
            for step, batch in enumerate(tqdm(batches, f"epoch {epoch + 1}/{self.recipe.epochs}", mininterval=2)):
                set_rate(optimizer, (epoch + step / len(batches)) / self.recipe.epochs)
                right += self._step(examples, used[batch], rows, optimizer)
                average.update()
            click.echo(f"epoch {epoch + 1}: {right / len(rows):.4f} of the rows learnt from, with dropout")
        average.swap()

    def _step(
        self, examples: Sequence[Example], documents: np.ndarray, rows: Rows, optimizer: torch.optim.Optimizer
    ) -> int:
        """One update; the number of rows whose type was right before it."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
            logits, chosen = self._score(examples, documents, rows)
        if not len(chosen):
            return 0
        kind = torch.as_tensor(rows.kind[chosen], device=self.device)
        loss = F.cross_entropy(logits, kind)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return int((logits.argmax(dim=1) == kind).sum())

    @torch.inference_mode()
    def predict(self, examples: Sequence[Example], rows: Rows) -> np.ndarray:
        """(rows,) index into ``RELATION_TYPES``, -1 for a row whose entities are no pair of the document."""
        self.model.eval()
        found = np.full(len(rows), -1)
        used = np.unique(rows.document)
        for batch in epoch_batches([examples[i] for i in used], self.recipe.batch_pieces, np.random.default_rng(0)):
            logits, chosen = self._score(examples, used[batch], rows)
            found[chosen] = logits.argmax(dim=1).cpu().numpy()
        return found

    def _score(self, examples: Sequence[Example], documents: np.ndarray, rows: Rows) -> tuple[torch.Tensor, np.ndarray]:
        """Type logits (chosen rows, types), and the indices of the rows of ``documents`` that are candidate pairs."""
        batch = collate([examples[i].pieces for i in documents], self.pad_id).to(self.device)
        instances = join_instances([examples[i].entities for i in documents])
        pairs, place, chosen = pairs_of_rows(
            build_pairs(batch, instances, ALL_TYPES, self.model.pair_head.config.nearest),
            [len(examples[i].entities.ids) for i in documents],
            documents,
            rows,
        )
        if not len(chosen):
            return torch.zeros(0, len(RELATION_TYPES)), chosen
        logits = self.model.pair_logits(self.model.words(batch), instances, pairs).pair
        return logits[:, 1:N_CLASSES].float()[torch.as_tensor(place, device=self.device)], chosen


def pairs_of_rows(
    pairs: Pairs, n_entities: Sequence[int], documents: np.ndarray, rows: Rows
) -> tuple[Pairs, np.ndarray, np.ndarray]:
    """Only the pairs that rows name: them, the pair of each chosen row, and the indices of the chosen rows."""
    base = np.full(int(max(rows.document.max(), documents.max())) + 1, -1)
    base[documents] = np.cumsum([0, *n_entities[:-1]])
    n = sum(n_entities)
    key = np.minimum(pairs.entity_1, pairs.entity_2) * n + np.maximum(pairs.entity_1, pairs.entity_2)
    candidates = np.flatnonzero((base[rows.document] >= 0) & (rows.ends >= 0).all(axis=1))
    ends = rows.ends[candidates] + base[rows.document[candidates]][:, None]
    wanted = ends[:, 0] * n + ends[:, 1]
    known = np.isin(wanted, key)
    keep = np.isin(key, wanted)
    kept = key[keep]
    order = np.argsort(kept)
    return keep_pairs(pairs, keep), order[np.searchsorted(kept[order], wanted[known])], candidates[known]


def score(taught: Rows, held_out: Rows, found: np.ndarray) -> dict:
    right = found == held_out.kind
    majority = Counter(taught.kind.tolist()).most_common(1)[0][0]
    known = set(taught.keys())
    fresh = np.asarray([key not in known for key in held_out.keys()])  # noqa: SIM118 (no dict)
    return {
        "accuracy": float(right.mean()),
        "accuracy_majority": float((held_out.kind == majority).mean()),
        "n_taught": len(taught),
        "n_held_out": len(held_out),
        "n_unreachable": int((found < 0).sum()),
        "n_pairs_seen_in_training": int((~fresh).sum()),
        "accuracy_of_unseen_pairs": float(right[fresh].mean()),
        "per_type": {
            name: {"right": int(right[held_out.kind == i].sum()), "total": int((held_out.kind == i).sum())}
            for i, name in enumerate(RELATION_TYPES)
        },
    }


if __name__ == "__main__":
    main()
