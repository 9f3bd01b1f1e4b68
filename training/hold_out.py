"""Set documents aside for choices: ``python training/hold_out.py --gold Train.PubTator --gold BC8.PubTator --pmids conf/held_out_pmids.txt``.

Epochs, offsets and temperatures are chosen on them; the rest is trained on, and neither is what figures are reported on.
"""

from __future__ import annotations

from pathlib import Path

import click


@click.command(help=__doc__)
@click.option("--gold", "files", required=True, multiple=True, type=click.Path(path_type=Path, exists=True), help="PubTator file.")  # fmt: skip
@click.option("--pmids", required=True, type=click.Path(path_type=Path, exists=True), help="Those held out, white space between.")  # fmt: skip
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder for fold_train.PubTator and fold_dev.PubTator.")  # fmt: skip
def main(files: tuple[Path, ...], pmids: Path, output: Path) -> None:
    wanted = set(pmids.read_text().split())
    blocks = [block for path in files for block in path.read_text(encoding="utf-8").strip().split("\n\n")]
    train, held_out = split(blocks, wanted)
    missing = wanted - {pmid_of(block) for block in held_out}
    if missing:
        raise click.ClickException(
            f"{pmids}: {len(missing)} PMIDs are in no --gold file, e.g. {min(missing)}; expected all"
        )
    output.mkdir(parents=True, exist_ok=True)
    for name, some in (("fold_train", train), ("fold_dev", held_out)):
        (output / f"{name}.PubTator").write_text("\n\n".join(some) + "\n\n", encoding="utf-8")
    click.echo(f"{len(train)} to train on, {len(held_out)} held out")


def split(blocks: list[str], held_out: set[str]) -> tuple[list[str], list[str]]:
    """Documents as PubTator has them: those whose PMID is not in ``held_out``, and those whose is, in their order."""
    return tuple([b for b in blocks if (pmid_of(b) in held_out) == wanted] for wanted in (False, True))


def pmid_of(block: str) -> str:
    return block.strip().split("|", 1)[0]


if __name__ == "__main__":
    main()
