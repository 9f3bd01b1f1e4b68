"""The checkpoints that come with the package: all three, small, sound, and as good as their cards say."""

import json

import pytest

from litcoin_batch.config import DEFAULT_CHECKPOINT
from litcoin_batch.model.annotator import Annotator
from litcoin_batch.model.checkpoint import Checkpoint, resolve_checkpoint, verify_checkpoint
from litcoin_batch.readers import read_gold
from litcoin_batch.scoring import score_mentions
from training.learning.evaluation import evaluate, headline

NAMES = ("rnn", "lstm", "transformer")
# The least of NER, pair, pair and type, and novelty F1 on BioRED Dev that each is worth shipping for.
LEAST = {"rnn": (0.72, 0.46, 0.31, 0.23), "lstm": (0.78, 0.52, 0.36, 0.27), "transformer": (0.85, 0.62, 0.46, 0.36)}


def test_three_are_there_and_small():
    root = resolve_checkpoint("lstm").parent
    assert sorted(path.name for path in root.iterdir()) == sorted(NAMES)
    assert sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) <= 45_000_000


@pytest.mark.parametrize("name", NAMES)
def test_each_is_sound_and_kept_from_the_test_set(name):
    folder = resolve_checkpoint(name)
    assert verify_checkpoint(folder).startswith(f"{name}-")
    stage, n_stages = Checkpoint.load(folder).config.training, 0
    while stage is not None:
        # fold_train and fold_dev are Train and BC8 (training/hold_out.py).
        assert stage["train_files"] in (["Train.PubTator"], ["fold_train.PubTator"])
        assert "test_pmids.txt" in stage["exclude_pmids"]
        assert stage["dev_files"] in (["Dev.PubTator"], ["fold_dev.PubTator"])
        if stage["train_files"] == ["fold_train.PubTator"]:
            assert "dev_pmids.txt" in stage["exclude_pmids"] and stage["dev_files"] == ["fold_dev.PubTator"]
        stage, n_stages = stage.get("first_stage"), n_stages + 1
    assert n_stages >= 2


def test_the_best_is_the_default():
    levels = ("ner", "pair", "pair_type", "pair_type_novelty")
    figures = {name: [kept_scores(name)[level] for level in levels] for name in NAMES}
    for name, values in figures.items():
        assert all(value >= least for value, least in zip(values, LEAST[name], strict=True)), (name, values)
    assert max(NAMES, key=lambda name: sum(figures[name])) == DEFAULT_CHECKPOINT


@pytest.mark.parametrize("name", NAMES)
def test_its_own_figures_come_out_again(name, shared_data):
    documents = read_gold(shared_data / "biored" / "Dev.PubTator")
    found = Annotator.load(name, device="cpu", precision="float32").annotate(documents)
    score = score_mentions([d.gold for d in documents], found)
    assert score.micro.f1 == pytest.approx(kept_scores(name)["ner"], abs=0.001)


# F1 that a faster way of computing may cost at any level.
MOST_LOST = 0.003


@pytest.mark.parametrize("name", NAMES)
def test_the_fastest_arithmetic_of_this_processor_costs_next_to_nothing(name, shared_data):
    fast = headline(
        evaluate(
            Annotator.load(name, device="cpu", precision="auto"), read_gold(shared_data / "biored" / "Dev.PubTator")
        )
    )
    kept = kept_scores(name)
    lost = {level: kept[level] - fast[level] for level in ("ner", "pair", "pair_type", "pair_type_novelty")}
    assert max(lost.values()) <= MOST_LOST, lost


def kept_scores(name):
    return headline(json.loads((resolve_checkpoint(name) / "metrics.json").read_text()))
