"""The card of a checkpoint names what it learnt from."""

import json
from pathlib import Path

import pytest

import litcoin_batch
from litcoin_batch.model.checkpoint import Checkpoint
from litcoin_batch.schema import ConfigError
from training.describe_checkpoint import read_sources
from training.learning.model_card import write_model_card

ROOT = Path(__file__).parents[3]


def test_the_card_lists_each_corpus_with_its_licence(tmp_path):
    shipped = Path(litcoin_batch.__file__).parent / "checkpoints" / "rnn"
    figures = json.loads((shipped / "metrics.json").read_text())
    sources = read_sources(("My corpus=CC0 1.0",), (ROOT / "conf" / "auxiliary_relations.yaml",))
    write_model_card(tmp_path, Checkpoint.load(shipped).config, figures | {"sources": sources})
    rows = (tmp_path / "README.md").read_text().splitlines()
    start = rows.index("| corpus | licence |")
    assert rows[start + 2 : start + 6] == [
        "| My corpus | CC0 1.0 |",
        "| bionlp13 | CC BY-SA 3.0 |",
        "| chemdisgene | CC0 1.0 |",
        "| bc6pm | public domain (NCBI) |",
    ]


@pytest.mark.parametrize("name", ["auxiliary.yaml", "auxiliary_relations.yaml"])
def test_every_corpus_that_is_trained_on_has_a_licence(name):
    assert "not stated" not in read_sources((), (ROOT / "conf" / name,)).values()


def test_a_source_without_a_licence_is_refused():
    with pytest.raises(ConfigError, match="--source 'BioRED': expected NAME=LICENCE"):
        read_sources(("BioRED",), ())
