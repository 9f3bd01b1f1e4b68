"""Small untrained checkpoints of every encoder, for tests of what does not depend on quality."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from litcoin_batch.concepts.vocabularies.entries import GENE
from litcoin_batch.concepts.vocabularies.vocabulary_files import Contents, Facts, Kind, write_vocabulary
from litcoin_batch.model.checkpoint import ModelConfig, save_checkpoint, seal_checkpoint
from litcoin_batch.model.layers.heads import HeadConfig
from litcoin_batch.model.network import JointModel
from litcoin_batch.schema import ENTITY_TYPES, Document
from training.data.piece_vocabulary import train_tokenizer
from training.learning.assemble import Beginnings, assemble

TYPE_PAIRS = (
    ("ChemicalEntity", "DiseaseOrPhenotypicFeature"),
    ("ChemicalEntity", "GeneOrGeneProduct"),
    ("DiseaseOrPhenotypicFeature", "GeneOrGeneProduct"),
    ("GeneOrGeneProduct", "GeneOrGeneProduct"),
)
TEXTS = (
    (
        "BRCA1 mutations in breast cancer.",
        "We studied BRCA1 and TP53 in 12 patients. Tamoxifen reduced growth. TP53 did not change.",
    ),
    (
        "Aspirin and COX-2.",
        "Aspirin inhibits COX-2 (IC50 1.2 µM). Celecoxib, which binds COX-2, caused no ulcer in mice. Ulcers were rare.",
    ),
    (
        "A case of migraine.",
        "Sumatriptan (5-HT1B agonist) relieved migraine within 2 h; nausea persisted. HTR1B rs6296 was found.",
    ),
    ("Short title", "HeLa cells died."),
    (
        "Diabetes, insulin and metformin in 3 cohorts",
        " ".join(f"In cohort {i} insulin and metformin lowered HbA1c and INS rose." for i in range(12)),
    ),
)


def documents(n: int = len(TEXTS)) -> list[Document]:
    return [Document(100 + i, *TEXTS[i % len(TEXTS)]) for i in range(n)]


def tiny_backbone(folder: Path, positions: int = 64) -> Path:
    """A randomly initialised BERT with its tokenizer, as ``save_pretrained`` writes it."""
    tokenizer = train_tokenizer([" ".join(text) for text in TEXTS], 300)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    wrapped.save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=positions,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def tiny_model(
    kind: str, folder: Path, heads: HeadConfig = HeadConfig(16, 0.1)
) -> tuple[JointModel, Tokenizer, ModelConfig]:
    """Weights drawn wide enough that an untrained model finds mentions and relations."""
    torch.manual_seed(7)
    backbone = str(tiny_backbone(folder / "backbone")) if kind == "transformer" else None
    texts = [document.text for document in documents()]
    beginnings = Beginnings(kind, backbone, n_pieces=0 if backbone else 300)
    model, tokenizer, config = assemble(beginnings, texts, heads=heads, type_pairs=TYPE_PAIRS)
    with torch.no_grad():
        model.tag_head.transition.normal_(std=0.3)
        for head in (model.tag_head.layers[-1], model.pair_head.mention_logits):
            head.weight.normal_(std=2.0)
        model.pair_head.mention_logits.bias[0] -= 2.0
    return model.eval(), tokenizer, config


def tiny_checkpoint(kind: str, folder: Path, heads: HeadConfig = HeadConfig(16, 0.1)) -> Path:
    """A sealed checkpoint folder."""
    model, tokenizer, config = tiny_model(kind, folder, heads)
    save_checkpoint(folder / "checkpoint", model, tokenizer, config, "float32")
    seal_checkpoint(folder / "checkpoint")
    return folder / "checkpoint"


def write_tiny_vocabulary(folder: Path, gene: str = "7157") -> str:
    """A compiled vocabulary that knows TP53 as ``gene`` and nothing else; returns its id."""
    contents = Contents(
        {GENE: {"tp53": [(gene, Kind("symbol", "ncbi_gene"))]}},
        {(GENE, gene): (9606, Facts("TP53"))},
        without=[type_ for type_ in ENTITY_TYPES if type_ != GENE],
    )
    return write_vocabulary(folder, contents)
