"""What the documents of a warehouse are about: topics, themes, and the pairs studied under each.

    spark-submit jobs/topics.py --warehouse DIR
    spark-submit jobs/topics.py --warehouse DIR --topics 20,40,80 --choose-by coherence

Writes the tables topics, topic_terms and document_topics, the view theme_pairs, and a page.
"""

from __future__ import annotations

import logging
import sys

import click

from litcoin_batch.reports.topics import topics_page
from litcoin_batch.schema import ConfigError, ContractError
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.spark.session import EXIT_FAILED, EXIT_SETTINGS, SPARK_FAILURES, open_session, shorten
from litcoin_batch.warehouse.topics.bags import Counting
from litcoin_batch.warehouse.topics.lda import CRITERIA, Search
from litcoin_batch.warehouse.topics.modelling import Modelling, model_topics
from litcoin_batch.warehouse.topics.tables import FOLDER


def to_numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        numbers = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: expected whole numbers with commas between, as 10,20,40") from error
    if numbers[0] < 2 or numbers[-1] > 1000:
        raise click.BadParameter(f"{text!r}: expected numbers from 2 to 1000")
    return numbers


@click.command(help=__doc__.replace("\n\n    ", "\n\n\b\n    "), context_settings={"max_content_width": 100})
@click.option("--warehouse", default="warehouse", show_default=True, metavar="DIR", help="Where the tables are.")
@click.option(
    "--topics",
    default="10,20,40",
    show_default=True,
    callback=to_numbers,
    metavar="N,N,...",
    help="Numbers of topics to try.",
)
@click.option("--choose-by", type=click.Choice(CRITERIA), default="likelihood", show_default=True)
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
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    try:
        click.echo(topics(warehouse, modelling_of(**options)))
    except (ConfigError, ContractError) as error:
        fail(error, EXIT_SETTINGS)
    except SPARK_FAILURES as error:
        fail(f"Spark failed, the topics are as they were: {shorten(error)}", EXIT_FAILED)


def modelling_of(topics, choose_by, themes, passes, seed, held_out, words, min_documents, partitions) -> Modelling:
    return Modelling(
        Counting(words, min_documents), Search(topics, choose_by, held_out, passes, seed), themes, partitions
    )


def topics(warehouse: str, how: Modelling) -> str:
    spark = open_session()
    facts = model_topics(spark, warehouse, how)
    storage = Storage(spark, warehouse)
    page = f"{FOLDER}/{facts['id']}/topics.html"
    storage.replace_text(page, topics_page(facts))
    lines = [f"{facts['n_documents']} documents, {len(facts['topics'])} topics in {len(facts['themes'])} themes:"]
    lines += [f"  {100 * theme['share']:5.1f} %  {theme['name']}" for theme in facts["themes"]]
    return "\n".join([*lines, f"report     {storage.uri(page)}"])


def fail(reason: object, code: int) -> None:
    click.echo(f"error: {reason}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
