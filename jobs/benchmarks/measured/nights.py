"""What a night costs beside the model, in warehouses of several sizes: nothing new, and a few documents changed."""

from __future__ import annotations

import itertools
import os
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyspark.sql import Row, SparkSession

from benchmarks.corpus import CITATIONS_PER_FILE, FIRST_PMID, Corpus, write_pubmed
from benchmarks.measured.filled import fill
from benchmarks.measured.sessions import jvm_pid
from benchmarks.processes import descendants, watch_cpu
from benchmarks.tasks import watch_work
from litcoin_batch.schema import Annotation, Document, Evidence, Mention, Relation
from litcoin_batch.warehouse.nightly import maintenance
from litcoin_batch.warehouse.nightly.pipeline import How, Inputs, annotate_files
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.opening import open_warehouse
from litcoin_batch.warehouse.tables.spark_views import register_views

MODEL_ID = "free-1"
# What the shipped models find in an abstract, about.
_MENTIONS, _RELATIONS = 12, 6
_N_CONCEPTS = 200_000
# Of a million documents, so many relations have it: some hundred thousands, 14,819, 18.
GENES = ("FREE:1", "FREE:100", "FREE:100000")
_WORD = re.compile(r"\w{4,}")
# Of the documents of a night that changes something; the others are revised.
_SHARE_NEW, _SHARE_DELETED = 0.2, 0.05
# NLM's names: a baseline of this year, and what follows it.
_YEAR = 98


class FreeAnnotator:
    """Says as much as a model does and computes nothing, so that what is measured is the warehouse."""

    model_id = MODEL_ID

    def annotate(self, documents: Sequence[Document]) -> list[Annotation]:
        return [_annotation(document) for document in documents]


def _annotation(document: Document) -> Annotation:
    text = document.text
    words = [m for m, _ in zip(_WORD.finditer(text), range(_MENTIONS), strict=False)]
    mentions = tuple(
        Mention(
            start=m.start(),
            end=m.end(),
            type="GeneOrGeneProduct",
            text=m[0],
            entity_ids=(_concept(document.pmid, i),),
            score=0.9,
        )
        for i, m in enumerate(words)
    )
    ids = sorted({m.entity_ids[0] for m in mentions})[: _RELATIONS + 1]
    evidence = (Evidence(0, min(120, len(text)), text[:120]),)
    relations = tuple(
        Relation(
            entity_1_id=a, entity_2_id=b, type="Association", novel=False, score=0.8, novel_score=0.6, evidence=evidence
        )
        for a, b in itertools.pairwise(ids)
    )
    return Annotation(document.pmid, mentions, relations)


def _concept(pmid: int, number: int) -> str:
    """Concept n is n times as rare as the first, as words are, and genes."""
    return f"FREE:{int(_N_CONCEPTS ** (zlib.crc32(f'{pmid} {number}'.encode()) / 2**32))}"


@dataclass(frozen=True)
class FreeLoader:
    """Loads the model that computes nothing."""

    def __call__(self) -> FreeAnnotator:
        return FreeAnnotator()


