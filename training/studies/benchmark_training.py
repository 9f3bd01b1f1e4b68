"""Measure an epoch of train.py against the straightforward loop: same hardware, model, weights and documents.

    python training/studies/benchmark_training.py --train Train.PubTator --encoder lstm --output training.json

The straightforward loop takes one document at a time, in file order, in 32 bits, with one optimiser step
each. It is measured in two forms, between which scripts lie: "by pair" calls the pair head once per
candidate pair, with the mentions of its two entities; "by document" scores a document's pairs in one call.
The loop of train.py batches documents of similar length, scores the pairs of a batch in one call, computes
in bfloat16 where that is faster, and keeps a running average of the weights. All start from the same weights and lower the same
loss. The loops take turns; a turn of a few documents comes first and is dropped. A row is a candidate pair.
Where other programs compete for the processor, compare the seconds of processor time, given beside.
"""

from __future__ import annotations

import copy
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.batching.pairs import Instances, Pairs, split_pairs
from litcoin_batch.model.layers.pooling import Words
from litcoin_batch.model.network import JointModel, PairScores
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.command_options import (
    backbone_option,
    changes_option,
    device_option,
    embeddings_option,
    encoder_option,
    format_option,
    seed_option,
)
from training.data.examples import Batch, Example, prepare, stack
from training.data.training_data import TrainingData
from training.learning.losses import LossWeights, joint_loss
from training.learning.optimisation import RunningAverage, bf16_option, in_16_bits, make_optimizer
from training.learning.recipes import RECIPES, Recipe, change
from training.train import Apprentice, start, train_epoch

BY_PAIR, BY_DOCUMENT, OURS = "straightforward, by pair", "straightforward, by document", "train.py"
WARM_UP_DOCUMENTS = 4

# Per epoch of 59,136 rows, and in samples per second, as the logs in the first-results deck have them.
DECK_SOURCE = "logs of the first-results deck (relation type of a given pair alone; its hardware, not this machine)"
DECK_ROWS = 59_136
DECK_SEC = {"lstm": (821, 891), "rnn": (286, 324)}
DECK_ROWS_PER_SEC = {"transformer": (7.6, 7.6)} | {
    name: (DECK_ROWS / slow, DECK_ROWS / fast) for name, (fast, slow) in DECK_SEC.items()
}


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "))
@click.option("--train", "train_file", required=True, type=click.Path(exists=True, path_type=Path), help="Gold file.")
@format_option
@encoder_option
@backbone_option
@embeddings_option
@changes_option
@click.option(
    "--documents", "n_documents", default=40, show_default=True, type=click.IntRange(1), help="The first of the file."
)
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1))
@bf16_option
@device_option
@seed_option
@click.option("--output", required=True, type=click.Path(path_type=Path), help="JSON of raw measurements and ratios.")
def main(train_file: Path, format_: str, n_documents: int, repeats: int, output: Path, **options) -> None:
    try:
        # Of the loop of train.py alone; the straightforward ones compute in 32 bits.
        options["bf16"] = in_16_bits(options)
        documents = read_gold(train_file, format_)[:n_documents]
        recipe = change(RECIPES[options["encoder"]], options["changes"])
        apprentice = start(options | {"lexicon": (), "init": None}, recipe, TrainingData(documents, [], [], []))
        examples = prepare(documents, apprentice.tokenizer)
        n_pairs = count_pairs(apprentice, examples)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    bench = Bench(apprentice, recipe, options["bf16"], options["seed"])
    for name in LOOPS:
        bench.measure(name, examples[:WARM_UP_DOCUMENTS])
    turns = [
        {"turn": turn, "loop": name} | bench.measure(name, examples) for turn in range(1, repeats + 1) for name in LOOPS
    ]
    settings = {
        "encoder": options["encoder"],
        "backbone": options["backbone"] and Path(options["backbone"]).name,
        "train": train_file.name,
    }
    settings |= {
        "changes": options["changes"],
        "bf16": options["bf16"],
        "device": str(apprentice.device),
        "seed": options["seed"],
    }
    settings |= {
        "documents": len(examples),
        "pairs": n_pairs,
        "loss_before": bench.mean_loss(apprentice.model, examples),
    }
    result = settings | {"environment": environment(apprentice.device)} | summary(turns, len(examples), n_pairs)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=1) + "\n")
    click.echo(report(result))


