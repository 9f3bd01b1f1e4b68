"""Leave out, one at a time, what is done for speed or memory alone, and say what each is worth.

    python jobs/benchmark_arithmetic.py --checkpoint transformer --size 48 --repeats 5 --output arithmetic.jsonl

Outputs with and without are compared first. Then both annotate the same documents, in turns, in one process that has
everything loaded, on one thread; what counts is the ratio of the two times of the processor in each turn. Memory is
measured in a process of its own for each way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.corpus import read_corpus
from benchmarks.environment import environment
from benchmarks.fits import spread
from benchmarks.measured.resident import WAYS, measure_resident
from benchmarks.measured.trial import Worker, turns, verify
from benchmarks.measured.tricks import TRICKS, Trick
from litcoin_batch.commands.terminal import as_written
from litcoin_batch.schema import LitcoinBatchError

# The least that a trick has to be worth with one of the checkpoints.
WORTH = 1.05


@click.command(help=as_written(__doc__))
@click.option("--checkpoint", default="transformer", show_default=True, metavar="NAME_OR_DIR")
@click.option("--documents", metavar="FILE", help="Abstracts of any format [default: the embedded sample, repeated].")
@click.option("--size", default=48, show_default=True, type=click.IntRange(1), help="Documents of each turn.")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1))
@click.option("--trick", "names", multiple=True, type=click.Choice([t.name for t in TRICKS]), help="Only this one.")
@click.option("--resident", default=0, show_default=True, help="Documents that memory is measured with; 0: it is not.")
@click.option("--output", type=click.Path(path_type=Path), help="Where the raw measurements go, as JSON lines.")
def main(checkpoint: str, size: int, repeats: int, names: Sequence[str], **more) -> None:
    try:
        corpus = read_corpus(more["documents"])
        worker = Worker(checkpoint, list(corpus.documents(size)))
        tricks = [t for t in TRICKS if worker.encoder in t.encoders and t.name in (names or [t.name])]
        agreements = {trick.name: verify(worker, trick) for trick in tricks}
        rows = list(turns(worker, tricks, repeats))
        resident = [
            measure_resident(checkpoint, list(corpus.documents(more["resident"])), 200, way)
            for way in (WAYS if more["resident"] else ())
        ]
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    about = {**environment(("torch",)), "corpus": corpus.name, "model_id": worker.checkpoint.model_id}
    if more["output"]:
        compared = [{"checkpoint": checkpoint, "trick": name, **found} for name, found in agreements.items()]
        lines = [about | row for row in (*compared, *rows, *resident)]
        more["output"].write_text("".join(json.dumps(line) + "\n" for line in lines))
    click.echo(f"{worker.checkpoint.model_id}, {size} documents, {repeats} turns; " + _told(about))
    click.echo("\n".join(table(tricks, rows, agreements)))
    for row in resident:
        sizes = ", ".join(f"{name} {row[name] / 2**20:,.0f} MB" for name in ("loaded", "resident", "peak"))
        click.echo(f"without {row['without']}: {sizes}" if row["without"] != WAYS[0] else f"{WAYS[0]}: {sizes}")


def _told(about: dict[str, object]) -> str:
    return ", ".join(f"{name} {about[name]}" for name in ("date", "commit", "cpu", "n_cores", "load", "corpus"))


def table(tricks: Sequence[Trick], rows: Sequence[dict], agreements: dict[str, dict]) -> list[str]:
    """Markdown. Documents per second of the processor, which other programs disturb least."""
    lines = [
        "| trick | documents per CPU second | without it | ratio (range) | by the clock | rows the same, scores apart | |",
        "|---|---|---|---|---|---|---|",
    ]
    for trick in tricks:
        cpu, wall = (
            {side: _rates(rows, trick.name, side, clock) for side in ("used", "left out")}
            for clock in ("cpu_sec", "wall_sec")
        )
        ratio = spread(a / b for a, b in zip(cpu["used"], cpu["left out"], strict=True))
        by_clock = spread(a / b for a, b in zip(wall["used"], wall["left out"], strict=True))
        agreed = agreements[trick.name]
        lines.append(
            f"| {trick.name} | {spread(cpu['used']).median:.1f} | {spread(cpu['left out']).median:.1f} "
            f"| {ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f}) | {by_clock.median:.2f} "
            f"| {agreed['same']:.4f}, {agreed['apart']:.1g} | {'' if ratio.median >= WORTH else 'less than 5 %'} |"
        )
    return lines


def _rates(rows: Sequence[dict], trick: str, side: str, clock: str) -> list[float]:
    """By turn."""
    own = sorted((r["turn"], r["documents"] / r[clock]) for r in rows if (r["trick"], r["side"]) == (trick, side))
    return [rate for _, rate in own]


if __name__ == "__main__":
    main()