@dataclass
class Mirror:
    """A folder of NLM's files that grows, and the warehouse that follows it."""

    spark: SparkSession
    corpus: Corpus
    folder: Path
    n_documents: int
    n_files: int = 0

    def write_baseline(self) -> None:
        documents, some = self.corpus.documents(self.n_documents), []
        for document in documents:
            some.append(document)
            if len(some) == CITATIONS_PER_FILE:
                self._write(some)
                some = []
        if some:
            self._write(some)

    def fill(self) -> dict:
        """The same tables as after the baseline, but written straight: nights are measured, not what comes before them."""
        started, worked = time.perf_counter(), time.process_time()
        if not (self.folder / "warehouse").is_dir():  # else it was kept
            fill(self.folder / "warehouse", self.corpus, self.n_documents, _N_CONCEPTS, MODEL_ID, _YEAR)
        # What the night reads begins behind the files of the baseline.
        self.n_files = -(-self.n_documents // CITATIONS_PER_FILE)
        self.write_changes(20, -1)
        return {"sec": time.perf_counter() - started, "cpu_sec": time.process_time() - worked}

    def write_changes(self, n: int, night: int) -> None:
        """``n`` documents spread over the whole warehouse: most revised, some new, some deleted."""
        n_new, n_deleted = int(n * _SHARE_NEW), int(n * _SHARE_DELETED)
        n_old = n - n_new
        old = [FIRST_PMID + (i * self.n_documents // n_old + night) % self.n_documents for i in range(n_old)]
        texts = list(self.corpus.documents(n))
        revised = [
            replace(d, pmid=pmid, title=f"{d.title} (revised in night {night})")
            for d, pmid in zip(texts, old[n_deleted:], strict=False)
        ]
        new = [replace(d, pmid=FIRST_PMID + 100_000_000 + night * n + i) for i, d in enumerate(texts[:n_new])]
        self._write([*revised, *new], deleted=old[:n_deleted])

    def _write(self, documents: Sequence[Document], deleted: Sequence[int] = ()) -> None:
        self.n_files += 1
        files = self.folder / "files"
        files.mkdir(parents=True, exist_ok=True)
        write_pubmed(documents, files / f"pubmed{_YEAR}n{self.n_files:04d}.xml.gz", deleted)

    def apply(self) -> dict:
        """One night: seconds in all and by step, and what came of the records."""
        with watch_work(self.spark) as work, watch_cpu(self._root()) as worked:
            started = time.perf_counter()
            with Run(self.spark, str(self.folder / "warehouse")) as run:
                record = annotate_files(run, Inputs([str(self.folder / "files")]), FreeLoader(), MODEL_ID, How())
            sec = time.perf_counter() - started
        return {"sec": sec, "cpu_sec": worked.sec, **work.told(), **_told(record)}

    def compact(self) -> dict:
        with watch_work(self.spark) as work, watch_cpu(self._root()) as worked:
            started = time.perf_counter()
            with Run(self.spark, str(self.folder / "warehouse")) as run:
                maintenance.compact(run)
            sec = time.perf_counter() - started
        return {"sec": sec, "cpu_sec": worked.sec, **work.told()}

    def _root(self) -> int:
        """Of this process, Spark's JVM and its workers the topmost: spark-submit's JVM is above this process."""
        jvm = jvm_pid(self.spark)
        return jvm if os.getpid() in descendants(jvm) else os.getpid()

    def ask(self, gene: str) -> dict:
        """What DuckDB takes for all relations of one gene, once the views are open."""
        with open_warehouse(str(self.folder / "warehouse")) as connection:
            started, worked = time.perf_counter(), time.process_time()
            select = "SELECT * FROM relations WHERE entity_1_id = $gene OR entity_2_id = $gene"
            n = len(connection.execute(select, {"gene": gene}).fetchall())
            took = {"sec": time.perf_counter() - started, "cpu_sec": time.process_time() - worked}
        return {**took, "gene": gene, "relations": n}

    def read(self) -> dict:
        """What the shipped views take for all current relations."""
        register_views(self.spark, str(self.folder / "warehouse"))
        started = time.perf_counter()
        n = self.spark.sql("SELECT count(*), sum(length(entity_1_id)) FROM relations").first()[0]
        return {"sec": time.perf_counter() - started, "relations": n}

    def n_bytes(self) -> int:
        return sum(path.stat().st_size for path in (self.folder / "warehouse").rglob("*.parquet"))


def _told(record: Row) -> dict:
    fates = ("annotated", "unchanged", "without_text", "deleted", "superseded", "rejected")
    return {
        "documents": record.n_records,
        **{f"n_{fate}": record[f"n_{fate}"] for fate in fates},
        "steps": record.durations_sec,
    }


def measure_nights(
    mirrors: Sequence[Mirror], changes: Sequence[int], repeats: int, *, filled: bool = False
) -> Iterator[dict]:
    """A row for each night, in turns: every turn has a night of each kind in each warehouse. Turn 0 warms up.

    ``changes``: documents that change in a night. ``filled``: no baseline is applied, tables are written straight (and a
    night of 20 documents warms up). At last what a compaction is worth.
    """
    for mirror in mirrors:
        size = {"size": mirror.n_documents, "turn": 0}
        if filled:
            yield {"what": "filled", **size, **mirror.fill(), "n_bytes": mirror.n_bytes()}
            yield {"what": "first night", **size, **mirror.apply()}
        else:
            mirror.write_baseline()
            yield {"what": "baseline", **size, **mirror.apply(), "n_bytes": mirror.n_bytes()}
    for turn in range(repeats + 1):
        for mirror in mirrors:
            size = {"size": mirror.n_documents, "turn": turn}
            yield {"what": "nothing new", **size, **mirror.apply()}
            for number, n_changed in enumerate(changes):
                if n_changed > mirror.n_documents:
                    continue
                mirror.write_changes(n_changed, turn * len(changes) + number)
                before = mirror.n_bytes()
                yield {"what": f"{n_changed} changed", **size, **mirror.apply(), "n_bytes": mirror.n_bytes() - before}
            yield {"what": "read", **size, **mirror.read()}
    for mirror in mirrors:
        size = {"size": mirror.n_documents, "turn": repeats}
        for gene in GENES:
            yield {"what": "one gene", **size, **mirror.ask(gene)}
        yield {"what": "compaction", **size, **mirror.compact(), "n_bytes": mirror.n_bytes()}
        for gene in GENES:
            yield {"what": "one gene, compacted", **size, **mirror.ask(gene)}
