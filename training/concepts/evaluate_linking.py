"""How often mentions get the right concepts: ``python training/concepts/evaluate_linking.py --gold FILE --json OUT``.

Without --checkpoint the gold spans are linked; with it the spans are the model's own, and a gold mention that it
does not find counts as not resolved.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import Document, LitcoinBatchError, Mention
from training.command_options import format_option, lexicon_option, vocabulary_option
from training.learning.linking_figures import Outcome, figures_of, table

Linked = Sequence[Sequence[Mention]]


@click.command()
@click.option(
    "--gold", required=True, multiple=True, type=click.Path(path_type=Path), help="Annotated file; may be repeated."
)
@format_option
@vocabulary_option
@lexicon_option
@click.option("--checkpoint", help="From text: folder or name of the checkpoint that finds the mentions.")
@click.option("--json", "output", type=click.Path(path_type=Path), help="Where the figures go.")
@click.option("--errors", type=click.Path(path_type=Path), help="TSV of the mentions that are not right.")
def main(
    gold: tuple[Path, ...],
    format_: str,
    vocabulary: Path | None,
    lexicon: tuple[Path, ...],
    checkpoint: str | None,
    output: Path | None,
    errors: Path | None,
) -> None:
    """Share of gold mentions with exactly the right ids, per type; precision of the resolved ones; calibration of id_score."""
    try:
        documents = read_gold(gold, format_)
        linked, identity = _link(documents, checkpoint, vocabulary, lexicon)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    rows = [(d, m, other) for d, found in zip(documents, linked, strict=True) for m, other in _matched(d, found)]
    figures = figures_of([_outcome(mention, other) for _, mention, other in rows])
    figures |= {"vocabulary_id": identity, "checkpoint": checkpoint, "gold": [path.name for path in gold]}
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if errors is not None:
        _write_errors(errors, rows)
    click.echo(f"{identity} on {len(documents)} documents\n{table(figures)}")


def _link(
    documents: Sequence[Document], checkpoint: str | None, vocabulary: Path | None, lexicon: tuple[Path, ...]
) -> tuple[Linked, str]:
    if checkpoint is not None:
        annotator = Annotator.load(checkpoint, vocabulary=vocabulary, lexicon=lexicon)
        return [annotation.mentions for annotation in annotator.annotate(documents)], annotator.vocabulary_id
    linker = open_linker(vocabulary, lexicon)
    bare = [[replace(m, entity_ids=()) for m in document.gold.mentions] for document in documents]
    return [linker.link(d, mentions) for d, mentions in zip(documents, bare, strict=True)], linker.vocabulary_id


def _matched(document: Document, linked: Sequence[Mention]) -> list[tuple[Mention, Mention | None]]:
    """Each gold mention that has ids, and the linked one of the same span and type."""
    found = {(m.start, m.end, m.type): m for m in linked}
    return [(m, found.get((m.start, m.end, m.type))) for m in document.gold.mentions if m.entity_ids]


def _outcome(gold: Mention, other: Mention | None) -> Outcome:
    if other is None or not other.resolved:
        return Outcome(gold.type, False, False, 0.0)
    return Outcome(gold.type, True, set(other.entity_ids) == set(gold.entity_ids), other.id_score)


def _write_errors(path: Path, rows: Sequence[tuple[Document, Mention, Mention | None]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(("pmid", "start", "end", "type", "text", "gold", "found", "id_score"))
        for document, gold, other in rows:
            if not _outcome(gold, other).right:
                found = (",".join(other.entity_ids), other.id_score) if other else ("", "")
                ids = ",".join(gold.entity_ids)
                writer.writerow((document.pmid, gold.start, gold.end, gold.type, gold.text, ids, *found))


if __name__ == "__main__":
    main()
