import json

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file

from litcoin_batch.model.checkpoint import Checkpoint, verify_checkpoint
from litcoin_batch.schema import ENTITY_TYPES
from tiny_models import tiny_backbone
from toy_gold import write_gold
from training import pretrain_embeddings, train
from training.average import main as average_main
from training.data.piece_vocabulary import load_embeddings
from training.evaluate import main as evaluate_main

SETTINGS = (
    "--set",
    "epochs=3",
    "--set",
    "n_pieces=300",
    "--set",
    "pair_width=16",
    "--set",
    "batch_pieces=512",
    "--no-bf16",
)


@pytest.fixture(scope="module")
def gold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gold")
    return write_gold(folder / "train.txt", range(100, 112)), write_gold(folder / "dev.txt", range(200, 204))


@pytest.fixture(scope="module")
def whole(gold, tmp_path_factory):
    """The checkpoint of an undisturbed run with nothing but ``SETTINGS``; nobody writes into it."""
    return trained(gold, tmp_path_factory.mktemp("whole") / "checkpoint")


@pytest.fixture(scope="module")
def recognition(gold, tmp_path_factory):
    """The checkpoint of the first stage alone; nobody writes into it."""
    return trained(gold, tmp_path_factory.mktemp("recognition") / "checkpoint", "--stage", "recognition")


def trained(gold, output, *more):
    result = run_train(gold, output, *more)
    assert result.exit_code == 0, result.output
    return output


def run_train(gold, output, *more, encoder="lstm"):
    arguments = [
        "--encoder",
        encoder,
        "--train",
        str(gold[0]),
        "--dev",
        str(gold[1]),
        "--output",
        str(output),
        "--device",
        "cpu",
    ]
    return CliRunner().invoke(train.main, [*arguments, *SETTINGS, *more])


def test_a_run_leaves_a_checkpoint_that_scores(gold, whole, tmp_path):
    verify_checkpoint(whole)
    names = {path.name for path in whole.iterdir()}
    told = {"README.md", "config.json", "curves.jsonl", "curves.png", "manifest.json", "metrics.json"}
    assert names == {*told, "input_ranges.safetensors", "model.safetensors", "tokenizer.json"}
    scored = CliRunner().invoke(
        evaluate_main,
        [
            "--checkpoint",
            str(whole),
            "--gold",
            str(gold[1]),
            "--precision",
            "float32",
            "--json",
            str(tmp_path / "figures.json"),
        ],
    )
    assert scored.exit_code == 0, scored.output
    figures, kept = (
        json.loads((tmp_path / "figures.json").read_text()),
        json.loads((whole / "metrics.json").read_text()),
    )
    assert figures["ner"] == kept["ner"] and figures["gold_entities"] == kept["gold_entities"]
    for level in ("pair", "pair_type", "pair_type_novelty"):
        assert {"precision", "recall", "f1"} <= figures["gold_entities"][level].keys() & figures["predicted_entities"][
            level
        ].keys()
    assert figures["gold_mentions"]["concepts"]["n_gold"] == figures["ner"]["n_gold"] > 0
    assert set(ENTITY_TYPES) <= figures["ner"]["per_type"].keys()


def test_training_learns_what_can_be_learnt(gold, tmp_path):
    result = run_train(
        gold, tmp_path / "out", "--set", "epochs=25", "--set", "dropout=0.1", "--set", "lr=0.01", "--set", "average=0.8"
    )
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert figures["ner"]["f1"] > 0.95 and figures["gold_entities"]["pair_type"]["f1"] > 0.95


def test_resuming_equals_an_undisturbed_run(gold, whole, tmp_path, monkeypatch):
    save = train.save_state

    def interrupted(folder, model, average, optimizer, progress):
        save(folder, model, average, optimizer, progress)
        if progress["epoch"] == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(train, "save_state", interrupted)
    assert run_train(gold, tmp_path / "halves").exit_code != 0
    monkeypatch.setattr(train, "save_state", save)
    refused = run_train(gold, tmp_path / "halves", "--seed", "2")
    assert refused.exit_code == 1 and "another seed" in refused.output
    assert run_train(gold, tmp_path / "halves").exit_code == 0
    undisturbed, halves = (load_file(folder / "model.safetensors") for folder in (whole, tmp_path / "halves"))
    assert all(torch.equal(weight, halves[name]) for name, weight in undisturbed.items())


def test_transformers_train_from_a_local_folder(gold, tmp_path):
    folder = tiny_backbone(tmp_path / "backbone")
    result = run_train(
        gold,
        tmp_path / "out",
        "--backbone",
        str(folder),
        "--set",
        "epochs=1",
        "--set",
        "n_pieces=0",
        encoder="transformer",
    )
    assert result.exit_code == 0, result.output
    assert verify_checkpoint(tmp_path / "out").startswith("transformer-")


def test_evaluation_documents_are_refused(gold, tmp_path):
    leak = write_gold(tmp_path / "leak.txt", [100, 200])
    result = run_train((leak, gold[1]), tmp_path / "out")
    assert result.exit_code == 1 and "PMID 200" in result.output and "leak" in result.output
    (tmp_path / "held_out.txt").write_text("7\n105\n")
    result = run_train(gold, tmp_path / "out", "--exclude-pmids", str(tmp_path / "held_out.txt"))
    assert result.exit_code == 1 and "PMID 105" in result.output


