"""What is measured, in turns: every turn measures everything once, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.config import BenchmarkConfig
from benchmarks.corpus import Corpus, balanced, write_files
from benchmarks.measured.documented import WAYS, by_ours, is_transformer, save_tagger
from benchmarks.measured.loops import measure_bare_encoder, measure_pair_marker
from benchmarks.measured.sessions import Job, Sessions, run_ingest, run_job, timed_ways
from benchmarks.measured.stages import Arithmetic, compare_precisions, measure_stages

THREADS = 1  # of one task


@dataclass
class Bench:
    """``folder``: where files and tables of the measurements lie while they are needed."""

    config: BenchmarkConfig
    corpus: Corpus
    folder: Path
    sessions: Sessions = field(default_factory=Sessions)

    def __post_init__(self) -> None:
        n_files = 2 * max(self.config.cores)
        self.files = {
            size: tuple(
                str(path)
                for path in write_files(self.corpus.documents(size), self.folder / f"{size}", balanced(size, n_files))
            )
            for size in self.config.sizes
        }
        # A few for each core: enough that every worker loads the model.
        n = 4 * max(self.config.cores)
        self.few = tuple(
            str(path) for path in write_files(self.corpus.documents(n), self.folder / "few", balanced(n, n_files))
        )

    def turns(self) -> Iterator[dict]:
        """A row for each measurement; turn 0 warms up and is not to be counted."""
        for turn in range(self.config.repeats + 1):
            for name, settings, measure in self.measurements():
                started = time.time()
                yield {"turn": turn, "what": name, **settings, "at": started, **measure()}
        self.sessions.close()

    def measurements(self) -> Iterator[tuple[str, dict, Callable[[], dict]]]:
        """In order of the number of cores, as a session belongs to one."""
        c = self.config
        large = self.files[max(c.sizes)]
        for cores in c.cores:
            for checkpoint in c.checkpoints:
                yield (
                    "cold start",
                    {"checkpoint": checkpoint, "cores": cores},
                    partial(self._cold_start, self._arithmetic(checkpoint), cores),
                )
                for size in c.sizes:
                    job = Job(self._arithmetic(checkpoint), self.files[size], c.partitions)
                    yield (
                        "job",
                        {"checkpoint": checkpoint, "cores": cores, "size": size},
                        partial(run_job, self.sessions, cores, job, self.folder / "warehouse"),
                    )
            yield "ingest", {"cores": cores, "size": max(c.sizes)}, partial(run_ingest, self.sessions, cores, large)
        for checkpoint in c.checkpoints:
            for precision in c.precisions:
                a = self._arithmetic(checkpoint, precision)
                given = {"checkpoint": checkpoint, "precision": precision, "size": min(c.sizes)}
                small = self.files[min(c.sizes)]
                yield "bare encoder", given, partial(measure_bare_encoder, a, small, THREADS)
                yield "stages", given, partial(measure_stages, a, small, THREADS, 2_000)
            a = self._arithmetic(checkpoint)
            yield (
                "pair marker",
                {"checkpoint": checkpoint},
                partial(measure_pair_marker, a, self.files[min(c.sizes)], THREADS, c.pair_marker_documents),
            )
            if is_transformer(checkpoint):
                yield "recognition", {"checkpoint": checkpoint, "cores": max(c.cores)}, partial(self._recognition, a)

    def agreements(self) -> Iterator[dict]:
        """What other precisions find, against the default's."""
        c = self.config
        for checkpoint in c.checkpoints:
            for precision in c.precisions[1:]:
                one, other = self._arithmetic(checkpoint), self._arithmetic(checkpoint, precision)
                found = compare_precisions(one, other, self.files[min(c.sizes)][:1])
                yield {"what": "agreement", "checkpoint": checkpoint, "precision": precision, **found}

    def _cold_start(self, arithmetic: Arithmetic, cores: int) -> dict:
        """A first, small job: workers start and load the model, which those of the jobs that follow have."""
        _, session_sec = self.sessions.open(cores)
        row = run_job(self.sessions, cores, Job(arithmetic, self.few, None), self.folder / "warehouse")
        return {"documents": row["documents"], "sec": row["sec"], "session_sec": session_sec}

    def _arithmetic(self, checkpoint: str, precision: str | None = None) -> Arithmetic:
        c = self.config
        return Arithmetic(checkpoint, precision or c.precisions[0], c.device, c.batch_pieces)

    def _recognition(self, arithmetic: Arithmetic) -> dict:
        cores = max(self.config.cores)
        spark, _ = self.sessions.open(cores)
        tagger = self.folder / f"tagger-{arithmetic.checkpoint.replace('/', '-')}"
        if not tagger.exists():
            save_tagger(arithmetic.checkpoint, tagger)
        rows = [(d.pmid, d.title, d.abstract) for d in self.corpus.documents(self.config.recognition_documents)]
        small, large = (
            spark.createDataFrame(some, "pmid bigint, title string, abstract string").localCheckpoint()
            for some in (rows[: 4 * cores], rows)
        )
        ways = {"ours": lambda documents: by_ours(documents, arithmetic, cores)}
        ways |= {name: partial(way, folder=str(tagger), partitions=cores) for name, way in WAYS.items()}
        return {"documents": len(rows), "sec_by_way": timed_ways(ways, small, large)}
