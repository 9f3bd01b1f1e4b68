"""Measure Spark's ways of handing documents to Python and nested annotations back.

    spark-submit --master 'local[1]' jobs/benchmark_udf.py --documents 6000 --repeats 5 --output udf.jsonl

The embedded sample is annotated once by the shipped checkpoint; its annotations, replayed under new PMIDs,
then stand in for the model, so that only the way is measured. The ways take turns, their rows are compared
first, and each one's first turn is dropped.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import click
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from litcoin_batch.commands.terminal import as_written
from litcoin_batch.config import DEFAULT_CHECKPOINT
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.readers import read_path
from litcoin_batch.schema import Annotation, Document
from litcoin_batch.warehouse.inference.loading import register_sql
from litcoin_batch.warehouse.inference.workers import SQL_RESULT, annotate_with
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.tables.nested_rows import annotated_batch

FIRST_PMID = 1_000_000_000


class Replay:
    """Gives each document the annotation of the sample document with its title."""

    model_id = "replay"

    def __init__(self, known: Sequence[tuple[str | None, Annotation]]) -> None:
        self._by_title = dict(known)

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        return [replace(self._by_title[d.title], pmid=d.pmid) for d in documents]


@dataclass(frozen=True)
class ReplayLoader:
    """A model that says again what the real one said of the same texts, at no cost."""

    known: tuple[tuple[str | None, Annotation], ...]

    def __call__(self) -> Replay:
        return Replay(self.known)


@click.command(help=as_written(__doc__))
@click.option("--documents", "n_documents", default=6_000, show_default=True, type=click.IntRange(1))
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1))
@click.option("--output", type=click.Path(path_type=Path), help="Where the raw measurements go, as JSON lines.")
def main(n_documents: int, repeats: int, output: Path | None) -> None:
    sample = sample_documents()
    annotations = Annotator.load(DEFAULT_CHECKPOINT, device="cpu").annotate(sample)
    loader = ReplayLoader(tuple((d.title, a) for d, a in zip(sample, annotations, strict=True)))
    spark = open_session()
    rows = [
        (FIRST_PMID + i, sample[i % len(sample)].title, sample[i % len(sample)].abstract) for i in range(n_documents)
    ]
    documents = spark.createDataFrame(rows, "pmid bigint, title string, abstract string").coalesce(1).cache()
    documents.count()
    ways = make_ways(spark, documents, loader)
    digests = {name: digest(way()) for name, way in ways.items()}
    if len(set(digests.values())) > 1:
        raise click.ClickException(f"the ways give different rows: {digests}")
    runs = [
        {"way": name, "turn": turn, "sec": seconds(way)} for turn in range(repeats + 1) for name, way in ways.items()
    ]
    if output:
        output.write_text("".join(json.dumps(run | {"documents": n_documents}) + "\n" for run in runs))
    click.echo(report([run for run in runs if run["turn"]], n_documents))


def sample_documents() -> list[Document]:
    folder = Path(str(resources.files("litcoin_batch") / "sample"))
    items = [item for path in sorted(folder.glob("*.xml")) for item in read_path(path)]
    # Titles identify documents here, so of several versions one will do.
    by_title = {item.title: item for item in items if isinstance(item, Document) and item.title and item.abstract}
    return list(by_title.values())


def make_ways(spark: SparkSession, documents: DataFrame, loader: ReplayLoader) -> dict[str, Callable[[], DataFrame]]:
    register_sql(spark, loader, "by_arrow")

    @F.pandas_udf(SQL_RESULT)
    def by_pandas(batches: Iterator[tuple[pd.Series, pd.Series, pd.Series]]) -> Iterator[pd.DataFrame]:
        replay = loader()
        for columns in batches:
            found = [Document(*row) for row in zip(*columns, strict=True)]
            yield annotated_batch(found, replay.annotate(found), replay.model_id).to_pandas().drop(columns="pmid")

    return {
        "mapInArrow": lambda: annotate_with(documents, loader, 1),
        "arrow_udf": lambda: (
            documents.repartition(1)
            .select("pmid", F.expr("by_arrow(pmid, title, abstract)").alias("a"))
            .select("pmid", "a.*")
        ),
        "pandas_udf": lambda: (
            documents.repartition(1)
            .select("pmid", by_pandas("pmid", "title", "abstract").alias("a"))
            .select("pmid", "a.*")
        ),
    }


def digest(rows: DataFrame) -> int:
    """Of all rows, whatever their order."""
    return rows.select(F.sum(F.xxhash64(F.to_json(F.struct("*"))).cast("decimal(38,0)"))).first()[0]


def seconds(way: Callable[[], DataFrame]) -> float:
    started = time.perf_counter()
    way().write.format("noop").mode("overwrite").save()
    return time.perf_counter() - started


def report(runs: list[dict], n_documents: int) -> str:
    lines = ["| way | documents per second, median | range |", "|---|---|---|"]
    for name in dict.fromkeys(run["way"] for run in runs):
        rates = [n_documents / run["sec"] for run in runs if run["way"] == name]
        lines.append(f"| {name} | {statistics.median(rates):,.0f} | {min(rates):,.0f} to {max(rates):,.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
