"""Does a long run stay as fast, as even and as small as a short one?

    spark-submit --driver-memory 4g jobs/benchmark_scale.py --documents abstracts.jsonl.gz --ingest 1000000 --annotate 200000 --output scale

So many documents are read and counted, and so many go through the whole job, files to published tables. Texts that are
too few are repeated under new PMIDs with the words of every sentence shuffled, so that nothing is met twice.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.corpus import CITATIONS_PER_FILE, read_corpus, write_files
from benchmarks.environment import environment
from benchmarks.measured.sessions import Job, Sessions, run_ingest, run_job
from benchmarks.measured.stages import Arithmetic
from litcoin_batch.commands.terminal import as_written
from litcoin_batch.reports.page import Page, table
from litcoin_batch.reports.speed import memory_over_time
from litcoin_batch.schema import ConfigError, ContractError


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 100})
@click.option("--documents", metavar="FILE", help="Abstracts to measure with (default: the embedded sample, repeated).")
@click.option("--ingest", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="Documents to read.")
@click.option(
    "--annotate", type=click.IntRange(min=1), default=200_000, show_default=True, help="Documents for the whole job."
)
@click.option("--checkpoint", default="rnn", show_default=True, metavar="NAME_OR_DIR")
@click.option("--cores", type=click.IntRange(min=1), default=os.cpu_count(), show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder for scale.jsonl and scale.html.",
)
def main(documents: str | None, ingest: int, annotate: int, checkpoint: str, cores: int, output: Path) -> None:
    logging.getLogger("py4j").setLevel(logging.WARNING)
    output.mkdir(parents=True, exist_ok=True)
    sessions = Sessions()
    try:
        corpus = read_corpus(documents)
        with TemporaryDirectory(prefix="litcoin-batch-") as folder, (output / "scale.jsonl").open("w") as stream:
            around = environment(("torch", "pyspark", "pyarrow"))
            stream.write(json.dumps({"environment": around, "corpus": corpus.name, "texts": len(corpus.texts)}) + "\n")
            for name, n in (("ingest", ingest), ("job", annotate)):
                paths = [
                    str(path) for path in write_files(corpus.documents(n), Path(folder) / name, CITATIONS_PER_FILE)
                ]
                given = {"what": name, "cores": cores, "checkpoint": checkpoint}
                if name == "ingest":
                    row = given | run_ingest(sessions, cores, paths)
                else:
                    job = Job(Arithmetic(checkpoint), tuple(paths), None)
                    row = given | run_job(sessions, cores, job, Path(folder) / "warehouse")
                stream.write(json.dumps(row) + "\n")
                stream.flush()
                click.echo(_told(row))
    except (ConfigError, ContractError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    finally:
        sessions.close()
    page = Page(
        "Scale",
        f"{around['cpu']}, {around['n_cores']} cores, {around['date']}, commit {around['commit']}; documents: {corpus.name}.",
    )
    page.add("The whole job", table(("figure", "value"), list(_facts(row).items()), "Figures"))
    page.add(
        "Memory", memory_over_time(row["memory_over_time"], f"{checkpoint}, {annotate:,} documents, {cores} cores")
    )
    (output / "scale.html").write_text(page.render())


def _told(row: dict) -> str:
    return "; ".join(f"{name} {value}" for name, value in {"": row["what"], **_facts(row)}.items()).strip()


def _facts(row: dict) -> dict[str, str]:
    facts = {
        "documents": f"{row['documents']:,}",
        "seconds": f"{row['sec']:.0f}",
        "documents per second": f"{row['documents'] / row['sec']:,.0f}",
    }
    if row["what"] == "job":
        sizes = row["file_bytes"]
        facts |= {
            "tasks": str(row["n_tasks"]),
            "longest / median task": f"{row['balance']:.2f}",
            "workers' memory, last by second quarter of the time": f"{row['memory_growth']:.3f}"
            if row["memory_growth"]
            else "unknown",
            "peak of a worker, MB": f"{row['memory']['worker_bytes'] / 1e6:,.0f}",
            "peak of the JVM, MB": f"{row['memory']['jvm_bytes'] / 1e6:,.0f}",
            "files": str(len(sizes)),
            "files' sizes, MB": f"{min(sizes) / 1e6:.1f} to {max(sizes) / 1e6:.1f}",
        }
    return facts


if __name__ == "__main__":
    main()
