"""What each lever is worth on the development files.

``python training/studies/ablation.py --variants conf/ablation.yaml --encoder rnn --train FILE --dev FILE --output DIR``
trains every variant with every seed, one after the other, and writes ``ablation.json`` and ``ablation.md``.
What is finished in DIR is not trained again; an unfinished run goes on.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import click
import yaml

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.command_options import backbone_option, data_options, device_option, embeddings_option, encoder_option
from training.learning.evaluation import headline
from training.learning.recipes import RECIPES, change
from training.train import run

COLUMNS = ("ner", "pair", "pair_type", "pair_type_novelty", "type_accuracy", "novelty_accuracy", "end_to_end_pair_type")


@click.command()
@click.option(
    "--variants",
    "variants_file",
    required=True,
    type=click.Path(path_type=Path, exists=True),
    help="YAML, see conf/ablation.yaml.",
)
@encoder_option
@data_options
@click.option("--output", required=True, type=click.Path(path_type=Path))
@backbone_option
@embeddings_option
@click.option(
    "--seed", "seeds", multiple=True, type=int, default=(1,), show_default=True, help="May be given several times."
)
@device_option
def main(variants_file: Path, output: Path, seeds: tuple[int, ...], **options) -> None:
    """Train every variant of a YAML file and tabulate its scores beside those of the first."""
    try:
        variants = read_variants(variants_file, options["encoder"])
        scores = [
            {"name": name, "seeds": {seed: train_variant(output, name, seed, settings, options) for seed in seeds}}
            for name, settings in variants
        ]
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    output.joinpath("ablation.json").write_text(json.dumps(scores, indent=1) + "\n")
    output.joinpath("ablation.md").write_text(table(scores))
    click.echo(table(scores))


def read_variants(path: Path, encoder: str) -> list[tuple[str, dict]]:
    """Name and settings of each variant: ``changes`` of the recipe, whether ``embeddings`` are used, more gold files to
    ``train`` on, and a ``backbone`` of its own.

    Raises ``ConfigError`` for a file of another layout, a name given twice or a setting that the recipe lacks.
    """
    content = yaml.safe_load(path.read_text())
    if not isinstance(content, dict) or set(content) != {"base", "variants"}:
        raise ConfigError(f"{path}: expected the keys base and variants")
    variants = []
    for entry in content["variants"]:
        if not isinstance(entry, dict) or not {"name"} <= set(entry) <= {
            "name",
            "set",
            "embeddings",
            "train",
            "backbone",
        }:
            raise ConfigError(
                f"{path}: variant {entry!r}: expected name and, where they differ from the base, set, embeddings, train and backbone"
            )
        changes = tuple(f"{key}={value}" for key, value in (content["base"] | entry.get("set", {})).items())
        change(RECIPES[encoder], changes)
        variants.append(
            (
                entry["name"],
                {
                    "changes": changes,
                    "embeddings": entry.get("embeddings", True),
                    "train": entry.get("train", []),
                    "backbone": entry.get("backbone"),
                },
            )
        )
    names = [name for name, _ in variants]
    if len(set(names)) < len(names):
        raise ConfigError(f"{path}: every variant needs a name of its own, found {names}")
    return variants


def train_variant(output: Path, name: str, seed: int, settings: dict, options: dict) -> dict[str, float]:
    folder = output / f"{name.replace(' ', '-')}.seed-{seed}"
    if not (folder / "metrics.json").is_file():
        click.echo(f"{name}, seed {seed}")
        own = {
            "output": folder,
            "changes": settings["changes"],
            "seed": seed,
            "bf16": None,
            "store": "float16",
            "lexicon": (),
            "backbone_name": None,
            "init": None,
            "stage": "joint",
        }
        if not settings["embeddings"]:
            own["embeddings"] = None
        if settings["backbone"]:
            own["backbone"] = settings["backbone"]
        own["train_files"] = (*options["train_files"], *map(Path, settings["train"]))
        run(options | own)
    return headline(json.loads((folder / "metrics.json").read_text()))


def table(scores: list[dict]) -> str:
    """Markdown: the first variant's figures, and what every other one adds to or takes from them (mean over seeds, in points)."""
    means = [{c: statistics.mean(s[c] for s in row["seeds"].values()) for c in COLUMNS} for row in scores]
    lines = ["| variant | " + " | ".join(COLUMNS) + " |", "|---" * (1 + len(COLUMNS)) + "|"]
    for row, mean in zip(scores, means, strict=True):
        if mean is means[0]:
            cells = [f"{100 * mean[c]:.1f}" for c in COLUMNS]
        else:
            cells = [f"{100 * (mean[c] - means[0][c]):+.1f}" for c in COLUMNS]
        lines.append(f"| {row['name']} | " + " | ".join(cells) + " |")
    n_seeds = len(scores[0]["seeds"])
    return (
        "\n".join(lines)
        + f"\n\nF1 and accuracy in percent; differences in points; {n_seeds} seed{'s' * (n_seeds > 1)}.\n"
    )


if __name__ == "__main__":
    main()
