"""One process without Spark: how long each stage takes a worker, and how much of it is not the model's arithmetic."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import pyarrow as pa
import torch
from torch import nn

from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint
from litcoin_batch.readers import read_path
from litcoin_batch.schema import ContractError, Document
from litcoin_batch.text.pieces import split_pieces
from litcoin_batch.warehouse.inference.isolation import annotate_surviving
from litcoin_batch.warehouse.inference.loading import locate_checkpoint
from litcoin_batch.warehouse.nightly.reading.ingest import parse_file
from litcoin_batch.warehouse.tables.nested_rows import annotated_batch, documents_of

# The calls that the annotator makes of its model, by the stage they belong to.
MODEL_CALLS = {"words": "encode", "tag_log_probabilities": "heads", "pair_logits": "heads"}
# Documents of a batch in the examples of Spark's and of Hugging Face's documentation.
FIXED_BATCH = 32
STAGES = ("parse", "tokenise", "encode", "heads", "decode", "rows")


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Which model computes, and how."""

    checkpoint: str
    precision: str = "auto"
    device: str = "auto"
    batch_pieces: int = 16_384


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint, and an annotator that computes with it in the precision that is measured."""

    checkpoint: Checkpoint
    annotator: Annotator
    device: torch.device
    sec: float


class Stopwatch:
    """Seconds by name. On a GPU the device is waited for, so that what is queued counts where it was asked for."""

    def __init__(self, device: torch.device) -> None:
        self.sec: dict[str, float] = defaultdict(float)
        self._device = device

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        self._wait()
        started = time.perf_counter()
        try:
            yield
        finally:
            self._wait()
            self.sec[name] += time.perf_counter() - started

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)


@cache
def load(arithmetic: Arithmetic) -> Loaded:
    """Once in this process; what is measured in turns stays loaded."""
    started = time.perf_counter()
    checkpoint = Checkpoint.load(locate_checkpoint(arithmetic.checkpoint))
    annotator = Annotator(
        checkpoint,
        open_linker(),
        device=arithmetic.device,
        batch_pieces=arithmetic.batch_pieces,
        precision=arithmetic.precision,
    )
    device = next(annotator.model.parameters()).device
    return Loaded(checkpoint, annotator, device, time.perf_counter() - started)


@lru_cache(maxsize=8)
def read_documents(paths: tuple[str, ...]) -> list[Document]:
    return [item for path in paths for item in read_path(path) if isinstance(item, Document)]


def measure_stages(arithmetic: Arithmetic, paths: tuple[str, ...], threads: int, batch_documents: int) -> dict:
    """Seconds of each stage over all documents of the files.

    ``worker_sec`` is the whole work of a Spark worker on the Arrow batches of ``batch_documents`` that it is handed:
    rows to documents, tokenise, encode, heads, decode, and documents to rows.
    """
    torch.set_num_threads(threads)
    loaded, documents = load(arithmetic), read_documents(paths)
    parse_sec = sum(_parse(path) for path in paths)
    watch = Stopwatch(loaded.device)
    with watch.time("tokenise"):
        lengths = [p.n_pieces for p in split_pieces(documents, loaded.checkpoint.tokenizer)]
    encoder = loaded.annotator.model.encoder
    with timed_calls(loaded.annotator.model, watch), counted_pieces(encoder) as pieces, watch.time("worker"):
        batches = list(_annotate_rows(loaded.annotator, _as_rows(documents, batch_documents), watch))
    sec = dict(watch.sec)
    worker_sec, annotate_sec = sec.pop("worker"), sec.pop("annotate")
    sec["parse"], sec["decode"] = parse_sec, max(0.0, annotate_sec - sec["tokenise"] - sec["encode"] - sec["heads"])
    return {
        "documents": len(documents),
        "sec": {stage: sec[stage] for stage in STAGES},
        "worker_sec": worker_sec,
        "outside_share": 1 - (sec["encode"] + sec["heads"]) / worker_sec,
        "pieces": pieces.real,
        "padded_pieces": pieces.padded,
        "computed_pieces": pieces.computed,
        "padding_in_order": padding_in_order(lengths, FIXED_BATCH),
        "load_sec": loaded.sec,
        "precision_used": loaded.annotator.precision,
        "device_used": str(loaded.device),
        "digest": decisions(batches),
    }


def _parse(path: str) -> float:
    content = Path(path).read_bytes()
    started = time.perf_counter()
    for _ in parse_file(path, path, content, "auto"):
        pass
    return time.perf_counter() - started


def _as_rows(documents: Sequence[Document], batch_documents: int) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(documents), batch_documents):
        some = documents[start : start + batch_documents]
        columns = [pa.array([getattr(d, name) for d in some]) for name in ("pmid", "title", "abstract")]
        yield pa.RecordBatch.from_arrays(columns, ["pmid", "title", "abstract"])


def _annotate_rows(
    annotator: Annotator, batches: Iterable[pa.RecordBatch], watch: Stopwatch
) -> Iterator[pa.RecordBatch]:
    """What ``warehouse.inference`` does with its batches, with a watch in hand."""
    for batch in batches:
        documents = documents_of(*batch.columns)
        with watch.time("annotate"):
            annotations = annotate_surviving(annotator, documents)
        with watch.time("rows"):
            rows = annotated_batch(documents, annotations, annotator.model_id)
        yield rows


@contextmanager
def timed_calls(model: nn.Module, watch: Stopwatch) -> Iterator[None]:
    """Time the annotator's calls of ``model``. Raises ``ContractError`` where one of them was never made."""

    def timed(call: Callable, stage: str) -> Callable:
        def measured(*args: object, **kwargs: object) -> object:
            with watch.time(stage):
                return call(*args, **kwargs)

        return measured

    for name, stage in MODEL_CALLS.items():
        setattr(model, name, timed(getattr(model, name), stage))
    try:
        yield
    finally:
        for name in MODEL_CALLS:
            delattr(model, name)
    if unused := set(MODEL_CALLS.values()) - set(watch.sec):
        raise ContractError(
            f"measured no call of the model for {', '.join(sorted(unused))}: no document has words, or the annotator calls others"
        )


