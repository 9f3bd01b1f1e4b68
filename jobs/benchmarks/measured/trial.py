"""Tricks on trial: outputs compared, then documents per second with and without each, in turns in one loaded process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from benchmarks.measured.tricks import Side, Trick
from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint
from litcoin_batch.schema import Annotation, ContractError, Document
from litcoin_batch.warehouse.inference.loading import locate_checkpoint


@dataclass
class Worker:
    """A checkpoint, loaded once for each way of loading it, and documents, in Arrow's batches of ``batch_documents``."""

    name: str
    documents: Sequence[Document]
    batch_documents: int = 2_000

    def __post_init__(self) -> None:
        torch.set_num_threads(1)
        self._linker = open_linker()
        self._loaded: dict[object, Annotator] = {}

    @cached_property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.load(locate_checkpoint(self.name))

    @property
    def encoder(self) -> str:
        return self.checkpoint.config.encoder["kind"]

    def annotator(self, side: Side) -> Annotator:
        key = side.precision, side.loading
        if key not in self._loaded:
            with side.loading():
                self._loaded[key] = Annotator(self.checkpoint, self._linker, device="cpu", precision=side.precision)
        return self._loaded[key]

    def annotate(self, side: Side) -> list[Annotation]:
        annotator = self.annotator(side)
        with side.computing(annotator):
            return self._annotate(annotator)

    def measure(self, side: Side) -> dict[str, float]:
        """Seconds of all documents; what it takes to leave something out, and to put it back, is not counted."""
        annotator = self.annotator(side)
        with side.computing(annotator):
            wall, cpu = time.perf_counter(), time.process_time()
            self._annotate(annotator)
            return {"wall_sec": time.perf_counter() - wall, "cpu_sec": time.process_time() - cpu}

    def _annotate(self, annotator: Annotator) -> list[Annotation]:
        found: list[Annotation] = []
        for start in range(0, len(self.documents), self.batch_documents):
            found += annotator.annotate(self.documents[start : start + self.batch_documents])
        return found


def verify(worker: Worker, trick: Trick) -> dict[str, float]:
    """How far the outputs of both sides agree; warms both up. Raises ``ContractError`` where it is less than the trick allows."""
    used, left_out = (_rows(worker.annotate(side)) for side in (trick.used, trick.left_out))
    both = used.keys() & left_out.keys()
    same = 2 * len(both) / (len(used) + len(left_out)) if used or left_out else 1.0
    apart = max((abs(used[key] - left_out[key]) for key in both), default=0.0)
    if same < trick.least_same or apart > trick.most_apart:
        raise ContractError(
            f"{worker.name}, {trick.name}: {same:.4f} of the rows are the same and scores at most {apart:.2g} apart; "
            f"expected {trick.least_same} and {trick.most_apart}"
        )
    return {"rows": len(used), "same": same, "apart": apart}


def _rows(annotations: Sequence[Annotation]) -> dict[tuple, float]:
    """Score by all else that a row of mentions or of relations says."""
    mentions = {(a.pmid, m.start, m.end, m.type, m.entity_ids): m.score for a in annotations for m in a.mentions}
    return mentions | {(a.pmid, r.pair, r.type, r.novel): r.score for a in annotations for r in a.relations}


def turns(worker: Worker, tricks: Sequence[Trick], repeats: int) -> Iterator[dict]:
    """A row for each measurement. Both sides of a trick follow each other, and take turns in being first."""
    for turn in range(1, repeats + 1):
        for trick in tricks:
            sides = {"used": trick.used, "left out": trick.left_out}
            for name in sides if turn % 2 else reversed(sides):
                yield {
                    "turn": turn,
                    "checkpoint": worker.name,
                    "trick": trick.name,
                    "side": name,
                    "documents": len(worker.documents),
                    **worker.measure(sides[name]),
                }
