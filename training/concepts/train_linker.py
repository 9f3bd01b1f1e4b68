"""Learn the linker's ranker from annotated corpora: ``python training/concepts/train_linker.py --corpora conf/linking.yaml --root FOLDER --vocabulary FOLDER --output FOLDER``.

Each document is read with a vocabulary whose annotated names come from the other folds only: a name that is known
because this very document was annotated would look surer than any name of a new document is.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.options import LETTERS
from litcoin_batch.concepts.ranker import Ranker
from litcoin_batch.concepts.variant_numbers import VariantNumbers
from litcoin_batch.concepts.vocabularies.vocabulary import Vocabulary
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError, LitcoinBatchError
from training.data.linking import (
    CELL_LINE,
    ORGANISM,
    LinkingDocument,
    annotated_rows,
    fold_of,
    read_linking_corpora,
    variant_numbers,
)
from training.data.unannotated import UnannotatedVocabulary
from training.learning.linking_figures import Outcome, figures_of, table
from training.learning.ranking import Example, collect, first_choice, learn, least_sureness


@click.command()
@click.option("--corpora", type=click.Path(path_type=Path, exists=True), default="conf/linking.yaml", show_default=True)
@click.option(
    "--root", type=click.Path(path_type=Path, exists=True), required=True, help="What its files are relative to."
)
@click.option(
    "--vocabulary",
    type=click.Path(path_type=Path),
    help="Compiled vocabulary, of which annotated names are left out; default: the shipped one.",
)
@click.option(
    "--numbers",
    type=click.Path(path_type=Path, exists=True),
    help="Table of dbSNP numbers that are known without the corpora: gene, change, rs.",
)
@click.option("--exclude-gold", multiple=True, type=click.Path(path_type=Path), help="Evaluation documents, left out.")
@click.option(
    "--exclude-pmids", multiple=True, type=click.Path(path_type=Path), help="PMIDs left out, white space between them."
)
@click.option(
    "--apart",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="Gold file among the corpora whose documents are counted once more, apart from the others.",
)
@click.option("--folds", "n_folds", default=5, show_default=True, type=click.IntRange(2))
@click.option(
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for ranker.json, variant_numbers.tsv and figures.json.",
)
def main(
    corpora: Path,
    root: Path,
    vocabulary: Path | None,
    numbers: Path | None,
    exclude_gold: tuple[Path, ...],
    exclude_pmids: tuple[Path, ...],
    apart: tuple[Path, ...],
    n_folds: int,
    output: Path,
) -> None:
    """Write the ranker and the table of variants, and what cross-validation by document says of them."""
    try:
        documents = read_linking_corpora(corpora, root, _excluded(exclude_gold, exclude_pmids))
        own_pmids = frozenset(document.pmid for document in read_gold(apart))
        known = VariantNumbers.read(numbers) if numbers else VariantNumbers()
        unannotated = UnannotatedVocabulary(Vocabulary.open(vocabulary))
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{len(documents)} documents, {n_folds} folds, {unannotated.vocabulary_id}")
    folds = [[d for d in documents if fold_of(d.pmid, n_folds) == k] for k in range(n_folds)]
    examples = collect_folds(folds, unannotated, known)
    judged = _cross_validated(examples)
    least = least_sureness([o for _, o in judged])
    ranker = replace(learn([e for some in examples for e in some]), least=least)
    bounded = [(pmid, _bounded(o, least[o.type])) for pmid, o in judged]
    figures = figures_of([o for _, o in bounded])
    output.mkdir(parents=True, exist_ok=True)
    ranker.write(output / "ranker.json")
    known.over(variant_numbers(documents)).write(output / "variant_numbers.tsv")
    about: dict = {
        "vocabulary_id": unannotated.vocabulary_id,
        "n_documents": len(documents),
        "n_folds": n_folds,
        "least": least,
    }
    if apart:
        about["apart"] = figures_of([o for pmid, o in bounded if pmid in own_pmids])
    (output / "figures.json").write_text(json.dumps(about | figures, indent=1) + "\n", encoding="utf-8")
    click.echo(table(figures))
    if apart:
        click.echo(f"\nof them those of {', '.join(path.name for path in apart)}\n{table(about['apart'])}")


def _excluded(gold: tuple[Path, ...], pmid_files: tuple[Path, ...]) -> frozenset[int]:
    pmids = {document.pmid for document in read_gold(gold)}
    for path in pmid_files:
        words = path.read_text().split()
        strangers = [word for word in words if not word.isdigit()]
        if strangers:
            raise ConfigError(
                f"--exclude-pmids {path}: expected PMIDs with white space between them, found {strangers[0]!r}"
            )
        pmids.update(map(int, words))
    if not pmids:
        raise ConfigError(
            "expected --exclude-gold or --exclude-pmids: a ranker trained on evaluation documents would leak their answers"
        )
    return frozenset(pmids)


def collect_folds(
    folds: list[list[LinkingDocument]], unannotated: UnannotatedVocabulary, known: VariantNumbers
) -> list[list[Example]]:
    """The examples of each fold, read with what the others know; organisms and cell lines first, by which genes are ranked."""
    linkers = []
    for k in range(len(folds)):
        others = [d for j, fold in enumerate(folds) if j != k for d in fold]
        layered = unannotated.layered(annotated_rows(others), f"fold-{k}", replace=False)
        linkers.append(Linker(layered, Ranker(), known.over(variant_numbers(others))))
    weighty = [[d for d in fold if d.weight] for fold in folds]
    pairs = list(zip(weighty, linkers, strict=True))
    hosts = [e for fold, linker in pairs for e in collect([d.of_types(ORGANISM, CELL_LINE) for d in fold], linker)]
    click.echo(f"organisms and cell lines: {len(hosts)} mentions")
    ranker = learn(hosts)
    examples = [collect(fold, linker.with_ranker(ranker)) for fold, linker in pairs]
    click.echo(f"all: {sum(map(len, examples))} mentions")
    return examples


def _cross_validated(examples: list[list[Example]]) -> list[tuple[int, Outcome]]:
    """The first corpus's mentions with their PMIDs, each ranked by a ranker that has not seen its fold; without bounds of sureness."""
    outcomes = []
    for k, fold in enumerate(examples):
        ranker = learn([e for j, some in enumerate(examples) if j != k for e in some])
        outcomes += [(e.pmid, outcome(e, ranker)) for e in fold if e.is_ours]
    return outcomes


def _bounded(outcome: Outcome, least: float) -> Outcome:
    resolved = outcome.resolved and outcome.score >= least
    return outcome._replace(resolved=resolved, right=resolved and outcome.right)


def outcome(example: Example, ranker: Ranker) -> Outcome:
    if not example.ids:
        return Outcome(example.type, False, False, 0.0, example.right is not None)
    top, margin = first_choice(example, ranker)
    sure = ranker.sure((LETTERS[example.type], *example.features[top]), margin)
    resolved = sure >= ranker.least.get(example.type, 0.0)
    return Outcome(
        example.type, resolved, resolved and example.ids[top] == example.gold, sure, example.right is not None
    )


if __name__ == "__main__":
    main()
