import json

import pytest
import torch
from click.testing import CliRunner

from litcoin_batch.schema import ConfigError
from tiny_models import documents, tiny_backbone
from training import adapt_backbone
from training.adapt_backbone import IGNORED, Schedule, adapt, blocks_of, hide
from training.learning.assemble import load_backbone

TEXTS = [d.text for d in documents(12)] * 8
SCHEDULE = Schedule(epochs=2, lr=3e-3, block=16, batch=8, most=200, seed=1)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    return str(tiny_backbone(tmp_path_factory.mktemp("backbone")))


def test_what_is_guessed_is_what_was_hidden():
    ids = torch.arange(20 * 40).view(20, 40) + 5
    hidden, target = hide(ids, 4, 900, torch.Generator().manual_seed(0))
    guessed = target != IGNORED
    assert torch.equal(target[guessed], ids[guessed]) and torch.equal(hidden[~guessed], ids[~guessed])
    assert 0.1 < guessed.float().mean() < 0.2 and not guessed[:, [0, -1]].any()
    assert 0.7 < (hidden[guessed] == 4).float().mean() < 0.9
    assert (hidden[guessed] == ids[guessed]).any()


def test_blocks_hold_the_texts_in_order(backbone):
    _, tokenizer, special = load_backbone(backbone)
    taught, held_out = blocks_of(TEXTS[:3], tokenizer, (special["begin"], special["end"]), SCHEDULE)
    assert taught.shape[1] == held_out.shape[1] == 16
    assert {*taught[:, 0].tolist()} == {special["begin"]} and {*taught[:, -1].tolist()} == {special["end"]}
    expected = [
        i for text in TEXTS[:3] for i in [*tokenizer.encode(text, add_special_tokens=False).ids, special["end"]]
    ]
    blocks = {tuple(row[1:-1]) for row in [*taught.tolist(), *held_out.tolist()]}
    assert blocks == {tuple(expected[i : i + 14]) for i in range(0, len(expected) - 13, 14)}
    with pytest.raises(ConfigError, match="expected two blocks"):
        blocks_of(["a b"], tokenizer, (special["begin"], special["end"]), SCHEDULE)


def test_it_learns_and_goes_on_after_an_interruption(backbone, tmp_path, monkeypatch):
    whole = adapt(backbone, TEXTS, tmp_path / "whole", SCHEDULE, CPU)
    assert whole[-1] < 0.9 * whole[0]
    saved, n_saved = adapt_backbone.save_state, []

    def save_and_die(*arguments):
        saved(*arguments)
        n_saved.append(1)
        raise KeyboardInterrupt

    monkeypatch.setattr(adapt_backbone, "save_state", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        adapt(backbone, TEXTS, tmp_path / "parts", SCHEDULE, CPU)
    monkeypatch.setattr(adapt_backbone, "save_state", saved)
    assert adapt(backbone, TEXTS, tmp_path / "parts", SCHEDULE, CPU) == whole
    one, two = (load_backbone(str(tmp_path / name))[0].state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    before = load_backbone(backbone)[0].state_dict()
    assert any(not torch.equal(one[name], before[name]) for name in one)


def test_the_command_takes_what_train_takes(backbone, tmp_path):
    text = "1|t|Aspirin and BRCA1\n1|a|" + "Aspirin inhibits BRCA1 in mice. " * 20 + "\n\n"
    (tmp_path / "train.PubTator").write_text(text)
    (tmp_path / "dev.PubTator").write_text(text.replace("1|", "2|", 2))
    (tmp_path / "plain.jsonl").write_text(json.dumps({"title": "More", "abstract": "Some words of more. " * 30}) + "\n")
    arguments = [
        "--backbone",
        backbone,
        "--train",
        tmp_path / "train.PubTator",
        "--dev",
        tmp_path / "dev.PubTator",
        "--plain",
        tmp_path / "plain.jsonl",
    ]
    result = CliRunner().invoke(
        adapt_backbone.main,
        [str(a) for a in [*arguments, "--output", tmp_path / "adapted", "--block", 16, "--device", "cpu"]],
    )
    assert result.exit_code == 0, result.output
    assert "held out" in result.output and (tmp_path / "adapted" / "model.safetensors").is_file()
