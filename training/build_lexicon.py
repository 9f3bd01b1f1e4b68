"""Build a lexicon from gold annotations: ``python training/build_lexicon.py --gold FILE --output FILE``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import click

from litcoin_batch.model.lexicon import Row, normalise, write_rows
from litcoin_batch.readers import FORMATS, read_gold
from litcoin_batch.schema import ENTITY_TYPES, ConfigError, Document, LitcoinBatchError

# A variant's name means the same elsewhere only if it gives a position: "C to T" does not.
_POSITION = re.compile(r"\d\d")


@click.command()
@click.option("--gold", "gold_files", multiple=True, required=True, type=click.Path(path_type=Path), help="Annotated documents with concept ids.")
@click.option("--format", "format_", type=click.Choice(("auto", *FORMATS)), default="auto", show_default=True)
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Parquet file to write.")
@click.option("--exclude-gold", multiple=True, type=click.Path(path_type=Path), help="Annotated evaluation documents: refused in --gold.")
@click.option("--exclude-pmids", multiple=True, type=click.Path(path_type=Path), help="PMIDs of evaluation documents, white space between them: refused in --gold.")
def main(gold_files: tuple[Path, ...], format_: str, output: Path, exclude_gold: tuple[Path, ...], exclude_pmids: tuple[Path, ...]) -> None:
    """Write every name in --gold with the concept id it most often has."""
    try:
        documents = read_gold(gold_files, format_)
        refuse_evaluation(documents, evaluation_pmids(exclude_gold, exclude_pmids, format_))
        output.parent.mkdir(parents=True, exist_ok=True)
        n_rows = write_rows(lexicon_rows(documents), output)
    except (LitcoinBatchError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{n_rows} names from {len(documents)} documents written to {output}")


def evaluation_pmids(gold_files: Iterable[Path], pmid_files: Iterable[Path], format_: str) -> frozenset[int]:
    """The PMIDs that no lexicon may be built from; ``ConfigError`` where none are given."""
    pmids = {document.pmid for document in read_gold(gold_files, format_)}
    for path in pmid_files:
        for word in path.read_text().split():
            if not word.isdigit():
                raise ConfigError(f"--exclude-pmids {path}: expected PMIDs with white space between them, found {word!r}")
            pmids.add(int(word))
    if not pmids:
        raise ConfigError("expected --exclude-gold or --exclude-pmids: a lexicon built from evaluation documents would leak their answers")
    return frozenset(pmids)


def refuse_evaluation(documents: Iterable[Document], evaluation: frozenset[int]) -> None:
    leaked = sorted(evaluation & {document.pmid for document in documents})
    if leaked:
        raise ConfigError(
            f"--gold: {len(leaked)} documents are evaluation documents, e.g. PMID {leaked[0]}; "
            "a lexicon built from them would leak their answers"
        )


def lexicon_rows(documents: Iterable[Document]) -> list[Row]:
    """One row per spelling and type, with its most frequent concept (of equals, the first by name).

    Sorted by type and normalised name, so that equal gold gives equal files. Among spellings that
    normalise alike, those with the most frequent concept of all come first: ``Lexicon`` takes the
    first for spellings it has not seen.
    """
    spelt: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    normalised: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for document in documents:
        for mention in document.gold.mentions:
            concept_id = ",".join(mention.entity_ids)
            if _keeps(mention.type, mention.text, concept_id):
                spelt[mention.type, mention.text][concept_id] += 1
                normalised[mention.type, normalise(mention.text, mention.type)][concept_id] += 1
    ranked = []
    for (type_, surface), counts in spelt.items():
        name = normalise(surface, type_)
        concept_id = _most_frequent(counts)
        unusual = concept_id != _most_frequent(normalised[type_, name])
        ranked.append(((type_, name, unusual, -counts.total(), surface), Row(surface, type_, concept_id)))
    return [row for _, row in sorted(ranked)]


def _keeps(type_: str, surface: str, concept_id: str) -> bool:
    if type_ not in ENTITY_TYPES or not concept_id or not surface.strip():
        return False
    # Other ids of variants follow from their syntax, which needs no lexicon.
    return type_ != "SequenceVariant" or (concept_id.startswith("rs") and bool(_POSITION.search(surface)))


def _most_frequent(counts: Counter[str]) -> str:
    return min(counts, key=lambda concept_id: (-counts[concept_id], concept_id))


if __name__ == "__main__":
    main()
