"""From the command line's encoder name and backbone to an untrained or pretrained joint model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModel, AutoTokenizer

from litcoin_batch.model.checkpoint import Beginning, ModelConfig, build_model
from litcoin_batch.model.layers.encoders import without_pooler
from litcoin_batch.model.layers.heads import HeadConfig
from litcoin_batch.model.network import JointModel
from litcoin_batch.schema import ConfigError
from training.data.piece_vocabulary import load_embeddings, principal_components, shrink_vocabulary, train_tokenizer

# Where a tokenizer states no limit, Hugging Face reports a very large number.
MAX_WINDOW = 512
EMBEDDING_WIDTH = 256
# What a layer of the reader calls its parts, and what transformers calls those of BERT, RoBERTa and ELECTRA.
READER_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "mix": "attention.output.dense",
    "mixed": "attention.output.LayerNorm",
    "first": "intermediate.dense",
    "second": "output.dense",
    "norm": "output.LayerNorm",
}


@dataclass(frozen=True, slots=True)
class Beginnings:
    """What an encoder starts from: a checkpoint of ours, else a Hugging Face encoder, or embeddings of
    ``pretrain_embeddings.py``, or nothing.
    """

    kind: str
    backbone: str | None = None
    embeddings: Path | None = None
    checkpoint: Path | None = None
    n_pieces: int = 0  # 0 keeps the backbone's vocabulary


def assemble(
    beginnings: Beginnings, texts: Sequence[str], *, heads: HeadConfig, type_pairs: Sequence[tuple[str, str]]
) -> tuple[JointModel, Tokenizer, ModelConfig]:
    """``texts`` decide which pieces a vocabulary keeps, or are what it is learnt from."""
    if beginnings.checkpoint:
        return _go_on(beginnings, heads, type_pairs)
    if beginnings.kind != "transformer":
        return _recurrent(beginnings, texts, heads, type_pairs)
    if beginnings.backbone is None:
        raise ConfigError("--encoder transformer needs --backbone: the name or folder of a Hugging Face encoder")
    return _transformer(beginnings.backbone, texts, beginnings.n_pieces, heads, type_pairs)


def _go_on(beginnings: Beginnings, heads: HeadConfig, type_pairs) -> tuple[JointModel, Tokenizer, ModelConfig]:
    known = Beginning.load(beginnings.checkpoint)
    if known.encoder["kind"] != beginnings.kind:
        raise ConfigError(
            f"--init {str(beginnings.checkpoint)!r}: expected a {beginnings.kind} checkpoint, found {known.encoder['kind']}"
        )
    config = ModelConfig(known.encoder, heads, tuple(type_pairs), known.pad_id)
    model = build_model(config)
    for name, part in model.named_children():
        weights = {n.removeprefix(f"{name}."): w for n, w in known.weights.items() if n.startswith(f"{name}.")}
        wanted = {n: w.shape for n, w in part.state_dict().items()}
        if all(n in weights and weights[n].shape == shape for n, shape in wanted.items()):
            # Parts that the recipe leaves out are left behind.
            part.load_state_dict({n: weights[n] for n in wanted})
        elif name == "pair_head":
            # Of another shape, as those of an older schema are: pairs are learnt anew.
            begin_reader(model)
        else:
            raise ConfigError(f"--init {str(beginnings.checkpoint)!r}: its {name} has another shape than the recipe's")
    return model, known.tokenizer, config


def begin_reader(model: JointModel) -> None:
    """Start the reader's layers as the last ones of the encoder, where that has such (BERT and its like) of the same shape."""
    reader = model.pair_head.reader
    layers = getattr(getattr(getattr(model.encoder, "backbone", None), "encoder", None), "layer", None)
    if reader is None or layers is None:
        return
    for ours, theirs in zip(reversed(reader.layers), reversed(layers), strict=False):
        weights = theirs.state_dict()
        begun = ours.state_dict()
        for name, foreign in READER_NAMES.items():
            for kind in ("weight", "bias"):
                weight = weights.get(f"{foreign}.{kind}")
                if weight is None or weight.shape != begun[f"{name}.{kind}"].shape:
                    return
                begun[f"{name}.{kind}"] = weight
        ours.load_state_dict(begun)


