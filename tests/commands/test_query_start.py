"""A question to tables on a local disk is answered without what only Spark or a model needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from litcoin_batch.commands.front_door import main
from litcoin_batch.warehouse.tables.views import duckdb_script
from warehouses import write_warehouse

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"duckdb", "deltalake", "pyspark", "py4j", "pandas", "numpy", "pyarrow", "torch", "transformers", "boto3"}
ASK = """
import json, sys
from litcoin_batch.commands.front_door import main
try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_duckdb_is_asked_without_starting_anything_else(tmp_path):
    log = write_warehouse(tmp_path / "w", {"relations": [{"pmid": 7, "type": "Bind", "model_id": "fake-1"}]})
    (tmp_path / "w" / "views").mkdir()
    (tmp_path / "w" / "views" / "duckdb.sql").write_text(duckdb_script(log, log.state()))
    question = "SELECT pmid, type FROM relations"
    asked = subprocess.run(
        [sys.executable, "-c", ASK, "query", "--warehouse", str(tmp_path / "w"), "--format", "csv", question],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    *answer, modules = asked.stdout.splitlines()
    assert answer == ["pmid,type", "7,Bind"]
    # Neither a library's log nor a warning comes before the answer.
    assert asked.stderr == ""
    # The engine without the package around it, which takes longer to import than the answer.
    assert "_duckdb" in json.loads(modules)
    assert HEAVY & set(json.loads(modules)) == set()


def test_no_bar_of_progress_stands_in_an_answer(tmp_path):
    # DuckDB would draw it on standard output after two seconds.
    write_warehouse(tmp_path / "w", {})
    question = "SELECT current_setting('enable_progress_bar') AS bar"
    said = CliRunner().invoke(main, ["query", "--warehouse", str(tmp_path / "w"), "--format", "csv", question])
    assert said.stdout == "bar\nFalse\n"


def test_a_name_that_is_no_word_of_the_question_is_found_all_the_same(tmp_path):
    write_warehouse(tmp_path / "w", {"relations": [{"pmid": 7, "type": "Bind", "model_id": "fake-1"}]})
    question = "SELECT pmid FROM query_table('rela' || 'tions')"
    said = CliRunner().invoke(main, ["query", "--warehouse", str(tmp_path / "w"), "--format", "csv", question])
    assert said.stdout == "pmid\n7\n"
