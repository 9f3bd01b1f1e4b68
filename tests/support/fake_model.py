"""A model without weights for tests of the warehouse: what it finds is a plain function of the text."""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark import cloudpickle

from litcoin_batch.schema import Annotation, Document, Evidence, Mention, Relation, local_id

# Workers need not have the tests on their path.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

MODEL_ID = "fake-1"
_TYPES = {"a": "ChemicalEntity", "g": "GeneOrGeneProduct"}


class FakeAnnotator:
    """Words starting with a or g are mentions; neighbours of different id are related.

    `poison` raises, and each word of ``DEADLY`` does worse.
    """

    def __init__(self, model_id: str, journal: str | None = None, scores: tuple[float, ...] = (0.75,)) -> None:
        self.model_id, self.journal, self.scores = model_id, journal, scores

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        for document in documents:
            if "poison" in document.text:
                raise RuntimeError(f"cannot digest PMID {document.pmid}")
            for word in re.findall(r"\w+", document.text):
                if word in DEADLY:
                    DEADLY[word]()
        if self.journal is not None:
            with open(self.journal, "a") as stream:
                stream.writelines(f"{document.pmid} {document.text}\n" for document in documents)
        return [find(document, self.scores) for document in documents]


def _take_all_memory() -> None:
    """As where a container gives no more: the limit is a little above what the process has."""
    old = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as stream:
        size = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (256 << 20), old[1]))
    try:
        taken = []
        while True:
            taken.append(bytearray(16 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)


# What documents do to the process that annotates them.
DEADLY: dict[str, Callable[[], object]] = {
    "exits": lambda: os._exit(3),
    "crashes": lambda: ctypes.string_at(0),
    "outgrows": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "sleeps": lambda: time.sleep(3_600),
    # Holds the interpreter's lock for longer than anybody waits.
    "backtracks": lambda: re.match(r"(a+)+$", "a" * 60 + "!"),
    "devours": _take_all_memory,
}


def find(document: Document, scores: tuple[float, ...] = (0.75,)) -> Annotation:
    text = document.text
    mentions = tuple(
        Mention(m.start(), m.end(), _TYPES[m[0][0]], m[0], _ids(document.pmid, m[0]), len(m[0]) / (1 + len(m[0])))
        for m in re.finditer(r"\b[ag]\w+", text)
    )
    pairs = sorted({tuple(sorted((a.entity_ids[0], b.entity_ids[0]))) for a, b in itertools.pairwise(mentions)})
    relations = tuple(
        Relation(one, two, "Bind", len(one) > 4, scores[len(text) % len(scores)], 0.5, (Evidence(0, len(text), text),))
        for one, two in pairs
        if one != two
    )
    return Annotation(document.pmid, mentions, relations)


def _ids(pmid: int, word: str) -> tuple[str, ...]:
    return (local_id(pmid, 1),) if word == "alien" else (f"ID:{word}",)


@dataclass(frozen=True)
class FakeLoader:
    """``journal``: a file that gets a line for each document annotated. ``scores``: a document's relations have one of them."""

    model_id: str = MODEL_ID
    journal: str | None = None
    scores: tuple[float, ...] = (0.75,)

    def __call__(self) -> FakeAnnotator:
        return FakeAnnotator(self.model_id, self.journal, self.scores)
