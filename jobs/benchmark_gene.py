"""What do all relations of one gene cost, and what would another order of the rows be worth?

    python jobs/benchmark_gene.py --warehouse DIR --gene FREE:100 --gene FREE:100000 --output gene.jsonl

stored      the table relations as it lies there, sorted by document, as runs and compactions leave it
small       sorted by document, in groups of 122,880 rows with Bloom filters of the ids
clustered   sorted by the first concept, in such groups

Each is asked by DuckDB, by Polars and by delta-rs, with what its statistics leave of files and groups of rows; the stored one
also by `litcoin-batch query`, a process of its own. A document's relations are asked for beside it: what one order gives, it takes from the other.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import duckdb
import polars
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder, convert_to_deltalake

from benchmarks.environment import environment
from litcoin_batch.commands.terminal import as_written

_GROUP_ROWS = 122_880
_ORDERS = {"small": "pmid, entity_1_id, entity_2_id, type", "clustered": "entity_1_id, entity_2_id, pmid, type"}
_ROOT = Path(__file__).resolve().parents[1]


def rewrite(table: str, order: str, folder: Path, n_files: int) -> str:
    """The same rows in another order, as a Delta table of about as many files."""
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT count(*) FROM read_parquet($files)", {"files": _files(table)}).fetchone()[0]
        connection.execute("SET preserve_insertion_order = true")
        connection.execute(f"CREATE TABLE t AS SELECT * FROM read_parquet({_files(table)}) ORDER BY {order}")
        size = -(-rows // n_files)
        folder.mkdir()
        for n in range(n_files):
            connection.execute(
                f"COPY (SELECT * FROM t LIMIT {size} OFFSET {n * size}) TO '{folder}/part-{n}.parquet'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_GROUP_ROWS})"
            )
    convert_to_deltalake(str(folder))
    return str(folder)


def _files(table: str) -> list[str]:
    return DeltaTable(table).file_uris()


def pruned(table: str, column: str, value: str | int) -> dict[str, int]:
    """Of files and groups of rows, how many there are and how many may hold a row that asks for ``value``."""
    columns = ("entity_1_id", "entity_2_id") if column == "gene" else (column,)
    found = {"files": 0, "groups": 0, "files_left": 0, "groups_left": 0}
    for path in _files(table):
        footer, hits = pq.read_metadata(path), 0
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            ranges = [
                group.column(i).statistics
                for i in range(group.num_columns)
                if group.column(i).path_in_schema in columns
            ]
            hits += any(one is None or not one.has_min_max or one.min <= value <= one.max for one in ranges)
        found["files"] += 1
        found["groups"] += footer.num_row_groups
        found["files_left"] += bool(hits)
        found["groups_left"] += hits
    return found


def ask_duckdb(table: str, column: str, value: str | int) -> int:
    where = "entity_1_id = $value OR entity_2_id = $value" if column == "gene" else f"{column} = $value"
    with duckdb.connect() as connection:
        select = f"SELECT * FROM read_parquet({_files(table)}) WHERE {where}"
        return len(connection.execute(select, {"value": value}).fetchall())


def ask_polars(table: str, column: str, value: str | int) -> int:
    if column == "gene":
        wanted = (polars.col("entity_1_id") == value) | (polars.col("entity_2_id") == value)
    else:
        wanted = polars.col(column) == value
    return len(polars.scan_delta(table).filter(wanted).collect())


def ask_deltalake(table: str, column: str, value: str | int) -> int:
    where = f"entity_1_id = '{value}' OR entity_2_id = '{value}'" if column == "gene" else f"{column} = {value}"
    builder = QueryBuilder().register("relations", DeltaTable(table))
    return builder.execute(f"SELECT * FROM relations WHERE {where}").read_all().num_rows


WAYS: dict[str, Callable[[str, str, str | int], int]] = {
    "duckdb": ask_duckdb,
    "polars": ask_polars,
    "deltalake": ask_deltalake,
}


def ask_command(warehouse: Path, gene: str) -> dict[str, float]:
    """``litcoin-batch query``, start and all; seconds by the clock and of a processor."""
    question = "SELECT * FROM relations WHERE entity_1_id = :gene OR entity_2_id = :gene"
    start = "from litcoin_batch.commands.start import main; main()"
    call = [sys.executable, "-c", start, "query", "--warehouse", str(warehouse)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [*call, "--format", "csv", "--param", f"gene={gene}", question],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"sec": time.perf_counter() - started, "cpu_sec": worked, "rows": done.stdout.count(b"\n") - 1}


def measure(warehouse: Path, genes: tuple[str, ...], folder: Path, repeats: int) -> Iterator[dict]:
    stored = str(warehouse / "relations")
    n_files = len(_files(stored))
    tables = {
        "stored": stored,
        **{name: rewrite(stored, order, folder / name, n_files) for name, order in _ORDERS.items()},
    }
    pmid = pq.ParquetFile(_files(stored)[0]).read_row_group(0, columns=["pmid"])["pmid"][1_000].as_py()
    for column, value in (*(("gene", gene) for gene in genes), ("pmid", pmid)):
        answers = set()
        for name, table in tables.items():
            about = {"table": name, "asked": f"{column} {value}", **pruned(table, column, value)}
            for way, ask in WAYS.items():
                for turn in range(repeats + 1):
                    started, worked = time.perf_counter(), time.process_time()
                    rows = ask(table, column, value)
                    took = {"sec": time.perf_counter() - started, "cpu_sec": time.process_time() - worked}
                    answers.add(rows)
                    if turn:
                        yield {**about, "way": way, "turn": turn, **took, "rows": rows}
        if column == "gene":
            for turn in range(repeats):
                yield {
                    "table": "stored",
                    "asked": f"gene {value}",
                    "way": "litcoin-batch query",
                    "turn": turn + 1,
                    **ask_command(warehouse, str(value)),
                }
        if len(answers) != 1:
            raise click.ClickException(f"{column} {value}: the ways do not answer alike: {answers}")


@click.command(help=as_written(__doc__), context_settings={"max_content_width": 110})
@click.option("--warehouse", type=click.Path(path_type=Path, exists=True), required=True, metavar="DIR")
@click.option("--gene", "genes", multiple=True, required=True, metavar="ID", help="May be repeated.")
@click.option("--repeats", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--output", type=click.Path(path_type=Path), required=True, metavar="FILE", help="JSON lines.")
def main(warehouse: Path, genes: tuple[str, ...], repeats: int, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="litcoin-batch-") as folder, output.open("w") as stream:
        stream.write(json.dumps({"environment": environment(("deltalake", "duckdb", "polars"))}) + "\n")
        for row in measure(warehouse, genes, Path(folder), repeats):
            stream.write(json.dumps(row) + "\n")
            stream.flush()
            left = (
                f"{row['groups_left']} of {row['groups']} groups in {row['files_left']} of {row['files']} files"
                if "groups" in row
                else ""
            )
            click.echo(
                f"{row['table']:10s} {row['asked']:18s} {row['way']:20s} {row['rows']:>8,} rows {row['sec']:7.2f} s"
                f" {row['cpu_sec']:6.2f} of a CPU  {left}"
            )


if __name__ == "__main__":
    main()
