import json
import statistics

import pytest
import torch
from click.testing import CliRunner

from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.readers import read_gold
from tiny_models import TYPE_PAIRS, tiny_model
from toy_gold import write_gold
from training.data.examples import prepare, stack
from training.learning.losses import LossWeights, joint_loss
from training.studies import benchmark_training
from training.studies.benchmark_training import BY_DOCUMENT, BY_PAIR, DECK_ROWS_PER_SEC, OURS, PairByPair

SMALL = (
    "--set",
    "n_pieces=300",
    "--set",
    "pair_width=16",
    "--set",
    "batch_pieces=64",
    "--set",
    "lr=0.01",
    "--no-bf16",
    "--device",
    "cpu",
)


@pytest.fixture
def gold(tmp_path):
    return write_gold(tmp_path / "train.txt", range(100, 108))


def run(gold, output, *more):
    return CliRunner().invoke(
        benchmark_training.main, ["--train", str(gold), "--encoder", "lstm", "--output", str(output), *SMALL, *more]
    )


def test_the_figures_follow_from_the_seconds(gold, tmp_path):
    result = run(gold, tmp_path / "out" / "figures.json", "--documents", "6", "--repeats", "2")
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "out" / "figures.json").read_text())
    turns = figures["turns"]
    # Six documents are three times the same two texts.
    assert (figures["documents"], figures["pairs"] % 3) == (6, 0) and figures["pairs"] > 6
    assert [(t["turn"], t["loop"]) for t in turns] == [
        (turn, loop) for turn in (1, 2) for loop in (BY_PAIR, BY_DOCUMENT, OURS)
    ]
    for turn in turns:
        assert turn["documents_per_sec"] * turn["sec"] == pytest.approx(6)
        assert turn["pairs_per_sec"] * turn["sec"] == pytest.approx(figures["pairs"])
    for loop in (BY_PAIR, BY_DOCUMENT):
        for unit in ("sec", "cpu_sec"):
            spent = {name: [t[unit] for t in turns if t["loop"] == name] for name in (loop, OURS)}
            expected = [slow / fast for slow, fast in zip(spent[loop], spent[OURS], strict=True)]
            ratio = figures["ratio"][loop][unit]
            assert ratio["per_turn"] == pytest.approx(expected)
            assert [ratio[k] for k in ("min", "median", "max")] == pytest.approx(
                [min(expected), statistics.median(expected), max(expected)]
            )


def test_every_loop_lowers_the_same_loss(gold, tmp_path):
    assert run(gold, tmp_path / "figures.json", "--repeats", "1").exit_code == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    after = {t["loop"]: t["loss_after"] for t in figures["turns"]}
    assert len(after) == 3
    assert all(loss < 0.9 * figures["loss_before"] for loss in after.values()), (figures["loss_before"], after)


def test_pair_by_pair_is_the_same_function(gold, tmp_path):
    model, tokenizer, config = tiny_model("lstm", tmp_path)
    batch = stack(prepare(read_gold(gold)[:3], tokenizer), config.pad_id, allowed_type_pairs(TYPE_PAIRS), 3)
    with torch.inference_mode():
        words = model.words(batch.documents)
        expected, found = (m.pair_logits(words, batch.instances, batch.pairs) for m in (model, PairByPair(model)))
    assert batch.pairs.n_pairs > 3
    torch.testing.assert_close(found.pair, expected.pair, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(found.mention_pair, expected.mention_pair, atol=1e-4, rtol=1e-4)


def test_pair_by_pair_teaches_the_same(gold, tmp_path):
    model, tokenizer, config = tiny_model("lstm", tmp_path)
    batch = stack(prepare(read_gold(gold)[:1], tokenizer), config.pad_id, allowed_type_pairs(TYPE_PAIRS), 3)
    gradients = []
    for judge in (model, PairByPair(model)):
        model.zero_grad()
        joint_loss(judge, batch, LossWeights())[0].backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys() and len(gradients[0]) > 20
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, atol=1e-4, rtol=1e-3, msg=name)


def test_the_head_is_called_once_per_pair(gold, tmp_path):
    model, tokenizer, config = tiny_model("lstm", tmp_path)
    batch = stack(prepare(read_gold(gold)[:1], tokenizer), config.pad_id, allowed_type_pairs(TYPE_PAIRS), 3)
    entities = []
    model.pair_head.register_forward_hook(lambda head, given, found: entities.append(len(given[1].entity_type)))
    PairByPair(model).pair_logits(model.words(batch.documents), batch.instances, batch.pairs)
    assert entities == [2] * batch.pairs.n_pairs and len(entities) > 1


def test_the_deck_s_seconds_become_rows_per_second():
    assert DECK_ROWS_PER_SEC["lstm"] == pytest.approx((66.37, 72.03), abs=0.01)
    assert DECK_ROWS_PER_SEC["rnn"] == pytest.approx((182.52, 206.77), abs=0.01)
    assert DECK_ROWS_PER_SEC["transformer"] == (7.6, 7.6)


def test_documents_without_pairs_and_wrong_settings_are_named(tmp_path):
    bare = tmp_path / "bare.txt"
    bare.write_text("1|t|Nothing here\n1|a|At all.\n\n")
    result = run(bare, tmp_path / "figures.json")
    assert result.exit_code == 1 and "no candidate pair" in result.output
    result = run(bare, tmp_path / "figures.json", "--set", "epoch=1")
    assert result.exit_code == 1 and "the recipe has epochs" in result.output
    assert not (tmp_path / "figures.json").exists()
