"""How many documents per second will my machines do, and what does all of PubMed cost?

    spark-submit jobs/benchmark.py --config conf/benchmark.yaml --documents abstracts.jsonl.gz --output benchmark

Everything is measured once in every turn: whole jobs as jobs/annotate.py does them, on several numbers of cores; the
stages of one worker; and named baselines with the same weights: the bare encoder (the limit), one pass per candidate
pair, and what the documentation of Spark and of Hugging Face shows.
"""

from __future__ import annotations

import json
import logging
import sys
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.config import BenchmarkConfig
from benchmarks.corpus import read_corpus
from benchmarks.environment import environment
from benchmarks.figures import Figures, Rows, days, figures_of
from benchmarks.fits import Spread
from benchmarks.turns import Bench
from litcoin_batch.commands.terminal import as_written
from litcoin_batch.reports.charts import as_file
from litcoin_batch.reports.speed import Figure, markdown, plots, speed_page
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.settings import options, read_config

_PACKAGES = ("torch", "transformers", "pyspark", "pyarrow")


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 100})
@options(BenchmarkConfig)
def main(config: str | None, **given: object) -> None:
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        settings = read_config(BenchmarkConfig, config, given)
        benchmark(settings)
    except (ConfigError, ContractError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)


def benchmark(config: BenchmarkConfig) -> None:
    output = Path(config.output)
    output.mkdir(parents=True, exist_ok=True)
    corpus = read_corpus(config.documents)
    around = {"environment": environment(_PACKAGES), "corpus": corpus.name, "texts": len(corpus.texts)}
    rows = []
    with TemporaryDirectory(prefix="litcoin-batch-") as folder, (output / "benchmark.jsonl").open("w") as stream:
        bench = Bench(config, corpus, Path(folder))
        stream.write(json.dumps(around) + "\n")
        for row in chain(bench.agreements(), bench.turns()):
            rows.append(row)
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            click.echo(_told(row), err=True)
    counted = Rows.of(rows)
    figures = [
        figures_of(counted, c, config.precisions, config.million_abstracts, config.projected_cores)
        for c in config.checkpoints
    ]
    lines = [line for one in figures for line in lines_of(one, config)]
    facts = _facts(around, config)
    (output / "benchmark.md").write_text(markdown(lines, facts))
    rates = {one.checkpoint: {n: rate.median for n, rate in one.rate.items()} for one in figures}
    (output / "benchmark.html").write_text(speed_page(lines, rates, counted.all, facts))
    for name, chart in plots(rates, counted.all).items():
        (output / f"{name}.svg").write_text(as_file(chart))
    click.echo(markdown(lines, facts))


def _told(row: dict) -> str:
    names = ("turn", "what", "checkpoint", "precision", "cores", "size", "documents", "sec", "worker_sec")
    return "  ".join(
        f"{name} {row[name]:.3f}" if isinstance(row[name], float) else f"{name} {row[name]}"
        for name in names
        if name in row
    )


def _facts(around: dict, config: BenchmarkConfig) -> str:
    e = around["environment"]
    return (
        f"{e['cpu']}, {e['n_cores']} cores, {e['date']}, commit {e['commit']}, torch {e['torch']}, pyspark {e['pyspark']}; documents: {around['corpus']}"
        f" ({around['texts']} texts); {config.repeats} turns after one that warms up."
    )


def lines_of(one: Figures, config: BenchmarkConfig) -> list[Figure]:
    """Every figure with its spread; a projection with the 95 % interval of its line."""

    def line(what: str, found: Spread | None) -> list[Figure]:
        return [] if found is None else [(what, one.checkpoint, found.median, found.low, found.high)]

    lines = [
        x
        for n, rate in one.rate.items()
        for x in line(f"documents per second, whole job in steady state, {n} cores", rate)
    ]
    lines += [
        x
        for n, sec in one.cold_start.items()
        for x in line(f"seconds of a first job with a few documents, models not loaded, {n} cores", sec)
    ]
    lines += line("whole job / bare encoder", one.of_bare_encoder)
    lines += line("whole job / bare encoder and heads", one.of_bare_model)
    lines += line("whole job / one pass per candidate pair", one.of_pair_marker)
    lines += [x for name, found in one.of_documented.items() for x in line(f"recognition / {name}", found)]
    lines += line(f"{config.precisions[0]} / float32, one worker", one.of_float32)
    lines += [
        x
        for n, found in one.scaling.items()
        for x in line(f"share of ideal speed-up, {config.cores[0]} to {n} cores", found)
    ]
    lines += line("padded / real pieces", one.padding) + line(
        "the same, with what windows of long documents compute again and steps of a recurrence for nothing",
        one.computed,
    )
    lines += line("share of a worker's time outside the model", one.outside)
    for cores, projection in one.projections.items():
        lines.append(
            (
                f"days for {config.million_abstracts:g} million abstracts on {cores} such cores",
                one.checkpoint,
                *days(projection),
            )
        )
    return lines


if __name__ == "__main__":
    main()