def _recurrent(beginnings: Beginnings, texts, heads, type_pairs) -> tuple[JointModel, Tokenizer, ModelConfig]:
    weights = None
    if beginnings.embeddings:
        tokenizer, weights = load_embeddings(beginnings.embeddings)
    elif beginnings.backbone:
        pretrained, tokenizer, _ = load_backbone(beginnings.backbone)
        tokenizer, kept = shrink_vocabulary(tokenizer, texts, beginnings.n_pieces)
        weights = principal_components(pretrained.get_input_embeddings().weight.detach()[kept].float(), EMBEDDING_WIDTH)
    else:
        tokenizer = train_tokenizer(texts, beginnings.n_pieces)
    # Pretrained embeddings stay as they are: 400 documents would move the few pieces they hold away from the others.
    encoder = {"kind": beginnings.kind, "n_pieces": tokenizer.get_vocab_size(), "frozen": weights is not None}
    config = ModelConfig(encoder, heads, tuple(type_pairs), tokenizer.token_to_id("[PAD]"))
    model = build_model(config)
    if weights is not None:
        model.encoder.embedding.weight.data.copy_(weights)
    return model, tokenizer, config


def _transformer(backbone, texts, n_pieces, heads, type_pairs) -> tuple[JointModel, Tokenizer, ModelConfig]:
    pretrained, tokenizer, special = load_backbone(backbone)
    if n_pieces:
        tokenizer, kept = shrink_vocabulary(tokenizer, texts, n_pieces)
        pretrained = keep_pieces(pretrained, kept)
        special = {name: int((kept == i).nonzero()[0][0]) for name, i in special.items()}
    settings = pretrained.config.to_diff_dict() | {"model_type": pretrained.config.model_type}
    for name in ("transformers_version", "architectures", "dtype", "_name_or_path"):
        settings.pop(name, None)
    encoder = {
        "kind": "transformer",
        "backbone": settings,
        "window": window_of(pretrained.config),
        "special_ids": [special["begin"], special["end"]],
    }
    config = ModelConfig(encoder, heads, tuple(type_pairs), special["pad"])
    model = build_model(config)
    model.encoder.backbone.load_state_dict(pretrained.state_dict())
    begin_reader(model)
    return model, tokenizer, config


def load_backbone(name_or_dir: str):
    """Model, fast tokenizer and the ids of pad, begin and end piece. Safetensors only, no code from the hub."""
    try:
        config = AutoConfig.from_pretrained(name_or_dir, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            name_or_dir, config=config, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
        wrapped = AutoTokenizer.from_pretrained(name_or_dir, trust_remote_code=False, use_fast=True)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--backbone {name_or_dir!r}: no Hugging Face encoder with safetensors there: {error}"
        ) from error
    without_pooler(model)
    # Dropping attention weights rules out the fused attention kernels: 3 times slower on a CPU. Hidden units are still dropped.
    for name in ("attention_probs_dropout_prob", "attention_dropout"):
        if hasattr(model.config, name):
            setattr(model.config, name, 0.0)
    tokenizer = wrapped.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    begin = wrapped.cls_token_id if wrapped.cls_token_id is not None else wrapped.bos_token_id
    end = wrapped.sep_token_id if wrapped.sep_token_id is not None else wrapped.eos_token_id
    special = {"pad": wrapped.pad_token_id, "begin": begin, "end": end}
    if None in special.values():
        raise ConfigError(f"--backbone {name_or_dir!r}: its tokenizer lacks a pad, begin or end piece: {special}")
    return model, tokenizer, special


def window_of(config) -> int:
    """Pieces that one pass can read. RoBERTa's positions start after its padding index."""
    positions = getattr(config, "max_position_embeddings", MAX_WINDOW)
    if config.model_type in ("roberta", "xlm-roberta", "camembert"):
        positions -= config.pad_token_id + 1
    return min(positions, MAX_WINDOW) if positions > 0 else MAX_WINDOW


def keep_pieces(model, kept):
    """Cut the input embeddings to the rows ``kept``."""
    table = model.get_input_embeddings()
    weight = table.weight.detach()[torch.as_tensor(kept)].clone()
    smaller = torch.nn.Embedding(len(kept), weight.shape[1])
    smaller.weight.data.copy_(weight)
    model.set_input_embeddings(smaller)
    model.config.vocab_size = len(kept)
    # Piece 0 pads in every vocabulary cut here: special pieces keep their order and come first.
    model.config.pad_token_id = 0
    return model
