"""What is done for speed is left out and put back, and outputs are compared before anything is timed."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from benchmark_arithmetic import main
from benchmarks.measured.trial import Worker, turns, verify
from benchmarks.measured.tricks import TRICKS, Side, exchanged
from litcoin_batch.model.layers import reader
from litcoin_batch.schema import Annotation, ContractError
from tiny_models import documents, tiny_checkpoint

BY_SENTENCE = next(trick for trick in TRICKS if trick.name == "mention pairs by sentence")
IN_32_BITS = replace(BY_SENTENCE, used=Side("float32"), left_out=replace(BY_SENTENCE.left_out, precision="float32"))


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    return Worker(str(tiny_checkpoint("rnn", tmp_path_factory.mktemp("tricks"))), documents())


def test_both_sides_are_measured_in_turns_and_all_is_put_back(worker):
    before = reader._is_worth_joining
    found = verify(worker, IN_32_BITS)
    assert found["rows"] > 10 and (found["same"], found["apart"] < 1e-4) == (1.0, True)
    rows = list(turns(worker, [IN_32_BITS], 2))
    assert [(row["turn"], row["side"]) for row in rows] == [(1, "used"), (1, "left out"), (2, "left out"), (2, "used")]
    assert all(row["documents"] == len(documents()) and row["cpu_sec"] > 0 for row in rows)
    assert reader._is_worth_joining is before


def test_nothing_is_timed_where_outputs_differ(worker):
    deaf = Side(
        "float32",
        computing=lambda one: exchanged(one, "_annotate_batch", lambda some, *_: [Annotation(d.pmid) for d in some]),
    )
    with pytest.raises(ContractError, match="0.0000 of the rows are the same"):
        verify(worker, replace(IN_32_BITS, left_out=deaf))


def test_the_command_says_what_a_trick_is_worth(worker, tmp_path):
    output = tmp_path / "rows.jsonl"
    given = ["--checkpoint", worker.name, "--size", "3", "--repeats", "2", "--output", str(output)]
    done = CliRunner().invoke(main, [*given, "--trick", "own steps of recurrences"])
    assert done.exit_code == 0, done.output
    assert "| own steps of recurrences |" in done.output
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row.get("side") for row in rows] == [None, "used", "left out", "left out", "used"]
    assert all({"date", "commit", "cpu", "model_id"} <= row.keys() for row in rows)
