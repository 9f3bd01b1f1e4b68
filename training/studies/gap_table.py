"""Figures of models side by side: ``python training/studies/gap_table.py "pair-marker=a.json" "heads of today=b.json"``.

Reads what training/evaluate.py and training/studies/pair_marker.py write; columns that a file has no figure for show a dash.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# Heading and where its figure stands.
COLUMNS = {
    "pair": ("gold_entities", "pair", "f1"),
    "+type": ("gold_entities", "pair_type", "f1"),
    "+novelty": ("gold_entities", "pair_type_novelty", "f1"),
    "type of gold pair": ("gold_entities", "type_accuracy"),
    "denied told": ("contrast", "overall", "denied told from affirmed", "told_apart"),
    "sign": ("contrast", "overall", "sign right", "sign"),
    "sign on both": ("contrast", "overall", "sign right", "sign_both"),
    "related chosen": ("contrast", "overall", "related one chosen", "chosen"),
    "novelty": ("contrast", "overall", "novelty right", "novelty"),
}


@click.command()
@click.argument("named", nargs=-1, required=True, metavar="NAME=FILE...")
def main(named: tuple[str, ...]) -> None:
    """Print one Markdown row for each NAME."""
    rows = [table_row(item) for item in named]
    click.echo(f"| model | {' | '.join(COLUMNS)} |\n|{'---|' * (len(COLUMNS) + 1)}")
    for row in rows:
        click.echo(f"| {' | '.join(row)} |")


def table_row(item: str) -> list[str]:
    """Raises ``UsageError`` for what is not NAME=FILE with a JSON object."""
    name, _, path = item.partition("=")
    if not path or not Path(path).is_file():
        raise click.UsageError(f"{item!r}: expected NAME=FILE with a file that is there")
    try:
        figures = json.loads(Path(path).read_text())
    except ValueError as error:
        raise click.UsageError(f"{path}: not JSON ({error})") from error
    return [name, *(_figure(figures, keys) for keys in COLUMNS.values())]


def _figure(figures: object, keys: tuple[str, ...]) -> str:
    for key in keys:
        figures = figures.get(key) if isinstance(figures, dict) else None
    return f"{figures:.3f}" if isinstance(figures, int | float) else "-"


if __name__ == "__main__":
    main()
