"""Runs with the model of ``fake_model``, and warehouses made by hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from fake_model import MODEL_ID, FakeLoader
from litcoin_batch.warehouse.nightly.pipeline import How, Inputs, annotate_files
from litcoin_batch.warehouse.nightly.quality_gates import QualityGates
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.commits import TableWriter
from litcoin_batch.warehouse.tables.log import ANNOTATE, EMPTY
from litcoin_batch.warehouse.tables.schemas import SCHEMAS, arrow_schema

OPEN = QualityGates(max_reject_share=1.0, max_drop=1.0)


def annotate(spark, warehouse, *paths, run_id=None, partitions=2, model_id=MODEL_ID, loader=None, gates=OPEN, **inputs):
    """One run; returns its record."""
    asked = Inputs([str(path) for path in paths], **inputs)
    with Run(spark, str(warehouse), run_id) as run:
        return annotate_files(run, asked, loader or FakeLoader(model_id), model_id, How(partitions, gates=gates))


def write_warehouse(folder: Path, rows: dict[str, list[dict]], model_id: str = MODEL_ID) -> TableWriter:
    """One file for each table that has rows, and the run that wrote them."""
    log = TableWriter(str(folder))
    log.create()
    versions = {}
    for table, schema in SCHEMAS.items():
        if table == "runs":
            continue
        stamped = [{**row, "run_id": "run-1"} for row in rows.get(table, ())]
        path = folder / table / "run-1-0" / "part-00000.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(stamped, arrow_schema(schema)), path)
        versions[table] = log.add(table, [f"run-1-0/{path.name}"])
    row = {"run_id": "run-1", "run_number": 1, "work": ANNOTATE, "model_id": model_id, "tables": versions}
    log.commit(EMPTY, [row])
    return log
