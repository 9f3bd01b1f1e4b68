"""Tokenizers and input embeddings: made from text, or taken from a pretrained encoder and cut to size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import BpeTrainer

from litcoin_batch.schema import ConfigError

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def train_tokenizer(texts: Iterable[str], n_pieces: int) -> Tokenizer:
    """An uncased byte-pair vocabulary of at most ``n_pieces``; letter case reaches the model as word shape.

    Byte pairs rather than WordPiece, because the trainer of the latter gives another vocabulary each time.
    """
    tokenizer = Tokenizer(BPE(unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = BpeTrainer(vocab_size=n_pieces, special_tokens=list(SPECIAL), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def shrink_vocabulary(tokenizer: Tokenizer, texts: Iterable[str], n_pieces: int) -> tuple[Tokenizer, np.ndarray]:
    """The ``n_pieces`` most used pieces of a WordPiece vocabulary, and their old ids (pieces,).

    Special pieces and single characters always stay, so that whatever was spelt can still be spelt.
    """
    counts: Counter[int] = Counter()
    for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        counts.update(encoding.ids)
    settings = json.loads(tokenizer.to_str())
    if settings["model"]["type"] != "WordPiece":
        raise ConfigError(f"vocabulary of model {settings['model']['type']!r}: only WordPiece can be cut; use --set n_pieces=0")
    vocabulary = settings["model"]["vocab"]
    special = {token["id"] for token in settings["added_tokens"]} | {vocabulary[s] for s in SPECIAL if s in vocabulary}
    needed = {i for piece, i in vocabulary.items() if len(piece.removeprefix("##")) == 1 and piece.isascii()}
    kept = special | needed
    used = [i for i, _ in counts.most_common() if i not in kept]
    kept |= set(used[: max(0, n_pieces - len(kept))])
    old = np.asarray(sorted(kept))
    new = {int(i): row for row, i in enumerate(old)}
    settings["model"]["vocab"] = {piece: new[i] for piece, i in vocabulary.items() if i in new}
    for token in settings["added_tokens"]:
        token["id"] = new[token["id"]]
    settings["post_processor"] = None
    return Tokenizer.from_str(json.dumps(settings)), old


def principal_components(embeddings: torch.Tensor, width: int) -> torch.Tensor:
    """(pieces, width): the rows along their main directions, scaled to unit variance overall."""
    centred = embeddings - embeddings.mean(dim=0)
    if width < embeddings.shape[1]:
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        centred = centred @ directions[:width].T
    return centred / centred.std()