@pytest.mark.parametrize(("change", "word"), [("epoch=3", "the recipe has epochs"), ("epochs=many", "a whole number")])
def test_wrong_settings_are_named(gold, tmp_path, change, word):
    result = run_train(gold, tmp_path / "out", "--set", change)
    assert result.exit_code == 1 and word in result.output


def test_a_run_goes_on_from_recognition_alone(gold, recognition, tmp_path):
    history = [json.loads(line) for line in (recognition / "curves.jsonl").read_text().splitlines()]
    assert not any("pair_loss" in row for row in history) and history[-1]["tag_loss"] < history[0]["tag_loss"]
    trained(gold, tmp_path / "second", "--init", str(recognition), "--set", "epochs=1")
    first, second = (Checkpoint.load(folder) for folder in (recognition, tmp_path / "second"))
    row = json.loads((tmp_path / "second" / "curves.jsonl").read_text())
    assert row["tag_loss"] < history[0]["tag_loss"] and row["pair_loss"] > 0
    assert (
        second.config.training["first_stage"]["pair_weight"] == 0
        and "went on from" in (tmp_path / "second" / "README.md").read_text()
    )
    assert (
        second.config.training["init"] == first.model_id and second.tokenizer.get_vocab() == first.tokenizer.get_vocab()
    )


def test_trainings_that_began_alike_are_averaged(gold, recognition, tmp_path):
    folders = [
        trained(gold, tmp_path / seed, "--init", str(recognition), "--seed", seed, "--store", "float32")
        for seed in ("1", "2")
    ]

    def average(*some):
        given = [argument for folder in some for argument in ("--checkpoint", str(folder))]
        return CliRunner().invoke(
            average_main,
            [
                *given,
                "--dev",
                str(gold[1]),
                "--output",
                str(tmp_path / "mean"),
                "--store",
                "float32",
                "--device",
                "cpu",
            ],
        )

    result = average(*folders)
    assert result.exit_code == 0, result.output
    one, two, mean = (Checkpoint.load(folder) for folder in (*folders, tmp_path / "mean"))
    for name, weight in mean.model.state_dict().items():
        assert torch.allclose(weight, (one.model.state_dict()[name] + two.model.state_dict()[name]) / 2, atol=1e-6)
    assert set(mean.config.training["average_of"]) == {one.model_id, two.model_id} and mean.config.training["init"]
    assert "did not begin from one checkpoint" in average(folders[0], recognition).output
    assert "give two or more" in average(folders[0]).output


def test_a_start_of_another_kind_is_refused(gold, whole, tmp_path):
    result = run_train(gold, tmp_path / "rnn", "--init", str(whole), encoder="rnn")
    assert result.exit_code == 1 and "found lstm" in result.output
    result = run_train(gold, tmp_path / "wide", "--init", str(whole), "--set", "pair_width=24")
    assert result.exit_code == 1 and "another shape" in result.output


def test_parts_of_the_heads_are_left_behind(gold, whole, tmp_path):
    options = ("--init", str(whole), "--set", "without=reader", "--set", "epochs=1")
    folders = (whole, trained(gold, tmp_path / "lean", *options))
    complete, lean = (Checkpoint.load(folder) for folder in folders)
    left = complete.model.state_dict().keys() - lean.model.state_dict().keys()
    assert left and all(name.startswith(("pair_head.reader.", "pair_head.read.")) for name in left)
    # Ranges were observed of what is there, and of nothing else.
    assert lean.input_ranges and not any("reader" in name for name in lean.input_ranges)


def test_embeddings_are_learnt_once_and_shared(gold, tmp_path):
    arguments = ["--train", str(gold[0]), "--dev", str(gold[1]), "--pieces", "300", "--epochs", "1"]
    for name in ("one", "two"):
        result = CliRunner().invoke(pretrain_embeddings.main, [*arguments, "--output", str(tmp_path / name)])
        assert result.exit_code == 0, result.output
    tokenizer, weights = load_embeddings(tmp_path / "one")
    assert torch.equal(weights, load_embeddings(tmp_path / "two")[1]) and weights.std() == pytest.approx(1, abs=1e-3)
    assert run_train(gold, tmp_path / "out", "--embeddings", str(tmp_path / "one")).exit_code == 0
    trained = Checkpoint.load(tmp_path / "out")
    assert trained.tokenizer.get_vocab() == tokenizer.get_vocab()
    # Stored in 16 bits; what training may not move is otherwise as it was.
    torch.testing.assert_close(trained.model.encoder.embedding.weight, weights, atol=2e-3, rtol=2e-3)
    refused = run_train(gold, tmp_path / "other", "--embeddings", str(tmp_path / "nowhere"))
    assert refused.exit_code == 1 and "nowhere" in refused.output


def test_a_backbone_that_is_not_there_is_named(gold, tmp_path):
    result = run_train(gold, tmp_path / "out", "--backbone", str(tmp_path / "nowhere"), encoder="transformer")
    assert result.exit_code == 1 and "nowhere" in result.output
    result = run_train(gold, tmp_path / "out", encoder="transformer")
    assert result.exit_code == 1 and "--backbone" in result.output
