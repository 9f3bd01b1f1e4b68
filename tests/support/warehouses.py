"""Runs with the model of ``fake_model``, and warehouses made by hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fake_model import MODEL_ID, FakeLoader
from litcoin_batch.warehouse.files.storage import Storage
from litcoin_batch.warehouse.nightly.pipeline import How, Inputs, annotate_files
from litcoin_batch.warehouse.nightly.quality_gates import Gates
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.schemas import BY_MODEL, SCHEMAS, arrow_schema
from litcoin_batch.warehouse.tables.snapshots import DataFile, Snapshot, Snapshots

OPEN = Gates(max_reject_share=1.0, max_drop=1.0)


def annotate(spark, warehouse, *paths, run_id=None, partitions=2, model_id=MODEL_ID, loader=None, gates=OPEN, **inputs):
    """One run; returns its record."""
    asked = Inputs([str(path) for path in paths], **inputs)
    with Run(spark, str(warehouse), run_id) as run:
        return annotate_files(run, asked, loader or FakeLoader(model_id), model_id, How(partitions, gates=gates))


def write_warehouse(spark, folder: Path, rows: dict[str, list[dict]], model_id: str = MODEL_ID) -> Snapshot:
    """One file for each table, and the snapshot that lists them."""
    tables = {}
    for table, schema in SCHEMAS.items():
        (folder / table).mkdir(parents=True)
        path = folder / table / "run-1.part-00000.parquet"
        stamped = [{**row, "run_id": "run-1"} for row in rows.get(table, ())]
        pq.write_table(pa.Table.from_pylist(stamped, arrow_schema(schema)), path)
        tables[table] = (DataFile(path.name, path.stat().st_size, model_id if table in BY_MODEL else None),)
    return Snapshots(Storage(spark, str(folder))).publish(Snapshot(1, 0, "run-1", "run", model_id, tables=tables))
