"""Training computes in 16 bits where that is faster, unless it is told."""

from __future__ import annotations

import click
import pytest
import torch
from click.testing import CliRunner

from training.learning.optimisation import bf16_option, in_16_bits


@click.command()
@bf16_option
@click.option("--device", default="cpu")
def said(**options):
    click.echo(in_16_bits(options))


@pytest.mark.parametrize("name, faster", [("AMD EPYC 9R14", True), ("Intel Xeon", False)])
def test_training_takes_16_bits_where_the_processor_is_faster_so(name, faster, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True, "cpu_name": name})
    asked = [CliRunner().invoke(said, given).output.strip() for given in ([], ["--bf16"], ["--no-bf16"])]
    assert asked == [str(faster), "True", "False"]
