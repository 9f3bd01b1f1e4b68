"""What does a night cost, and how does that grow with the warehouse?

    spark-submit jobs/benchmark_nights.py --size 10000 --size 100000 --size 1000000 --output nights.jsonl

The model is one that computes nothing: what is measured comes beside the model's time, which jobs/benchmark.py
measures. Every night goes through the whole of jobs/annotate.py's way of the files.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.corpus import read_corpus
from benchmarks.environment import environment
from benchmarks.fits import spread
from benchmarks.measured.nights import Mirror, measure_nights
from benchmarks.workers import with_benchmarks
from litcoin_batch.commands.terminal import as_written
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.spark.session import open_session


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 100})
@click.option("--documents", metavar="FILE", help="Abstracts to measure with (default: the embedded sample, repeated).")
@click.option(
    "--size",
    "sizes",
    type=click.IntRange(min=1_000),
    multiple=True,
    default=(10_000, 100_000),
    show_default=True,
    help="Documents; may be repeated.",
)
@click.option(
    "--changed",
    type=click.IntRange(min=20),
    multiple=True,
    default=(1_000,),
    show_default=True,
    help="Documents that change in a night; may be repeated.",
)
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True, help="Turns that count.")
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON lines, one for each night."
)
@click.option(
    "--filled", is_flag=True, help="Write the tables straight, without the baselines that would lead to them."
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The warehouses stay there, one for each size; --filled takes those that are there.",
)
def main(
    documents: str | None,
    sizes: tuple[int, ...],
    changed: tuple[int, ...],
    repeats: int,
    output: Path,
    filled: bool,
    keep: Path | None,
) -> None:
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        corpus = read_corpus(documents)
    except (ConfigError, ContractError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    spark = with_benchmarks(open_session())
    output.parent.mkdir(parents=True, exist_ok=True)
    found: dict[tuple[int, str], list[dict]] = defaultdict(list)
    place = TemporaryDirectory(prefix="litcoin-batch-") if keep is None else nullcontext(keep)
    with place as folder, output.open("w") as stream:
        stream.write(json.dumps({"environment": environment(("pyspark", "pyarrow")), "corpus": corpus.name}) + "\n")
        mirrors = [Mirror(spark, corpus, Path(folder) / str(size), size) for size in sizes]
        for row in measure_nights(mirrors, changed, repeats, filled=filled):
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            click.echo(
                f"{row['what']:19s} {row['size']:>9,} documents  turn {row['turn']}  {row['sec']:8.1f} s"
                f"  {row.get('cpu_sec', 0.0):8.1f} s of a CPU",
                err=True,
            )
            if row["turn"] or row["what"] == "baseline":
                found[row["size"], row["what"]].append(row)
    click.echo(
        f"{'documents':>10s}  {'night':19s} {'seconds':>8s}  {'(from - to)':>15s}  {'of a CPU':>8s}  {'MB added':>8s}"
    )
    for (size, what), rows in found.items():
        s = spread(row["sec"] for row in rows)
        worked = spread(row.get("cpu_sec", 0.0) for row in rows).median
        added = f"{rows[-1]['n_bytes'] / 1e6:8.1f}" if "n_bytes" in rows[-1] else ""
        click.echo(
            f"{size:>10,}  {what:19s} {s.median:8.1f}  {f'({s.low:.1f} - {s.high:.1f})':>15s}  {worked:8.1f}  {added}"
        )


if __name__ == "__main__":
    main()
