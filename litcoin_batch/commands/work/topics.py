"""``litcoin-batch topics``: a topic model of what readers see, its tables and its page."""

from __future__ import annotations

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import told
from litcoin_batch.reports.topics import topics_page
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.warehouse.topics.bags import Counting
from litcoin_batch.warehouse.topics.lda import Search
from litcoin_batch.warehouse.topics.modelling import Modelling, model_topics
from litcoin_batch.warehouse.topics.tables import FOLDER


def work(stop: Interruption, warehouse: str, **options) -> str:
    with told("the topics are as they were"):
        spark = open_session()
        stop.listen()
        stop.line = "stopped; the topics are as they were; the same command starts anew"
        facts = model_topics(spark, warehouse, modelling_of(**options))
        storage = Storage(spark, warehouse)
        page = f"{FOLDER}/{facts['id']}/topics.html"
        storage.replace_text(page, topics_page(facts))
    lines = [f"{facts['n_documents']} documents, {len(facts['topics'])} topics in {len(facts['themes'])} themes:"]
    lines += [f"  {100 * theme['share']:5.1f} %  {theme['name']}" for theme in facts["themes"]]
    return "\n".join([*lines, f"report     {storage.uri(page)}"])


def modelling_of(topics, choose_by, themes, passes, seed, held_out, words, min_documents, partitions) -> Modelling:
    return Modelling(
        Counting(words, min_documents), Search(topics, choose_by, held_out, passes, seed), themes, partitions
    )
