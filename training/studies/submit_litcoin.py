"""Write both files of a LitCoin NLP Challenge submission (https://bitgrit.net/competition/13).

    python training/studies/submit_litcoin.py --abstracts abstracts_test.csv --checkpoint lstm --output DIR

Part 1 holds the entities found in the abstracts, in the layout of submission_example.csv: ids start from 0
in each abstract, offsets are half-open, into title, space, abstract. Part 2 holds relations and their
novelty, in the layout of relations_train.csv: ids run through the file; a relation has no direction, its
entities stand in the order of their ids. Part 2 of the challenge hands the entities out: --entities takes
them in the layout of entities_train.csv. Without it, relations are those of the entities found, which are
then written beside it in that layout, since part 1 has no room for the concept ids that relations name.

BioRED and LitCoin share abstracts: 69 of the challenge's 100 test abstracts are in BioRED Train. For
scores that mean something, train with --exclude-pmids on a list of the abstracts to be submitted.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.config import DEFAULT_CHECKPOINT
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers.litcoin import ENTITY_COLUMNS, Labels, read_litcoin
from litcoin_batch.readers.parts.rows import split_ids, to_pmid
from litcoin_batch.readers.parts.streams import ByteSource
from litcoin_batch.readers.tables.csvrows import CsvRow, csv_rows
from litcoin_batch.schema import (
    ENTITY_TYPES,
    Annotation,
    ContractError,
    Document,
    LitcoinBatchError,
    RecordError,
    Reject,
)
from training.command_options import device_option, lexicon_option

PART_1, PART_2, FOUND = "part_1_entities.csv", "part_2_relations.csv", "entities_found.csv"
PART_1_HEADER = ("id", "abstract_id", "offset_start", "offset_finish", "type")
PART_2_HEADER = ("id", "abstract_id", "type", "entity_1_id", "entity_2_id", "novel")
FOUND_HEADER = ("id", "abstract_id", "offset_start", "offset_finish", "type", "mention", "entity_ids")

Table = tuple[tuple[str, ...], list[tuple]]

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "))
@click.option("--abstracts", required=True, type=_FILE, help="abstracts_test.csv of the challenge.")
@click.option("--entities", type=_FILE, help="Entities that part 2 relates  [default: those found].")
@click.option(
    "--checkpoint",
    default=DEFAULT_CHECKPOINT,
    show_default=True,
    help="Checkpoint folder, or the name of a shipped one.",
)
@click.option(
    "--output", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the files written."
)
@device_option
@lexicon_option
def main(
    abstracts: Path, entities: Path | None, checkpoint: str, output: Path, device: str, lexicon: tuple[Path, ...]
) -> None:
    try:
        documents = read_abstracts(abstracts, entities)
        annotator = Annotator.load(checkpoint, device=device, lexicon=lexicon or None)
        found = annotator.annotate(documents)
        check_mentions(documents, found)
        related = annotator.annotate(documents, [d.gold.mentions for d in documents]) if entities else found
        check_relations(documents, related)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    tables = {PART_1: part_1(found), PART_2: part_2(related)} | ({} if entities else {FOUND: entities_found(found)})
    output.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(output / name, table)
    click.echo(f"{annotator.model_id} on {abstracts.name}")
    click.echo(f"{PART_1}: {account([len(a.mentions) for a in found], 'entities')}")
    of = f"relations of the entities in {entities.name}" if entities else "relations of the entities found"
    click.echo(f"{PART_2}: {account([len(a.relations) for a in related], of)}")


def read_abstracts(abstracts: Path, entities: Path | None) -> list[Document]:
    """Every abstract, in file order, with ``gold`` mentions where ``entities`` are given.

    Raises ``ContractError`` naming the first row that cannot be used: a submission must leave nothing out.
    """
    labels = Labels(_rows_by_abstract(entities), {}) if entities else None
    documents: list[Document] = []
    with abstracts.open("rb") as raw:
        for item in read_litcoin(ByteSource(raw), abstracts.name, labels):
            if isinstance(item, Reject):
                raise ContractError(f"{abstracts}, row {item.record}: {item.reason}")
            documents.append(item)
    if not documents:
        raise ContractError(f"{abstracts}: no abstract in it")
    known: set[int] = set()
    for document in documents:
        if document.pmid in known:
            raise ContractError(
                f"{abstracts}, row {document.record}: abstract_id {document.pmid} stands there for the second time"
            )
        known.add(document.pmid)
        strange = [m for m in document.gold.mentions if m.type not in ENTITY_TYPES] if document.gold else []
        if strange:
            types = ", ".join(ENTITY_TYPES)
            raise ContractError(
                f"{entities}: {strange[0].text!r} in {document.pmid} has the type {strange[0].type!r}, expected one of {types}"
            )
    if labels and (strangers := sorted(labels.mentions.keys() - known)):
        raise ContractError(
            f"{entities}: {len(strangers)} abstract_ids are not in {abstracts.name}, the first is {strangers[0]}"
        )
    return documents


def _rows_by_abstract(entities: Path) -> dict[int, list[CsvRow]]:
    rows: dict[int, list[CsvRow]] = {}
    with entities.open("rb") as raw:
        for row in csv_rows(ByteSource(raw), "\t", ENTITY_COLUMNS):
            try:
                rows.setdefault(to_pmid(row.cells()["abstract_id"]), []).append(row)
            except RecordError as error:
                raise ContractError(f"{entities}, row {row.number}: {error}") from error
    return rows


def check_mentions(documents: Sequence[Document], annotations: Sequence[Annotation]) -> None:
    """Raises ``ContractError`` where mentions do not fit the text, stand there twice or name ids that a file cannot hold."""
    for document, annotation in zip(documents, annotations, strict=True):
        for m in annotation.mentions:
            if m.start >= m.end or document.text[m.start : m.end] != m.text:
                raise ContractError(
                    f"{document.pmid}: {m.text!r} at {m.start}-{m.end}, the text has {document.text[m.start : m.end]!r} there"
                )
            if split_ids(",".join(m.entity_ids)) != m.entity_ids:
                raise ContractError(
                    f"{document.pmid}: concept ids {m.entity_ids} of {m.text!r} cannot be told apart when joined with a comma"
                )
        _refuse_repeats(f"{document.pmid}: mention", [(m.start, m.end, m.type) for m in annotation.mentions])


def check_relations(documents: Sequence[Document], annotations: Sequence[Annotation]) -> None:
    """Raises ``ContractError`` where a relation names an entity that the document has not, or a pair is related twice."""
    for document, annotation in zip(documents, annotations, strict=True):
        known = annotation.entities().keys()
        for relation in annotation.relations:
            if not known >= set(relation.pair):
                raise ContractError(
                    f"{document.pmid}: relation of {relation.pair}, expected entities of the document: {', '.join(known)[:200]}"
                )
        _refuse_repeats(f"{document.pmid}: pair", [r.pair for r in annotation.relations])


def _refuse_repeats(what: str, keys: list[tuple]) -> None:
    repeated = [key for key, n in Counter(keys).items() if n > 1]
    if repeated:
        raise ContractError(f"{what} {repeated[0]} stands there more than once")


def part_1(annotations: Sequence[Annotation]) -> Table:
    rows = [(i, a.pmid, m.start, m.end, m.type) for a in annotations for i, m in enumerate(a.mentions)]
    return PART_1_HEADER, rows


def part_2(annotations: Sequence[Annotation]) -> Table:
    relations = [(a.pmid, r) for a in annotations for r in a.relations]
    rows = [(i, pmid, r.type, *r.pair, "Novel" if r.novel else "No") for i, (pmid, r) in enumerate(relations)]
    return PART_2_HEADER, rows


def entities_found(annotations: Sequence[Annotation]) -> Table:
    mentions = [(a.pmid, m) for a in annotations for m in a.mentions]
    rows = [
        (i, pmid, m.start, m.end, m.type, m.text, ",".join(m.entity_ids) or "-") for i, (pmid, m) in enumerate(mentions)
    ]
    return FOUND_HEADER, rows


def write_table(path: Path, table: Table) -> None:
    """Tabs between cells, quotes where a cell needs them: what LitCoin's own files are."""
    header, rows = table
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter="\t", lineterminator="\n")
        writer.writerows([header, *rows])


def account(counts: list[int], what: str) -> str:
    return f"{sum(counts):,} {what}, in {sum(n > 0 for n in counts)} of {len(counts)} abstracts; {counts.count(0)} have none"


if __name__ == "__main__":
    main()
