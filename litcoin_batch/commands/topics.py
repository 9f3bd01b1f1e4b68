"""What the documents of a warehouse are about: topics, themes, and the pairs studied under each.

    litcoin-batch topics --warehouse DIR
    litcoin-batch topics --warehouse DIR --topics 20,40,80 --choose-by coherence
    spark-submit jobs/topics.py --warehouse hdfs:///litcoin

Writes the tables topics, topic_terms and document_topics, the view theme_pairs, and a page.
"""

from __future__ import annotations

import click

from litcoin_batch.commands import checks
from litcoin_batch.commands.terminal import EXIT_SETTINGS, as_written, begin_log, fail, run
from litcoin_batch.schema import ConfigError

_CRITERIA = ("likelihood", "coherence")


def to_numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: expected whole numbers with commas between, as 10,20,40") from error
    if numbers[0] < 2 or numbers[-1] > 1000:
        raise click.BadParameter(f"{text!r}: expected numbers from 2 to 1000")
    return numbers


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 100})
@click.option("--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are.")
@click.option(
    "--topics",
    default="10,20,40",
    show_default=True,
    callback=to_numbers,
    metavar="N,N,...",
    help="Numbers of topics to try.",
)
@click.option("--choose-by", type=click.Choice(_CRITERIA), default="likelihood", show_default=True)
@click.option("--themes", type=click.IntRange(1, 1000), help="So many (default: as stand apart most clearly).")
@click.option("--passes", type=click.IntRange(1), default=5, show_default=True, help="Over all documents, at learning.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same topics.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 0.9, min_open=True),
    default=0.1,
    show_default=True,
    help="Share of the documents on which numbers of topics are compared.",
)
@click.option("--words", type=click.IntRange(10), default=10_000, show_default=True, help="Of the vocabulary.")
@click.option(
    "--min-documents", type=click.IntRange(1), default=5, show_default=True, help="A word of fewer counts not."
)
@click.option("--partitions", type=click.IntRange(1), help="Tasks of the optimiser (default: one for each core).")
def main(warehouse: str, **options: object) -> None:
    begin_log()
    try:
        checks.check_warehouse(warehouse)
    except ConfigError as error:
        fail(error, EXIT_SETTINGS)
    run("topics", warehouse, **options)