class PairByPair(JointModel):
    """The same weights, with one call of the pair head per candidate pair."""

    def __init__(self, model: JointModel) -> None:
        nn.Module.__init__(self)
        for name, part in model.named_children():
            self.add_module(name, part)

    def pair_logits(self, words: Words, instances: Instances, pairs: Pairs) -> PairScores:
        logits, of_mentions = [], []
        for _, rows, pair in split_pairs(pairs, 1):
            found = super().pair_logits(words, *of_two_entities(instances, pair))
            logits.append(found.pair)
            of_mentions.append((rows, found.mention_pair))
        order = np.argsort(np.concatenate([rows for rows, _ in of_mentions]))
        return PairScores(torch.cat(logits), torch.cat([scores for _, scores in of_mentions])[torch.from_numpy(order)])


def of_two_entities(instances: Instances, pair: Pairs) -> tuple[Instances, Pairs]:
    """A single candidate pair and the mentions of its two entities alone."""
    both = np.concatenate([pair.entity_1, pair.entity_2])
    kept = np.flatnonzero(np.isin(instances.entity, both))
    place = np.zeros(len(instances.entity), np.int64)
    place[kept] = np.arange(len(kept))
    two = Instances(
        document=instances.document[kept],
        first=instances.first[kept],
        stop=instances.stop[kept],
        entity=(instances.entity[kept] == both[1]).astype(np.int64),
        entity_type=instances.entity_type[both],
        entity_document=instances.entity_document[both],
    )
    own = {"left": place[pair.left], "right": place[pair.right]}
    return two, replace(pair, **own, entity_1=np.asarray([0]), entity_2=np.asarray([1]))


@dataclass(frozen=True, slots=True)
class Bench:
    """Where every measurement starts: the same untrained model, recipe and seed."""

    apprentice: Apprentice
    recipe: Recipe
    bf16: bool
    seed: int

    def measure(self, name: str, examples: Sequence[Example]) -> dict[str, float]:
        """Seconds of one epoch over ``examples``, by the clock and of processor time, and the mean loss that it leaves."""
        apprentice = replace(self.apprentice, model=copy.deepcopy(self.apprentice.model))
        optimizer = make_optimizer(apprentice.model, self.recipe.lr, self.recipe.backbone_lr, self.recipe.weight_decay)
        torch.manual_seed(self.seed)
        wait(apprentice.device)
        started, busy = time.perf_counter(), time.process_time()
        LOOPS[name](self, apprentice, optimizer, examples)
        wait(apprentice.device)
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        return {"sec": seconds, "cpu_sec": busy, "loss_after": self.mean_loss(apprentice.model, examples)}

    def train_ours(self, apprentice: Apprentice, optimizer: torch.optim.Optimizer, examples: Sequence[Example]) -> None:
        # An epoch from the middle of a run, so that its rates are neither those of the warm-up nor of the end.
        moment = (self.recipe.epochs // 4, np.random.default_rng(self.seed), self.bf16)
        average = RunningAverage(apprentice.model, self.recipe.average)
        train_epoch(apprentice, examples, (optimizer, average), self.recipe, moment)

    def train_by_document(
        self, apprentice: Apprentice, optimizer: torch.optim.Optimizer, examples: Sequence[Example]
    ) -> None:
        model = apprentice.model.train()
        for example in examples:
            loss, _ = joint_loss(model, batch_of(apprentice, example), self.weights)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), self.recipe.clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def train_by_pair(
        self, apprentice: Apprentice, optimizer: torch.optim.Optimizer, examples: Sequence[Example]
    ) -> None:
        self.train_by_document(replace(apprentice, model=PairByPair(apprentice.model)), optimizer, examples)

    @property
    def weights(self) -> LossWeights:
        return LossWeights(
            self.recipe.tag_weight, self.recipe.pair_weight, self.recipe.novel_weight, self.recipe.smoothing
        )

    @torch.no_grad()
    def mean_loss(self, model: JointModel, examples: Sequence[Example]) -> float:
        """Over documents, without dropout: what all loops lower."""
        model.eval()
        return statistics.fmean(
            joint_loss(model, batch_of(self.apprentice, e), self.weights)[0].item() for e in examples
        )


