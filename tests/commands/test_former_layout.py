"""A warehouse of version 0.1 is refused by every command in one line, and nothing in it is changed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from litcoin_batch.commands.front_door import main

COMMANDS = {
    "annotate": ["annotate", "--checkpoint", "rnn"],
    "query": ["query", "SELECT count(*) FROM relations"],
    "query by spark": ["query", "--engine", "spark", "SELECT count(*) FROM relations"],
    "status": ["maintain", "status"],
    "compact": ["maintain", "compact"],
    "vacuum": ["maintain", "vacuum"],
    "rollback": ["maintain", "rollback", "--to", "2026-11-20"],
    "rollout": ["maintain", "rollout", "--checkpoint", "rnn"],
    "export": ["export", "--format", "jsonl", "--output", "-"],
    "topics": ["topics"],
}


@pytest.fixture
def former(tmp_path):
    """As version 0.1.0 left it: a list of files for each commit, and Parquet files without a log."""
    folder = tmp_path / "warehouse"
    (folder / "snapshots").mkdir(parents=True)
    (folder / "snapshots" / "000000001.json").write_text(
        '{"tables": {"relations": ["relations/run-1/part-0.parquet"]}}'
    )
    (folder / "relations" / "run-1").mkdir(parents=True)
    (folder / "relations" / "run-1" / "part-0.parquet").write_bytes(b"PAR1")
    return folder


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_refuses_it_in_one_line_and_changes_nothing(command, former):
    before = content(former)
    said = CliRunner().invoke(main, [*COMMANDS[command], "--warehouse", str(former)])
    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == (
        f"error: warehouse {former}: its tables are listed in snapshots/*.json, the layout of version 0.1; this version"
        " keeps Delta tables: annotate the same files into a new folder (texts are annotated once more)\n"
    )
    assert content(former) == before and len(before) == 2
