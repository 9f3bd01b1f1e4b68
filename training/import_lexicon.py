"""Turn published vocabularies into a lexicon: ``python training/import_lexicon.py --format mesh --input desc2026.xml --output mesh.parquet``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click
from tqdm import tqdm

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.concepts.lexicon_files import Row, write_rows
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.data.lexicon_importers import LEVELS, VOCABULARIES


@click.command()
@click.option(
    "--format",
    "format_",
    required=True,
    type=click.Choice(sorted(VOCABULARIES)),
    help="mesh: descriptor or supplementary XML; gene_info: NCBI; taxonomy: names.dmp; cellosaurus: .txt; ctd: chemicals or diseases .tsv.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Plain or gzip; of several the earlier ones win.",
)
@click.option("--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Parquet file to write.")
@click.option(
    "--taxon", "taxa", multiple=True, help="gene_info only: NCBI taxonomy ids to keep; all without this option."
)
def main(format_: str, inputs: tuple[Path, ...], output: Path, taxa: tuple[str, ...]) -> None:
    """Write the names of a vocabulary as a lexicon (surface, type, concept_id)."""
    partial_output = output.with_name(output.name + ".partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        rows = tqdm(vocabulary_rows(format_, inputs, frozenset(taxa)), unit=" names", desc=format_)
        n_rows = write_rows(rows, partial_output)
        partial_output.replace(output)
    except (LitcoinBatchError, OSError, EOFError) as error:
        partial_output.unlink(missing_ok=True)
        raise click.ClickException(str(error)) from error
    click.echo(f"{n_rows} names written to {output}")


def vocabulary_rows(format_: str, inputs: tuple[Path, ...], taxa: frozenset[str]) -> Iterator[Row]:
    """Preferred names of all files first, then synonyms: the lexicon takes the first of equal names."""
    if taxa and format_ != "gene_info":
        raise ConfigError(f"--taxon selects genes and means nothing with --format {format_}")
    parse = partial(VOCABULARIES[format_], taxa=taxa) if taxa else VOCABULARIES[format_]
    for level in LEVELS:
        for path in inputs:
            yield from parse(path, level)


if __name__ == "__main__":
    main()
