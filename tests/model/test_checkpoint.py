import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from litcoin_batch.model.checkpoint import (
    Checkpoint,
    resolve_checkpoint,
    save_checkpoint,
    seal_checkpoint,
    verify_checkpoint,
)
from litcoin_batch.schema import ContractError
from tiny_models import documents, tiny_checkpoint, tiny_model


@pytest.mark.parametrize("kind", ["rnn", "lstm", "transformer"])
def test_loading_undoes_saving(kind, tmp_path):
    model, tokenizer, config = tiny_model(kind, tmp_path)
    save_checkpoint(tmp_path / "c", model, tokenizer, config, "float32")
    model_id = seal_checkpoint(tmp_path / "c")
    loaded = Checkpoint.load(tmp_path / "c")
    assert loaded.model_id == model_id and loaded.model_id.startswith(kind)
    assert loaded.config == config
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, loaded.model.state_dict()[name]), name
    text = documents()[0].text
    assert loaded.tokenizer.encode(text).ids == tokenizer.encode(text).ids


def test_eight_bits_stay_within_half_a_step_of_each_row(tmp_path):
    model, tokenizer, config = tiny_model("lstm", tmp_path)
    save_checkpoint(tmp_path / "c", model, tokenizer, config, "int8")
    seal_checkpoint(tmp_path / "c")
    loaded = Checkpoint.load(tmp_path / "c").model.state_dict()
    name = "encoder.input.weight"
    weight = model.state_dict()[name]
    step = weight.abs().amax(dim=1, keepdim=True) / 127
    assert ((weight - loaded[name]).abs() <= step * 0.501).all()
    assert not torch.equal(weight, loaded[name])


def damage_missing(folder):
    (folder / "tokenizer.json").unlink()


def damage_flipped(folder):
    data = bytearray((folder / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "model.safetensors").write_bytes(data)


def damage_cut(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def damage_schema(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 99}))


def damage_manifest(folder):
    (folder / "manifest.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (damage_missing, "missing"),
        (damage_flipped, "SHA-256"),
        (damage_cut, "bytes"),
        (damage_schema, "schema 99"),
        (damage_manifest, "manifest"),
    ],
)
def test_damage_is_named(damage, word, tmp_path):
    folder = tiny_checkpoint("rnn", tmp_path)
    assert verify_checkpoint(folder) == Checkpoint.load(folder).model_id
    damage(folder)
    with pytest.raises(ContractError, match=word):
        verify_checkpoint(folder)
    with pytest.raises(ContractError, match=word):
        Checkpoint.load(folder)


def test_weights_of_another_shape_are_refused(tmp_path):
    folder = tiny_checkpoint("rnn", tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["encoder.input.weight"] = torch.zeros(3, 3)
    save_file(weights, folder / "model.safetensors")
    seal_checkpoint(folder)
    with pytest.raises(ContractError, match="encoder.input.weight"):
        Checkpoint.load(folder)


def test_unknown_names_list_what_is_shipped():
    with pytest.raises(ContractError, match="no-such-checkpoint.*lstm"):
        resolve_checkpoint("no-such-checkpoint")
