"""``litcoin-batch export``: documents of a warehouse through a writer into files."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from litcoin_batch.commands.terminal import Interruption
from litcoin_batch.commands.work.outcomes import told
from litcoin_batch.schema import Document
from litcoin_batch.warehouse.exports import Export
from litcoin_batch.warehouse.spark.progress import describe_progress
from litcoin_batch.warehouse.spark.session import open_session
from litcoin_batch.writers import LeftOut, Part, files_of, write

LOG = logging.getLogger("litcoin_batch")
_INTERVAL_SEC = 5.0


def work(stop: Interruption, warehouse: str, format: str, output: str, selection: str | None) -> None:
    with told("nothing is exported"):
        spark = open_session()
        stop.listen()
        stop.line = "stopped; nothing is exported" if output != "-" else "stopped; what stands above is not all"
        export = Export(spark, warehouse, selection)
        total = export.count()
        places = _places(format, output)
        left_out = write_files(_watched(export, total), format, places)
    for (what, reason), (n, place) in left_out.items():
        LOG.warning("left out: %d %s%s: %s (first: %s)", n, what, "s" if n > 1 else "", reason, place)
    LOG.info(
        "%d documents exported to %s",
        total - sum(n for (what, _), (n, _) in left_out.items() if what == "document"),
        output,
    )


def _places(format: str, output: str) -> dict[str, Path | None]:
    """File of the format -> where it goes; None is standard output."""
    names = files_of(format)
    if output == "-":
        return {names[0]: None}
    if len(names) == 1:
        return {names[0]: Path(output)}
    return {name: Path(output) / name for name in names}


def write_files(
    documents: Iterable[Document], format: str, places: dict[str, Path | None]
) -> dict[tuple[str, str], tuple[int, str]]:
    """Each file appears when all are whole. Returns what was left out: kind and reason -> how often, and where first."""
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    partial = {name: path and path.with_name(f".{path.name}.partial") for name, path in places.items()}
    with ExitStack() as stack:
        streams = {name: _open(path, stack) for name, path in partial.items()}
        for part in write(documents, format):
            if isinstance(part, Part):
                streams[part.file].write(part.text)
            elif isinstance(part, LeftOut):
                counts[part.what, part.reason] += 1
                first.setdefault((part.what, part.reason), part.place)
    for name, path in partial.items():
        if path is not None and (place := places[name]) is not None:
            path.replace(place)
    return {key: (n, first[key]) for key, n in counts.items()}


def _open(path: Path | None, stack: ExitStack) -> TextIO:
    if path is None:
        return sys.stdout
    path.parent.mkdir(parents=True, exist_ok=True)
    # What is written of a failed export is of no use.
    stack.push(lambda kind, *_: path.unlink(missing_ok=True) if kind else None)
    # Line ends are those of the formats.
    return stack.enter_context(path.open("w", encoding="utf-8", newline=""))


def _watched(documents: Iterable[Document], total: int) -> Iterator[Document]:
    started = told_at = time.monotonic()
    for n, document in enumerate(documents, start=1):
        yield document
        if time.monotonic() - told_at >= _INTERVAL_SEC:
            told_at = time.monotonic()
            LOG.info("exporting: %s", describe_progress(n, total, told_at - started))
