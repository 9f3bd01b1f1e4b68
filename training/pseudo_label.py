"""Let one checkpoint annotate abstracts that another is to learn from (distillation by hard labels).

    python training/pseudo_label.py --checkpoint transformer --documents abstracts.jsonl.gz --number 400 --output pseudo.PubTator
    python training/train.py --encoder rnn --train Train.PubTator --train pseudo.PubTator ...

What is written is what the checkpoint found, in PubTator's layout, local concept ids included: they hold within a document,
which is all that training asks of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import read_path
from litcoin_batch.schema import Annotation, ConfigError, Document, LitcoinBatchError
from training.command_options import checkpoint_option, device_option, seed_option

# Would end a line or a column.
_BREAKS = str.maketrans("\t\r\n", "   ")


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "))
@checkpoint_option
@click.option(
    "--documents",
    "files",
    required=True,
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Abstracts in any format that is read; may be repeated.",
)
@click.option("--number", type=click.IntRange(min=1), default=400, show_default=True, help="Of them, drawn at random.")
@seed_option
@click.option(
    "--exclude-pmids",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="PMIDs not to draw, white space between; evaluation documents belong here.",
)
@device_option
@click.option("--output", required=True, type=click.Path(path_type=Path))
def main(
    checkpoint: str,
    files: Sequence[Path],
    number: int,
    seed: int,
    exclude_pmids: Sequence[Path],
    device: str,
    output: Path,
) -> None:
    try:
        excluded = {int(word) for path in exclude_pmids for word in path.read_text().split()}
        documents = draw(usable(files, excluded), number, seed)
        annotations = Annotator.load(checkpoint, device=device, precision="auto").annotate(documents)
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("\n".join(map(block, documents, annotations)))
    n_mentions, n_relations = (sum(len(getattr(a, name)) for a in annotations) for name in ("mentions", "relations"))
    click.echo(f"{output}: {len(documents)} documents, {n_mentions} mentions, {n_relations} relations")


def usable(files: Iterable[Path], excluded: set[int]) -> list[Document]:
    """Each once, with title and abstract, on one line each."""
    found: dict[int, Document] = {}
    for item in (item for path in files for item in read_path(path)):
        if isinstance(item, Document) and item.title and item.abstract and item.pmid not in excluded:
            found.setdefault(
                item.pmid, replace(item, title=item.title.translate(_BREAKS), abstract=item.abstract.translate(_BREAKS))
            )
    return list(found.values())


def draw(documents: Sequence[Document], number: int, seed: int) -> list[Document]:
    """Raises ``ConfigError`` where there are fewer."""
    if len(documents) < number:
        raise ConfigError(
            f"--number {number}: the files have {len(documents)} documents with title and abstract that are not excluded"
        )
    return [documents[i] for i in np.sort(np.random.default_rng(seed).choice(len(documents), number, replace=False))]


def block(document: Document, annotation: Annotation) -> str:
    """As ``readers.pubtator`` reads it."""
    pmid = document.pmid
    lines = [f"{pmid}|t|{document.title}", f"{pmid}|a|{document.abstract}"]
    lines += [f"{pmid}\t{m.start}\t{m.end}\t{m.text}\t{m.type}\t{','.join(m.entity_ids)}" for m in annotation.mentions]
    lines += [
        f"{pmid}\t{r.type}\t{r.entity_1_id}\t{r.entity_2_id}\t{'Novel' if r.novel else 'No'}"
        for r in annotation.relations
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