@dataclass(slots=True)
class PieceCount:
    """Word pieces that were real, and that were computed with the padding."""

    real: int = 0
    padded: int = 0
    computed: int = 0


@contextmanager
def counted_pieces(encoder: nn.Module) -> Iterator[PieceCount]:
    """Pieces that ``encoder`` is given: those that are real, and what it makes of them, see its ``n_padded`` and ``n_computed``."""
    count = PieceCount()

    def add(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        _, _, mask = given
        count.real += int(mask.sum())
        count.padded += encoder.n_padded(mask)
        count.computed += encoder.n_computed(mask)

    hook = encoder.register_forward_pre_hook(add)
    try:
        yield count
    finally:
        hook.remove()


def padding_in_order(lengths: Sequence[int], batch_documents: int) -> float:
    """Padded by real pieces of fixed batches in order of arrival, each as long as its longest document."""
    batches = [lengths[i : i + batch_documents] for i in range(0, len(lengths), batch_documents)]
    return sum(max(batch) * len(batch) for batch in batches) / max(1, sum(lengths))


def decisions(annotated: Iterable[pa.RecordBatch]) -> str:
    """A digest of what was found in which document, whatever the order of the rows; scores take no part.

    Raises ``ContractError`` for a document that the model failed on: a benchmark must not be fast by failing.
    """
    found = [
        (row["pmid"], _digest(row))
        for batch in annotated
        for row in batch.select(["pmid", "mentions", "relations"]).to_pylist()
    ]
    return f"{len(found)}-{hashlib.sha256(repr(sorted(found)).encode()).hexdigest()[:16]}"


def _digest(row: dict) -> str:
    if row["mentions"] is None:
        raise ContractError(f"PMID {row['pmid']}: the model failed on it")
    mentions = [(m["start"], m["end"], m["type"], tuple(m["entity_ids"])) for m in row["mentions"]]
    relations = [(r["entity_1_id"], r["entity_2_id"], r["type"], r["novel"]) for r in row["relations"]]
    return hashlib.sha256(repr((mentions, relations)).encode()).hexdigest()


def compare_precisions(one: Arithmetic, other: Arithmetic, paths: tuple[str, ...]) -> dict:
    """What two ways of computing agree on: 2 * both / (one + other) of mentions and of relations."""
    documents = read_documents(paths)
    found = [_found(load(a).annotator, documents) for a in (one, other)]
    return {kind: _agreement(*(sets[kind] for sets in found)) for kind in ("mentions", "relations")}


def _found(annotator: Annotator, documents: Sequence[Document]) -> dict[str, set]:
    annotations = annotator.annotate(documents)
    return {
        "mentions": {(a.pmid, m.start, m.end, m.type) for a in annotations for m in a.mentions},
        "relations": {(a.pmid, *r.pair, r.type, r.novel) for a in annotations for r in a.relations},
    }


def _agreement(one: set, other: set) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0