LOOPS: dict[str, Callable[[Bench, Apprentice, torch.optim.Optimizer, Sequence[Example]], None]] = {
    BY_PAIR: Bench.train_by_pair,
    BY_DOCUMENT: Bench.train_by_document,
    OURS: Bench.train_ours,
}


def batch_of(apprentice: Apprentice, example: Example) -> Batch:
    return stack(
        [example],
        apprentice.config.pad_id,
        allowed_type_pairs(apprentice.config.type_pairs),
        apprentice.config.heads.nearest,
    ).to(apprentice.device)


def count_pairs(apprentice: Apprentice, examples: Sequence[Example]) -> int:
    pairs = [batch_of(apprentice, example).pairs for example in examples]
    n = sum(p.n_pairs for p in pairs if p is not None)
    if not n:
        raise ConfigError(f"--documents: the {len(examples)} documents have no candidate pair; take more")
    return n


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def summary(turns: list[dict], n_documents: int, n_pairs: int) -> dict:
    """Rates of every turn; by what the straightforward loop of a turn takes longer than the loop of train.py."""
    rated = [t | {"documents_per_sec": n_documents / t["sec"], "pairs_per_sec": n_pairs / t["sec"]} for t in turns]
    ratios = {name: {unit: ratio(turns, name, unit) for unit in ("sec", "cpu_sec")} for name in (BY_PAIR, BY_DOCUMENT)}
    return {"turns": rated, "ratio": ratios, "deck_rows_per_sec": DECK_ROWS_PER_SEC, "deck_source": DECK_SOURCE}


def ratio(turns: list[dict], name: str, unit: str) -> dict:
    spent = {(t["turn"], t["loop"]): t[unit] for t in turns}
    each = [value / spent[turn, OURS] for (turn, loop), value in spent.items() if loop == name]
    return {"per_turn": each, "median": statistics.median(each), "min": min(each), "max": max(each)}


def environment(device: torch.device) -> dict:
    """What a figure depends on beside the loops."""
    info = Path("/proc/cpuinfo")
    cpu = re.search(r"model name\s*:\s*(.*)", info.read_text()) if info.exists() else None
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--exclude=*"]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": subprocess.run(git, capture_output=True, text=True).stdout.strip() or "unknown",
        "cpu": cpu[1] if cpu else platform.machine(),
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "n_cores": os.cpu_count(),
        "n_threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 1),
        "torch": torch.__version__,
    }


def report(result: dict) -> str:
    where = result["environment"]
    lines = [
        f"{result['encoder']}, {result['documents']} documents, {result['pairs']:,} pairs an epoch; {where['gpu'] or where['cpu']}, "
        f"{where['n_threads']} threads, load {where['load']}",
        f"mean loss before {result['loss_before']:.3f}",
        f"{'turn':>4}  {'loop':<28}{'sec':>9}{'cpu sec':>9}{'documents/s':>13}{'pairs/s':>10}{'loss after':>12}",
    ]
    lines += [
        f"{t['turn']:>4}  {t['loop']:<28}{t['sec']:>9.2f}{t['cpu_sec']:>9.2f}{t['documents_per_sec']:>13.2f}"
        f"{t['pairs_per_sec']:>10.1f}{t['loss_after']:>12.3f}"
        for t in result["turns"]
    ]
    for name, units in result["ratio"].items():
        wall, busy = (
            f"{r['median']:.1f} times ({r['min']:.1f} to {r['max']:.1f})" for r in (units["sec"], units["cpu_sec"])
        )
        lines.append(f"{name}: {wall} the seconds of train.py, {busy} its processor time")
    lines += [
        f"deck, {name}: {low:.1f} to {high:.1f} rows/s" for name, (low, high) in result["deck_rows_per_sec"].items()
    ]
    return "\n".join([*lines, f"deck: {result['deck_source']}"])


if __name__ == "__main__":
    main()
