"""Look at a corpus before training on it: ``python training/explore.py --litcoin DIR --output DIR`` writes one HTML page."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from tokenizers import Tokenizer

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.checkpoint import resolve_checkpoint
from litcoin_batch.readers import read_path
from litcoin_batch.readers.litcoin import label_paths
from litcoin_batch.reports.page import Page
from litcoin_batch.schema import ConfigError, ContractError, Document, LitcoinBatchError, Reject
from training.command_options import format_option
from training.pages import corpus_sections as sections
from training.pages.corpus_facts import Agreement, CorpusFacts, collect, litcoin_agreement
from training.pages.table_summary import summarise_litcoin

DEFAULT_TOKENIZER = "lstm"
PAGE_NAME = "explore.html"


@click.command()
@click.option(
    "--litcoin",
    type=click.Path(path_type=Path),
    help="Folder with LitCoin's abstracts_*.csv and, beside them, entities_*.csv and relations_*.csv.",
)
@click.option(
    "--corpus",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File or folder in any format that can be read; may be given several times.",
)
@format_option
@click.option(
    "--tokenizer",
    default=DEFAULT_TOKENIZER,
    show_default=True,
    help="tokenizer.json, a folder with one, or the name of a shipped checkpoint.",
)
@click.option("--output", required=True, type=click.Path(path_type=Path), help=f"Folder for {PAGE_NAME}.")
def main(litcoin: Path | None, corpus: tuple[Path, ...], format_: str, tokenizer: str, output: Path) -> None:
    """Write a page of tables and charts on what a corpus holds and what that means for the model."""
    if (litcoin is None) == (not corpus):
        raise click.UsageError("give either --litcoin DIR or --corpus FILE")
    try:
        reader = read_tokenizer(tokenizer)
        page = (
            explore_litcoin(litcoin, reader, tokenizer)
            if litcoin
            else explore_corpus(corpus, format_, reader, tokenizer)
        )
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    output.mkdir(parents=True, exist_ok=True)
    (output / PAGE_NAME).write_text(page.render(), encoding="utf-8")
    click.echo(f"wrote {output / PAGE_NAME}")


def read_tokenizer(name: str) -> Tokenizer:
    """Raises ``ContractError`` where there is none."""
    path = Path(name) if Path(name).is_file() else resolve_checkpoint(name) / "tokenizer.json"
    if not path.is_file():
        raise ContractError(
            f"tokenizer {name!r}: {path} does not exist; expected a tokenizer.json or a folder with one"
        )
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more special
        raise ContractError(f"tokenizer {path}: not a tokenizer of the tokenizers library ({error})") from error


def explore_litcoin(folder: Path, tokenizer: Tokenizer, tokenizer_name: str) -> Page:
    """All sets of abstracts in one page; tables and agreement are those of the files as they stand."""
    abstracts = sorted(folder.glob("abstracts_*.csv"))
    if not abstracts:
        raise ConfigError(f"{folder}: no abstracts_*.csv there; expected the folder of the LitCoin NLP Challenge")
    facts = _collect((item for path in abstracts for item in read_path(path, "litcoin")), tokenizer, folder)
    labels = [path for file in abstracts for path in label_paths(file) if path.exists()]
    summaries = summarise_litcoin([*abstracts, *labels])
    slices = Agreement()
    for file in abstracts:
        if (entities := label_paths(file)[0]).exists():
            slices.update(litcoin_agreement(file, entities))
    scope = "Every row of the entity tables is compared with its abstract; whole words are those of documents that could be read."
    return _page(facts, summaries, (slices, scope), ([path.name for path in abstracts], tokenizer_name))


def explore_corpus(paths: Iterable[Path], format_: str, tokenizer: Tokenizer, tokenizer_name: str) -> Page:
    paths = list(paths)
    facts = _collect((item for path in paths for item in read_path(path, format_, foreign_ids=True)), tokenizer, *paths)
    scope = "A document with a mention that disagrees with its text is rejected as a whole and listed among the rejected records."
    return _page(facts, facts.tables, (facts.slices, scope), ([path.name for path in paths], Path(tokenizer_name).name))


def _collect(items: Iterable[Document | Reject], tokenizer: Tokenizer, *places: Path) -> CorpusFacts:
    facts = collect(items, tokenizer)
    if not facts.n_documents:
        first = f"; the first reason: {facts.rejects[0].reason}" if facts.rejects else ""
        raise ContractError(
            f"{', '.join(map(str, places))}: no document to show, {facts.n_rejects} records cannot be used{first}"
        )
    return facts


def _page(facts: CorpusFacts, summaries: list, agreeing: tuple[Agreement, str], named: tuple[list[str], str]) -> Page:
    names, tokenizer_name = named
    lead = f"{', '.join(names)}: {facts.n_documents:,} documents, {sum(facts.n_mentions):,} mentions, {sum(facts.relation_types().values()):,} relations."
    page = Page("What the corpus holds", lead)
    page.add("Tables", sections.tables(summaries))
    page.add("Rejected records", sections.rejects(facts))
    page.add("Lengths of titles and abstracts", sections.lengths(facts))
    page.add("Pieces per document", sections.pieces(facts, tokenizer_name))
    if facts.has_mentions:
        page.add("Mentions and entities", sections.mentions(facts))
        page.add("Offsets of mentions", sections.offsets(facts))
        page.add("Agreement of mentions with text", sections.agreement(agreeing[0], facts, agreeing[1]))
    if facts.has_relations:
        page.add("Relation types", sections.relation_types(facts))
        page.add("Novelty", sections.novelty(facts))
        page.add("Entity types by relation type", sections.type_pairs(facts))
        page.add("Pairs per abstract", sections.pairs(facts))
    return page


if __name__ == "__main__":
    main()
