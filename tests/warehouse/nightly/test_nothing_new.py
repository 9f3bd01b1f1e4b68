"""A night whose files were all applied before writes its row of ``runs``, and nothing else."""

from __future__ import annotations

from citations import citation, write_file
from html_page import Reader
from litcoin_batch.reports.night import night_page
from litcoin_batch.warehouse.nightly import night_report
from litcoin_batch.warehouse.nightly.runs import Run
from litcoin_batch.warehouse.tables.summary import summarise
from warehouses import annotate


def test_it_leaves_the_tables_alone_and_says_so(spark, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    write_file(files, "pubmed26n0001.xml", citation(1, "aspirin and gene"))
    write_file(files, ".pubmed26n0002.xml", citation(2, "aspirin and gene"))
    first = annotate(spark, tmp_path / "w", files, run_id="night-1")
    before = {path for path in (tmp_path / "w").rglob("*.parquet") if "runs" not in path.parts}

    second = annotate(spark, tmp_path / "w", files, run_id="night-2")
    assert second.tables == first.tables and len(second.tables) > 5
    assert before == {path for path in (tmp_path / "w").rglob("*.parquet") if "runs" not in path.parts}
    assert (second.run_number, second.n_records, second.n_files, second.n_files_applied_before) == (2, 0, 0, 1)
    assert (second.model_id, second.baseline, second.sources) == (first.model_id, 26, [])
    # What was passed over is told every night.
    assert second.configuration["notes"] == first.configuration["notes"] and "1" in second.configuration["notes"]

    with Run(spark, str(tmp_path / "w")) as run:
        page = Reader(night_page(night_report.describe(run.stored, second)))
    assert page.tables["The last runs, newest first"][1][:2] == ["night-2", "0"]
    assert "0 read, 1 applied before" in summarise(spark, str(tmp_path / "w"), second)

    write_file(files, "pubmed26n0003.xml", citation(3, "aspirin and gene"))
    third = annotate(spark, tmp_path / "w", files, run_id="night-3")
    assert (third.n_annotated, third.n_files_applied_before) == (1, 1)
