"""What does a night's change cost in a table format? Rows replaced in a table of relations, in four ways.

    python jobs/benchmark_formats.py --rows 1000000 --changed 1000 --changed 20000 --output formats.jsonl

append    new rows added to a Delta table, the old ones named in a second one: as the warehouse does
merge     Delta's merge by delta-rs, which writes anew each file that holds a changed row
iceberg   pyiceberg's overwrite of the changed documents, which does so, too (needs pyiceberg and sqlalchemy)
read      after it: all rows of one gene, by DuckDB over the files that the table's log names

No Spark and no model: the same rows for all, sorted by document, the changed ones spread over the whole table.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from benchmarks.environment import environment
from litcoin_batch.commands.terminal import as_written

PER_DOCUMENT, N_GENES, FILE_ROWS = 6, 20_000, 250_000


def relations(pmids: np.ndarray, run_id: str) -> pa.Table:
    """``PER_DOCUMENT`` rows of each document; the sentences differ as real ones do, so that they take room."""
    rows = np.repeat(pmids, PER_DOCUMENT)
    rng = np.random.default_rng(int(pmids[0]) + len(rows))
    genes, others = (rng.zipf(1.3, len(rows)) % N_GENES for _ in range(2))
    words = pa.array([f"word{n}" for n in range(3_000)])
    picked = [words.take(pa.array(rng.integers(0, 3_000, len(rows)))) for _ in range(12)]
    return pa.table(
        {
            "pmid": pa.array(rows),
            "entity_1_id": pc.cast(pa.array(genes), pa.string()),
            "entity_2_id": pc.binary_join_element_wise("D", pc.cast(pa.array(others), pa.string()), ""),
            "type": pa.array(np.array(["Association", "Bind", "Positive_Correlation"])[others % 3]),
            "score": pa.array(rng.random(len(rows))),
            "evidence": pc.binary_join_element_wise(*picked, " "),
            "number": pa.array(np.tile(np.arange(PER_DOCUMENT), len(pmids))),
            "run_id": pa.array([run_id] * len(rows)),
        }
    )


class Delta:
    """``merge`` rewrites, else rows are appended and the old ones named."""

    def __init__(self, folder: Path, rows: pa.Table, *, merge: bool) -> None:
        self.folder, self.merge = folder, merge
        for start in range(0, len(rows), FILE_ROWS):
            write_deltalake(str(folder / "relations"), rows.slice(start, FILE_ROWS), mode="append")
        if not merge:
            write_deltalake(str(folder / "retired"), _retired(rows.slice(0, 0), ""), mode="append")

    def change(self, rows: pa.Table) -> None:
        if not self.merge:
            write_deltalake(str(self.folder / "relations"), rows, mode="append")
            write_deltalake(str(self.folder / "retired"), _retired(rows, "base"), mode="append")
            return
        same = "old.pmid = new.pmid AND old.number = new.number"
        merger = DeltaTable(str(self.folder / "relations")).merge(rows, same, source_alias="new", target_alias="old")
        merger.when_matched_update_all().execute()

    def read(self, gene: str) -> int:
        files = DeltaTable(str(self.folder / "relations")).file_uris()
        gone = "" if self.merge else _anti_join(DeltaTable(str(self.folder / "retired")).file_uris())
        return _count(files, gene, gone)


class Iceberg:
    """A table in a catalogue of SQLite."""

    def __init__(self, folder: Path, rows: pa.Table) -> None:
        self.expressions = importlib.import_module("pyiceberg.expressions")
        catalog = importlib.import_module("pyiceberg.catalog.sql").SqlCatalog(
            "local", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}"
        )
        catalog.create_namespace("w")
        self.table = catalog.create_table("w.relations", schema=rows.schema)
        for start in range(0, len(rows), FILE_ROWS):
            self.table.append(rows.slice(start, FILE_ROWS))

    def change(self, rows: pa.Table) -> None:
        self.table.overwrite(rows, overwrite_filter=self.expressions.In("pmid", rows["pmid"].unique().to_pylist()))

    def read(self, gene: str) -> int:
        files = [task.file.file_path.removeprefix("file://") for task in self.table.scan().plan_files()]
        return _count(files, gene, "")


def _retired(rows: pa.Table, written_by: str) -> pa.Table:
    pmids = rows["pmid"].unique()
    return pa.table({"pmid": pmids, "written_by": pa.array([written_by] * len(pmids), pa.string())})


def _anti_join(files: list[str]) -> str:
    return f"AND NOT EXISTS (SELECT 1 FROM read_parquet({files}) x WHERE x.pmid = s.pmid AND x.written_by = s.run_id)"


def _count(files: list[str], gene: str, more: str) -> int:
    with duckdb.connect() as connection:
        select = f"SELECT count(*), max(length(evidence)) FROM read_parquet({files}) s WHERE entity_1_id = ? {more}"
        return connection.execute(select, [gene]).fetchone()[0]


def timed(work: Callable[[], object]) -> tuple[dict[str, float], object]:
    """Seconds by the clock, and those that processors worked: of a machine with other work the latter say more."""
    started, worked = time.perf_counter(), time.process_time()
    found = work()
    return {"sec": time.perf_counter() - started, "cpu_sec": time.process_time() - worked}, found


def n_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(n_rows: int, changed: tuple[int, ...], with_iceberg: bool) -> Iterator[dict]:
    """A row for each way and number of changed rows; every way has to answer alike afterwards."""
    pmids = np.arange(1, n_rows // PER_DOCUMENT + 1) * 7
    base = relations(pmids, "base")
    ways: dict[str, Callable[[Path], Delta | Iceberg]] = {
        "append": lambda folder: Delta(folder, base, merge=False),
        "merge": lambda folder: Delta(folder, base, merge=True),
        **({"iceberg": lambda folder: Iceberg(folder, base)} if with_iceberg else {}),
    }
    for n_changed in changed:
        n_documents = n_changed // PER_DOCUMENT
        new = relations(pmids[np.arange(n_documents) * len(pmids) // n_documents], "night")
        answers = set()
        for name, make in ways.items():
            with TemporaryDirectory(prefix="litcoin-batch-") as place:
                table = make(Path(place))
                before = n_bytes(Path(place))
                took, _ = timed(lambda: table.change(new))  # noqa: B023
                added = n_bytes(Path(place)) - before
                read, n_found = timed(lambda: table.read("1"))  # noqa: B023
            answers.add(n_found)
            yield {
                "way": name,
                "rows": len(base),
                "changed": len(new),
                **took,
                "n_bytes_written": added,
                "table_bytes": before,
                "read_sec": read["sec"],
                "read_cpu_sec": read["cpu_sec"],
                "found": n_found,
            }
        if len(answers) != 1:
            raise click.ClickException(f"{n_changed} changed: the ways do not answer alike: {answers}")


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 110})
@click.option("--rows", type=click.IntRange(min=1_000), default=1_000_000, show_default=True)
@click.option("--changed", type=click.IntRange(min=6), multiple=True, default=(1_000, 20_000), show_default=True)
@click.option("--iceberg", is_flag=True, help="With pyiceberg, which no extra brings.")
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON lines.")
def main(rows: int, changed: tuple[int, ...], iceberg: bool, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("w") as stream:
        stream.write(json.dumps({"environment": environment(("deltalake", "duckdb", "pyarrow"))}) + "\n")
        for row in measure(rows, changed, iceberg):
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            click.echo(
                f"{row['way']:8s} {row['changed']:>8,} of {row['rows']:,} rows  {row['sec']:8.2f} s, {row['cpu_sec']:7.2f} of a CPU"
                f"  {row['n_bytes_written'] / 1e6:8.2f} MB written  {row['read_sec']:6.2f} s, {row['read_cpu_sec']:5.2f} of a CPU"
                " to read one gene"
            )


if __name__ == "__main__":
    main()
