"""A checkpoint: everything the model needs, in one folder, checked before it is used.

    manifest.json      schema version, SHA-256 and size of every other file, model_id
    config.json        shape of the model, labels, calibration, training facts
    model.safetensors  weights, large matrices stored in 8 or 16 bits
    tokenizer.json     Hugging Face tokenizer
    input_ranges.safetensors   of linear layers, for arithmetic in 8 bits; optional
    row_calibration.json       from sureness of spans, ids and pair to the share of rows that are right; optional
    metrics.json, README.md, ...

Nothing is pickled and no code is ever loaded from a checkpoint.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from litcoin_batch.model import row_calibration
from litcoin_batch.model.layers.encoders import RecurrentConfig, RecurrentEncoder, TransformerEncoder
from litcoin_batch.model.layers.heads import HeadConfig
from litcoin_batch.model.network import JointModel
from litcoin_batch.model.row_calibration import RowCalibration
from litcoin_batch.schema import ENTITY_TYPES, RELATION_TYPES, ConfigError, ContractError

SCHEMA_VERSION = 3
# Of checkpoints that training may go on from: their heads are others, their encoders are not.
_BEGINNINGS = (2, SCHEMA_VERSION)
MANIFEST = "manifest.json"
_RANGES = "input_ranges.safetensors"
# Files that decide what the model computes: their hash is the model's identity.
_NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
_IDENTITY = (*_NEEDED, _RANGES, row_calibration.FILE)
_SCALE = ".row_scale"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logits are divided by a temperature before the softmax; ``none_offset`` is added to the logit of
    "no relation" first, ``novel_offset`` to that of "novel". All chosen on the development set.

    As ``none_offset`` serves decisions, it makes those for a relation too sure: ``relation_offset`` and
    ``relation_temperature`` turn the probability of a relation found into the share of such relations that are right.
    """

    tag_temperature: float = 1.0
    pair_temperature: float = 1.0
    novel_temperature: float = 1.0
    none_offset: float = 0.0
    novel_offset: float = 0.0
    relation_temperature: float = 1.0
    relation_offset: float = 0.0

    def relation(self, probability: Tensor) -> Tensor:
        """Score of relations found, from the ``probability`` of their class among all."""
        return torch.sigmoid((torch.logit(probability, eps=1e-6) + self.relation_offset) / self.relation_temperature)

    def novelty(self, logits: Tensor) -> Tensor:
        """Probability of "novel" from the logits of "known" and "novel" in the last dimension."""
        known, novel = logits.unbind(dim=-1)
        return torch.sigmoid((novel + self.novel_offset - known) / self.novel_temperature)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """``encoder``: ``{"kind": "rnn" | "lstm" | "transformer", ...}``; ``type_pairs``: the pairs of entity
    types that may be related; ``training``: facts about how the weights came about.
    """

    encoder: dict
    heads: HeadConfig
    type_pairs: tuple[tuple[str, str], ...]
    pad_id: int
    calibration: Calibration = Calibration()
    entity_types: tuple[str, ...] = ENTITY_TYPES
    relation_types: tuple[str, ...] = RELATION_TYPES
    training: dict = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``input_ranges``: as of ``int8.observed_ranges``; it and ``row_calibration`` are None where the folder has none."""

    model: JointModel
    tokenizer: Tokenizer
    config: ModelConfig
    model_id: str
    input_ranges: dict[str, Tensor] | None = None
    row_calibration: RowCalibration | None = None

    @classmethod
    def load(cls, folder: str | Path) -> Checkpoint:
        """Weights in 32 bits, in evaluation mode. Raises ``ContractError`` if anything is not as the manifest says."""
        folder = Path(folder)
        model_id = verify_checkpoint(folder)
        config = _read_config(folder / "config.json")
        model = build_model(config)
        weights = _unpack(load_file(folder / "model.safetensors"))
        expected = {name: tuple(w.shape) for name, w in model.state_dict().items()}
        found = {name: tuple(w.shape) for name, w in weights.items()}
        if expected != found:
            wrong = sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))
            raise ContractError(
                f"{folder / 'model.safetensors'}: weights do not fit config.json: {', '.join(wrong[:8])}"
            )
        model.load_state_dict(weights)
        ranges, rows = folder / _RANGES, folder / row_calibration.FILE
        return cls(
            model.eval(),
            Tokenizer.from_file(str(folder / "tokenizer.json")),
            config,
            model_id,
            {name: r.float() for name, r in load_file(ranges).items()} if ranges.is_file() else None,
            RowCalibration.read(rows) if rows.is_file() else None,
        )


@dataclass(frozen=True, slots=True)
class Beginning:
    """What training may go on from, heads of an older schema included: ``encoder``, ``pad_id`` and ``training`` as in ``ModelConfig``."""

    weights: dict[str, Tensor]
    tokenizer: Tokenizer
    encoder: dict
    pad_id: int
    training: dict
    model_id: str

    @classmethod
    def load(cls, folder: Path) -> Beginning:
        """Raises ``ContractError`` if anything is not as the manifest says."""
        model_id = verify_checkpoint(folder, _BEGINNINGS)
        try:
            values = json.loads((folder / "config.json").read_text())
            facts = [values[name] for name in ("encoder", "pad_id", "training")]
        except (ValueError, KeyError, TypeError) as error:
            raise ContractError(f"{folder / 'config.json'}: not a model configuration ({error!r})") from error
        weights = _unpack(load_file(folder / "model.safetensors"))
        return cls(weights, Tokenizer.from_file(str(folder / "tokenizer.json")), *facts, model_id)  # type: ignore[call-arg]


def build_model(config: ModelConfig) -> JointModel:
    """The model with untrained weights."""
    settings = dict(config.encoder)
    kind = settings.pop("kind")
    if kind == "transformer":
        encoder: nn.Module = TransformerEncoder.from_config(settings)
    else:
        encoder = RecurrentEncoder(RecurrentConfig(cell=kind, **settings))
    return JointModel(encoder, config.heads)


def save_checkpoint(
    folder: Path, model: JointModel, tokenizer: Tokenizer, config: ModelConfig, store: str = "float16"
) -> None:
    """Write weights, configuration and tokenizer; ``seal_checkpoint`` completes the folder.

    ``store``: "float32", "float16" or "int8" (matrices in 8 bits with one scale per row, the rest in 16).
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(_pack(model.state_dict(), store), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(asdict(config), indent=1, sort_keys=True) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


def save_ranges(folder: Path, ranges: dict[str, Tensor]) -> None:
    """Beside what ``save_checkpoint`` wrote; ``seal_checkpoint`` must follow."""
    # Half precision may round a bound inwards, by less than a step of 8 bits.
    save_file({name: r.to(torch.float16).contiguous() for name, r in ranges.items()}, folder / _RANGES)


def seal_checkpoint(folder: Path) -> str:
    """Write the manifest over all files of the folder; returns the ``model_id``."""
    files: dict[str, dict[str, Any]] = {
        path.name: {"sha256": _sha256(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != MANIFEST
    }
    identity = hashlib.sha256(
        "".join(files[name]["sha256"] for name in _IDENTITY if name in files).encode()
    ).hexdigest()
    kind = json.loads((folder / "config.json").read_text())["encoder"]["kind"]
    manifest: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "model_id": f"{kind}-{identity[:12]}", "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest["model_id"]


def resolve_checkpoint(name_or_dir: str | Path) -> Path:
    """A folder as it is, or the shipped checkpoint of that name."""
    folder = Path(name_or_dir)
    if folder.is_dir():
        return folder
    root = Path(str(resources.files("litcoin_batch") / "checkpoints"))
    shipped = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    if str(name_or_dir) in shipped:
        return root / name_or_dir
    raise ContractError(
        f"checkpoint {str(name_or_dir)!r}: neither a folder nor one of the shipped checkpoints ({', '.join(shipped) or 'none'})"
    )


def verify_checkpoint(folder: str | Path, versions: tuple[int, ...] = (SCHEMA_VERSION,)) -> str:
    """Check that all files are there and unchanged, without loading any; returns the ``model_id``.

    ``versions``: of the schema that will do.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    if not path.is_file():
        raise ContractError(f"checkpoint {folder}: no {MANIFEST}; expected a folder written by training/train.py")
    try:
        manifest = json.loads(path.read_text())
        version, files, model_id = manifest["schema_version"], manifest["files"], manifest["model_id"]
    except (ValueError, KeyError, TypeError) as error:
        raise ContractError(f"{path}: not a checkpoint manifest ({error!r})") from error
    if version not in versions:
        raise ContractError(
            f"{path}: checkpoint schema {version!r}, this version reads {' and '.join(map(str, versions))}"
        )
    missing = [name for name in _NEEDED if name not in files]
    if missing:
        raise ContractError(f"{path}: lists no {', '.join(missing)}")
    for name, facts in files.items():
        _verify_file(folder / name, facts)
    return model_id


def _verify_file(path: Path, facts: dict) -> None:
    if not path.is_file():
        raise ContractError(f"{path}: missing, though {MANIFEST} lists it")
    if path.stat().st_size != facts["bytes"]:
        raise ContractError(
            f"{path}: {path.stat().st_size} bytes, expected {facts['bytes']}; the checkpoint is damaged"
        )
    if _sha256(path) != facts["sha256"]:
        raise ContractError(f"{path}: SHA-256 differs from {MANIFEST}; the checkpoint is damaged")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_config(path: Path) -> ModelConfig:
    try:
        values = json.loads(path.read_text())
        values["calibration"] = Calibration(**values["calibration"])
        for name in ("entity_types", "relation_types"):
            values[name] = tuple(values[name])
        values["heads"] = HeadConfig(**values["heads"])
        values["type_pairs"] = tuple((a, b) for a, b in values["type_pairs"])
        config = ModelConfig(**values)
    except (ValueError, KeyError, TypeError, ConfigError) as error:
        raise ContractError(f"{path}: not a model configuration of schema {SCHEMA_VERSION} ({error!r})") from error
    if (config.entity_types, config.relation_types) != (ENTITY_TYPES, RELATION_TYPES):
        raise ContractError(
            f"{path}: labels {config.entity_types} and {config.relation_types}, expected {ENTITY_TYPES} and {RELATION_TYPES}"
        )
    return config


def _pack(state: dict[str, Tensor], store: str) -> dict[str, Tensor]:
    packed = {}
    for name, weight in state.items():
        weight = weight.detach().float().contiguous().cpu()
        if store == "int8" and weight.dim() == 2 and weight.numel() >= 1024:
            scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
            packed[name] = torch.round(weight / scale[:, None]).to(torch.int8)
            packed[name + _SCALE] = scale
        else:
            packed[name] = weight.to(torch.float32 if store == "float32" else torch.float16)
    return packed


def _unpack(packed: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: weight.float() * packed[name + _SCALE][:, None] if name + _SCALE in packed else weight.float()
        for name, weight in packed.items()
        if not name.endswith(_SCALE)
    }
