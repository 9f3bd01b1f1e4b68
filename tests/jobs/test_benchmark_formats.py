"""Ways to change a table are measured only where they answer alike."""

from __future__ import annotations

import click
import pytest

import benchmark_formats


def test_appended_and_merged_rows_are_read_alike():
    append, merge = benchmark_formats.measure(3_000, (60,), with_iceberg=False)
    assert (append["way"], merge["way"]) == ("append", "merge")
    assert append["rows"] == 3_000 and append["changed"] == 60
    assert append["found"] == merge["found"] > 0
    assert 0 < append["n_bytes_written"] < merge["n_bytes_written"]


def test_a_way_that_answers_otherwise_is_told(monkeypatch):
    monkeypatch.setattr(benchmark_formats, "_anti_join", lambda files: "")
    with pytest.raises(click.ClickException, match="the ways do not answer alike"):
        list(benchmark_formats.measure(3_000, (1_500,), with_iceberg=False))
