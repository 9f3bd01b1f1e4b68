"""Tokenizers and input embeddings: made from text, or taken from a pretrained encoder and cut to size."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from gensim.models import Word2Vec
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import BpeTrainer

from litcoin_batch.schema import ConfigError

SKIP_GRAM_WINDOW = 8  # pieces on each side, about five words
EMBEDDINGS = "embeddings.safetensors"
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
        raise ConfigError(
            f"vocabulary of model {settings['model']['type']!r}: only WordPiece can be cut; use --set n_pieces=0"
        )
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


def skip_gram(tokenizer: Tokenizer, texts: Sequence[str], width: int, n_epochs: int, seed: int) -> torch.Tensor:
    """(pieces, width): embeddings of pieces by the pieces around them (Mikolov et al. 2013), unit variance overall.

    Pieces that occur in no text get zeros, the average piece.
    """
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    model = Word2Vec(
        [encoding.ids for encoding in encodings], vector_size=width, window=SKIP_GRAM_WINDOW, min_count=1, sg=1, negative=5,
        sample=1e-4, epochs=n_epochs, seed=seed, workers=1,
    )  # fmt: skip
    table = torch.zeros(tokenizer.get_vocab_size(), width)
    table[torch.tensor(model.wv.index_to_key)] = torch.from_numpy(model.wv.vectors)
    return principal_components(table, width)


def principal_components(embeddings: torch.Tensor, width: int) -> torch.Tensor:
    """(pieces, width): the rows along their main directions, scaled to unit variance overall."""
    centred = embeddings - embeddings.mean(dim=0)
    if width < embeddings.shape[1]:
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        centred = centred @ directions[:width].T
    return centred / centred.std()


def save_embeddings(folder: Path, tokenizer: Tokenizer, weights: torch.Tensor) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    save_file({"embedding": weights.contiguous()}, folder / EMBEDDINGS)


def load_embeddings(folder: Path) -> tuple[Tokenizer, torch.Tensor]:
    """Raises ``ConfigError`` where ``pretrain_embeddings.py`` has not been."""
    if not (folder / EMBEDDINGS).is_file():
        raise ConfigError(
            f"--embeddings {str(folder)!r}: expected {EMBEDDINGS} and tokenizer.json as training/pretrain_embeddings.py writes them"
        )
    return Tokenizer.from_file(str(folder / "tokenizer.json")), load_file(folder / EMBEDDINGS)["embedding"]
