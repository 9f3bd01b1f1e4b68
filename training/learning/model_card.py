"""The README.md of a checkpoint folder: what it is, what it learnt from, what it scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from litcoin_batch.model.checkpoint import ModelConfig
from training.learning.evaluation import headline


def write_model_card(folder: Path, config: ModelConfig, figures: dict) -> None:
    """``figures``: scores as ``evaluation.evaluate`` gives them, with ``calibration`` and, but for the development files, ``scored_on``;
    ``sources`` where known: the licence of each corpus that was learnt from. The hash is in manifest.json beside it.
    """
    stages = list(_stages(config.training))
    origins = ("", *(f"It went on from a checkpoint ({facts.get('init')}) trained so:\n\n" for facts in stages))
    recipe = "\n\n".join(origin + _table(facts) for origin, facts in zip(origins, stages, strict=False))
    backbones = {facts["backbone"] for facts in stages if facts.get("backbone")}
    scores = "\n".join(f"| {name} | {value:.4f} |" for name, value in headline(figures).items())
    errors = "\n".join(f"| {name} | {value:.4f} |" for name, value in figures["calibration"].items())
    backbone = "".join(f"What was taken from {name} stays under its own licence.\n" for name in sorted(backbones))
    sources = "".join(f"| {name} | {licence} |\n" for name, licence in figures.get("sources", {}).items())
    learnt = (
        f"\nLearnt from, over all stages; none of it is contained:\n\n| corpus | licence |\n|---|---|\n{sources}"
        if sources
        else ""
    )
    scored_on = ", ".join(figures.get("scored_on", ["the development files"]))
    folder.joinpath("README.md").write_text(
        f"""# {config.encoder["kind"]} checkpoint

Recognises genes, diseases, chemicals, variants, organisms and cell lines in an abstract, and scores the relation
type and novelty of every pair of them, encoding the document once. Read by `litcoin_batch.model.annotator.Annotator`.
`manifest.json` holds the model id and the SHA-256 of every file.

## Data and recipe

{recipe}

`train_files` are what was learnt from, `dev_files` what epoch, temperatures and the offset of "no relation" were chosen on.
{learnt}
## Scores on {scored_on}

F1 of each level (given gold entities, unless end to end is said); `metrics.json` has precision, recall, every type and the definitions.

| | |
|---|---|
{scores}

Expected calibration error, before and after the temperatures:

| | |
|---|---|
{errors}

## Licence

The weights are released under Apache-2.0. BioRED was annotated by NCBI and is in the public domain in the United States.
{backbone}"""
    )


def _stages(facts: dict) -> Iterator[dict]:
    """The last one first."""
    while facts is not None:
        yield facts
        facts = facts.get("first_stage")


def _table(facts: dict) -> str:
    return "\n".join(
        [
            "| | |",
            "|---|---|",
            *(f"| {key} | {value} |" for key, value in sorted(facts.items()) if key != "first_stage"),
        ]
    )
