"""Build a lexicon from gold annotations: ``python training/build_lexicon.py --gold FILE --output FILE``."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.concepts.lexicon import normalise
from litcoin_batch.concepts.lexicon_files import Row, write_rows
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, ConfigError, Document, LitcoinBatchError
from training.data.auxiliary_names import named_documents
from training.data.corpora import read_corpora

GENE = "GeneOrGeneProduct"

# A variant's name means the same elsewhere only if it gives a position: "C to T" does not.
_POSITION = re.compile(r"\d\d")


@click.command()
@click.option(
    "--gold",
    "gold_files",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="Annotated documents with concept ids.",
)
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Parquet file to write.")
@click.option(
    "--auxiliary",
    type=click.Path(path_type=Path, exists=True),
    help="YAML of corpora (see training/corpora.py) whose names follow after those of --gold.",
)
@click.option(
    "--auxiliary-root", type=click.Path(path_type=Path), help="Folder that the files in --auxiliary are relative to."
)
@click.option(
    "--exclude-gold",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Annotated evaluation documents: refused in --gold, left out of --auxiliary.",
)
@click.option(
    "--exclude-pmids",
    multiple=True,
    type=click.Path(path_type=Path),
    help="PMIDs of evaluation documents, white space between them: as --exclude-gold.",
)
def main(
    gold_files: tuple[Path, ...],
    output: Path,
    auxiliary: Path | None,
    auxiliary_root: Path | None,
    exclude_gold: tuple[Path, ...],
    exclude_pmids: tuple[Path, ...],
) -> None:
    """Write every name in --gold with the concept id it most often has."""
    try:
        evaluation = evaluation_pmids(exclude_gold, exclude_pmids)
        documents = read_gold(gold_files)
        refuse_evaluation(documents, evaluation)
        corpora = read_corpora(auxiliary, auxiliary_root or auxiliary.parent, evaluation) if auxiliary else []
        others = named_documents(corpora, lexicon_rows(documents, {}))
        taxa = gene_taxa([*documents, *others])
        output.parent.mkdir(parents=True, exist_ok=True)
        n_rows = write_rows([*lexicon_rows(documents, taxa), *lexicon_rows(others, taxa)], output)
    except (LitcoinBatchError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{n_rows} names from {len(documents)} + {len(others)} documents written to {output}")


def evaluation_pmids(gold_files: Iterable[Path], pmid_files: Iterable[Path]) -> frozenset[int]:
    """The PMIDs that no lexicon may be built from; ``ConfigError`` where none are given."""
    pmids = {document.pmid for document in read_gold(gold_files)}
    for path in pmid_files:
        for word in path.read_text().split():
            if not word.isdigit():
                raise ConfigError(
                    f"--exclude-pmids {path}: expected PMIDs with white space between them, found {word!r}"
                )
            pmids.add(int(word))
    if not pmids:
        raise ConfigError(
            "expected --exclude-gold or --exclude-pmids: a lexicon built from evaluation documents would leak their answers"
        )
    return frozenset(pmids)


def refuse_evaluation(documents: Iterable[Document], evaluation: frozenset[int]) -> None:
    leaked = sorted(evaluation & {document.pmid for document in documents})
    if leaked:
        raise ConfigError(
            f"--gold: {len(leaked)} documents are evaluation documents, e.g. PMID {leaked[0]}; "
            "a lexicon built from them would leak their answers"
        )


def lexicon_rows(documents: Sequence[Document], taxa: Mapping[str, str]) -> list[Row]:
    """One row per spelling, type and, for genes, organism, with its most frequent concept (of equals, the first by name).

    Sorted by type and normalised name, so that equal gold gives equal files. Among rows that
    normalise alike, those with the most frequent concept of all come first: ``Lexicon`` takes the
    first for spellings it has not seen. ``taxa``: gene id -> organism.
    """
    spelt: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    normalised: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for document in documents:
        for mention in document.gold.mentions:
            concept_id = ",".join(mention.entity_ids)
            if _keeps(mention.type, mention.text, concept_id):
                taxon = taxa.get(mention.entity_ids[0], "") if mention.type == GENE else ""
                spelt[mention.type, mention.text, taxon][concept_id] += 1
                normalised[mention.type, normalise(mention.text, mention.type)][concept_id] += 1
    ranked = []
    for (type_, surface, taxon), counts in spelt.items():
        name, concept_id = normalise(surface, type_), _most_frequent(counts)
        unusual = concept_id != _most_frequent(normalised[type_, name])
        rank = (type_, name, unusual, -counts[concept_id], surface, taxon)
        ranked.append((rank, Row(surface, type_, concept_id, taxon or None)))
    return [row for _, row in sorted(ranked)]


def gene_taxa(documents: Iterable[Document]) -> dict[str, str]:
    """Gene id -> the organism it most probably belongs to, where any document that names it names organisms.

    Each document that names the gene casts one vote, shared among the organisms it names by how
    often it names them.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        named = Counter(i for m in document.gold.mentions if m.type == "OrganismTaxon" for i in m.entity_ids)
        genes = {i for m in document.gold.mentions if m.type == GENE for i in m.entity_ids}
        for gene in genes:
            for taxon, n in named.items():
                votes[gene][taxon] += n / named.total()
    return {gene: _most_frequent(counts) for gene, counts in votes.items()}


def _keeps(type_: str, surface: str, concept_id: str) -> bool:
    if type_ not in ENTITY_TYPES or not concept_id or not surface.strip():
        return False
    # Other ids of variants follow from their syntax, which needs no lexicon.
    return type_ != "SequenceVariant" or (concept_id.startswith("rs") and bool(_POSITION.search(surface)))


def _most_frequent(counts: Counter[str]) -> str:
    return min(counts, key=lambda concept_id: (-counts[concept_id], concept_id))


if __name__ == "__main__":
    main()
