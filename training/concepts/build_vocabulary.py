"""Build a vocabulary from the files that vocabularies are published in: ``python training/concepts/build_vocabulary.py --recipe conf/vocabulary.yaml --root FOLDER --output FOLDER``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
from tqdm import tqdm

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.concepts.names.folding import fold
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary
from litcoin_batch.concepts.vocabularies.vocabulary_files import Contents, write_vocabulary
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError, ContractError, Document, LitcoinBatchError
from training.data.corpora import read_corpora
from training.data.vocabularies.annotated_names import (
    annotated_rows,
    count_names,
    evaluation_pmids,
    gene_taxa,
    refuse_evaluation,
)
from training.data.vocabularies.derived_layouts import read_orthologues
from training.data.vocabularies.vocabulary_compiler import VocabularyCompiler, missing_types
from training.data.vocabularies.vocabulary_recipe import ORTHOLOGUES, Recipe, Source, read_recipe

_FILES = click.Path(path_type=Path)
ANNOTATED = "annotated"


@click.command()
@click.option("--recipe", "recipe_file", required=True, type=_FILES, help="YAML of sources; see conf/vocabulary.yaml.")
@click.option(
    "--root", type=_FILES, help="Folder that the recipe's files are relative to; its own without this option."
)
@click.option("--output", required=True, type=_FILES, help="Folder to write.")
@click.option("--gold", multiple=True, type=_FILES, help="Annotated documents whose names are counted and added.")
@click.option(
    "--auxiliary", type=_FILES, help="YAML of further corpora with concept ids; see conf/annotated_names.yaml."
)
@click.option("--auxiliary-root", type=_FILES, help="Folder that the files in --auxiliary are relative to.")
@click.option(
    "--exclude-gold",
    multiple=True,
    type=_FILES,
    help="Evaluation documents: refused in --gold, left out of --auxiliary.",
)
@click.option(
    "--exclude-pmids",
    multiple=True,
    type=_FILES,
    help="PMIDs of evaluation documents, white space between them: as --exclude-gold.",
)
def main(recipe_file: Path, root: Path | None, output: Path, **annotated) -> None:
    """Compile the sources of a recipe, and names of annotated texts, into a folder that --vocabulary takes."""
    started = time.perf_counter()
    try:
        recipe = read_recipe(recipe_file, root or recipe_file.parent)
        documents = _documents(**annotated)
        compiler = VocabularyCompiler(recipe.longest_name)
        facts = compile_sources(compiler, recipe)
        if documents:
            compiler.annotate(ANNOTATED, count_names(annotated_rows(documents)), gene_taxa(documents))
            files = [path.name for path in (*annotated["gold"], *filter(None, [annotated["auxiliary"]]))]
            facts[ANNOTATED] = {"files": files, "n_documents": len(documents)}
        vocabulary_id = write_contents(output, compiler, recipe, facts)
        opened = Vocabulary.open(output)
    except (LitcoinBatchError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(_summary(opened, facts))
    click.echo(f"{vocabulary_id} written to {output} in {time.perf_counter() - started:.0f} s")


def _documents(
    gold: Sequence[Path],
    auxiliary: Path | None,
    auxiliary_root: Path | None,
    exclude_gold: Sequence[Path],
    exclude_pmids: Sequence[Path],
) -> list[Document]:
    if not gold and not auxiliary:
        return []
    evaluation = evaluation_pmids(exclude_gold, exclude_pmids)
    documents = read_gold(gold) if gold else []
    refuse_evaluation(documents, evaluation)
    corpora = read_corpora(auxiliary, auxiliary_root or auxiliary.parent, evaluation) if auxiliary else []
    return documents + [document for corpus in corpora for document in corpus.documents]


def compile_sources(compiler: VocabularyCompiler, recipe: Recipe) -> dict[str, dict]:
    """Adds all sources in order; gives what the manifest says of each."""
    facts: dict[str, dict] = {}
    with tqdm(recipe.sources, unit=" sources", desc="sources", file=sys.stderr) as progress:
        for source in progress:
            progress.set_postfix_str(source.name)
            files = [path.name for path in source.files]
            facts[source.name] = {"layout": source.layout, "files": files, **source.facts, **_add(compiler, source)}
    return facts


def _add(compiler: VocabularyCompiler, source: Source) -> dict:
    if source.layout == ORTHOLOGUES:
        human_of = read_orthologues(source.files, source.options)
        return {"n_records": len(human_of), "n_names": compiler.lend(source.name, human_of, source.lend_to)}
    tally = compiler.add(source.name, source.records(), source.choice)
    if not tally.n_names and not tally.n_records:
        raise ContractError(f"source {source.name!r}: {', '.join(map(str, source.files))}: no record; expected some")
    left_out = {reason: {"n": n, "first": place} for reason, (n, place) in sorted(tally.left_out.items())}
    return {"n_records": tally.n_records, "n_names": tally.n_names, "left_out": left_out}


def write_contents(output: Path, compiler: VocabularyCompiler, recipe: Recipe, facts: dict[str, dict]) -> str:
    names = compiler.names()
    if missing := missing_types(names, recipe.without):
        raise ConfigError(
            f"no source has names of type {', '.join(missing)}; expected all six types, or the missing ones under 'without' in the recipe"
        )
    everyday = sorted({fold(word, "OrganismTaxon") for word in recipe.everyday})
    without = [type_ for type_ in recipe.without if not names.get(type_)]
    about = {"sources": facts, "longest_name": recipe.longest_name}
    return write_vocabulary(output, Contents(names, dict(compiler.concepts()), everyday, without, about))


def _summary(vocabulary: Vocabulary, facts: dict[str, dict]) -> str:
    lines = []
    for name, about in facts.items():
        left_out = "; ".join(
            f"{v['n']:,} {reason}, first at {v['first']}" for reason, v in about.get("left_out", {}).items()
        )
        counted = f"{about['n_names']:>10,} names" if "n_names" in about else f"{about['n_documents']:>10,} texts"
        lines.append(f"{name:<16} {counted}" + (f"; left out: {left_out}" if left_out else ""))
    counts = vocabulary.manifest["counts"]
    n_bytes = sum(file["bytes"] for file in vocabulary.manifest["files"].values())
    of_type = ", ".join(f"{n:,} {type_}" for type_, n in counts["names_of_type"].items())
    lines.append(
        f"{counts['names']:,} names ({of_type}), {counts['entries']:,} entries, {counts['concepts']:,} concepts, {n_bytes / 1e6:.1f} MB"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
