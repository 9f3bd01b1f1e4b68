"""Documents to annotations: the whole model behind one call, without Spark.

Each document is encoded once. Results depend on the document and the checkpoint alone: neither the
order of documents nor the size or company of their batch changes a bit of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch

from litcoin_batch.concepts.linker import Choice, Linker
from litcoin_batch.concepts.opening import open_linker
from litcoin_batch.model.batching.batches import DocumentBatch, collate, plan_batches
from litcoin_batch.model.batching.entities import TYPE_INDEX, Entities, join_instances, link_entities
from litcoin_batch.model.batching.pairs import Instances, Pairs, build_pairs, split_pairs
from litcoin_batch.model.checkpoint import Checkpoint, resolve_checkpoint
from litcoin_batch.model.cpu.denormals import without_denormals
from litcoin_batch.model.cpu.hardware import choose_device, choose_precision
from litcoin_batch.model.cpu.lanes import halving, in_lanes
from litcoin_batch.model.cpu.memory import give_back_memory, settle_kernels
from litcoin_batch.model.decoding import decode_mentions, decode_relations
from litcoin_batch.model.layers.encoders import RecurrentEncoder
from litcoin_batch.model.layers.heads import N_CLASSES, N_LOGITS, NOVELTY
from litcoin_batch.model.layers.pooling import Words
from litcoin_batch.model.network import PairScores
from litcoin_batch.schema import (
    ENTITY_TYPES,
    RELATION_TYPES,
    Annotation,
    Document,
    Mention,
)
from litcoin_batch.text.pieces import Pieces, split_pieces

# Bounds the memory of one document with thousands of mentions; ordinary batches stay in one part.
MAX_MENTION_PAIRS = 65_536
# Freed memory is given back after so many batches: more often costs time, as what comes next must ask for it again.
_BATCHES_UNTIL_GIVEN_BACK = 32


class Annotator:
    """A loaded checkpoint with a linker, on one device."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        linker: Linker,
        *,
        device: str = "auto",
        batch_pieces: int = 16_384,
        precision: str = "float32",
        lanes: int | None = None,
    ) -> None:
        """``batch_pieces``: padded pieces per batch, a bound on memory; a longer document is a batch of its own.

        ``lanes``: batches in work at once, so that the host decodes one while a GPU computes another; None: 2 on a
        GPU, 1 where both are the same cores.

        The weights of ``checkpoint`` stay what they are: in another ``precision`` than float32 ``model`` is a copy.
        """
        settle_kernels()
        self.model_id = checkpoint.model_id
        self._device = choose_device(device)
        recurrent = isinstance(checkpoint.model.encoder, RecurrentEncoder)
        self.precision = choose_precision(
            precision, self._device, ranged=checkpoint.input_ranges is not None, recurrent=recurrent
        )
        model = checkpoint.model if self.precision == "float32" else deepcopy(checkpoint.model)
        self.model = model.to(self._device).eval()
        if self.precision == "bfloat16":
            self.model.halve_precision()
        elif self.precision == "int8":
            self.model.to_int8(checkpoint.input_ranges)
        self._tokenizer = checkpoint.tokenizer
        self._config = checkpoint.config
        # None: scores of relations say how sure the pair is, whatever its ends.
        self.row_calibration = checkpoint.row_calibration
        self._linker = linker
        self.vocabulary_id = linker.vocabulary_id
        self._batch_pieces = batch_pieces
        self.lanes = lanes or (2 if self._device.type == "cuda" else 1)
        self._type_pairs = allowed_type_pairs(checkpoint.config.type_pairs)

    @classmethod
    def load(
        cls,
        checkpoint: str | Path,
        *,
        device: str = "auto",
        lexicon: str | Path | Sequence[str | Path] | None = None,
        vocabulary: str | Path | None = None,
        batch_pieces: int = 16_384,
        precision: str = "auto",
    ) -> Annotator:
        """``checkpoint``: a folder or the name of a shipped one; ``vocabulary``, ``lexicon``: as of ``open_linker``.

        ``precision``: "float32", "bfloat16", "int8", or "auto" for what is fastest on the device.

        Raises ``ContractError`` for a checkpoint, vocabulary or lexicon that is missing or damaged, ``ConfigError``
        for a device that is not there.
        """
        device = str(choose_device(device))
        loaded = Checkpoint.load(resolve_checkpoint(checkpoint))
        linker = open_linker(vocabulary, lexicon)
        return cls(loaded, linker, device=device, batch_pieces=batch_pieces, precision=precision)

    def split(self, documents: Sequence[Document]) -> list[Pieces]:
        """What ``annotate`` does first, for a caller who does it ahead, while an accelerator works on other documents."""
        return split_pieces(documents, self._tokenizer)

    @torch.inference_mode()
    def annotate(
        self,
        documents: Sequence[Document],
        mentions: Sequence[Sequence[Mention]] | None = None,
        pieces: Sequence[Pieces] | None = None,
    ) -> list[Annotation]:
        """One annotation per document, in order. With ``mentions`` (their concept ids included) only relations are predicted.

        ``pieces``: of ``split``. A batch for which the device has not the memory is cut in halves.
        """
        pieces = self.split(documents) if pieces is None else pieces
        annotations = [Annotation(document.pmid) for document in documents]
        filled = [i for i, p in enumerate(pieces) if p.n_pieces]

        def annotate_rows(rows: list[int]) -> list[Annotation]:
            given = [tuple(mentions[i]) for i in rows] if mentions is not None else None
            with without_denormals():
                return self._annotate_batch([documents[i] for i in rows], [pieces[i] for i in rows], given)

        plan = [[filled[i] for i in batch] for batch in self._plan([pieces[i] for i in filled])]
        found = in_lanes(lambda rows: halving(annotate_rows, rows), plan, self.lanes, self._device)
        for number, (rows, some) in enumerate(zip(plan, found, strict=True), start=1):
            for row, annotation in zip(rows, some, strict=True):
                annotations[row] = annotation
            if number % _BATCHES_UNTIL_GIVEN_BACK == 0 or 1 < number == len(plan):
                give_back_memory()
        return annotations

    @torch.inference_mode()
    def classify_pairs(
        self, annotations: Sequence[Annotation], documents: Sequence[Document]
    ) -> dict[tuple[int, tuple[str, str]], tuple[str, bool]]:
        """Best relation type (no relation not being a choice) and novelty of every related pair of ``annotations``.

        Pairs of types that the model never relates are missing.
        """
        wanted = {(a.pmid, relation.pair) for a in annotations for relation in a.relations}
        pieces = split_pieces(documents, self._tokenizer)
        best = {}
        for rows in self._plan(pieces):
            entities = link_entities([annotations[i].mentions for i in rows], [pieces[i] for i in rows])
            batch = self._collate([pieces[i] for i in rows])
            _, pairs, scores = self._score_pairs(batch, self.model.words(batch), entities)
            ids = [(annotations[i].pmid, entity_id) for i, e in zip(rows, entities, strict=True) for entity_id in e.ids]
            kinds = scores.pair[:, 1:N_CLASSES].argmax(dim=1).tolist()
            novel = (self._config.calibration.novelty(scores.pair[:, NOVELTY]) > 0.5).tolist()
            for row, (one, two) in enumerate(zip(pairs.entity_1, pairs.entity_2, strict=True)):
                (pmid, a), (_, b) = ids[one], ids[two]
                key = pmid, (min(a, b), max(a, b))
                if key in wanted:
                    best[key] = RELATION_TYPES[kinds[row]], novel[row]
        return best

    def resolve_mentions(
        self, documents: Sequence[Document], mentions: Sequence[Sequence[Mention]]
    ) -> list[tuple[Mention, ...]]:
        """The mentions of each document with concept ids, as ``Linker.link`` gives them."""
        return [self._linker.link(d, m) for d, m in zip(documents, mentions, strict=True)]

    def runners_up(
        self, documents: Sequence[Document], mentions: Sequence[Sequence[Mention]], limit: int = 5
    ) -> list[list[tuple[Choice, ...]]]:
        """What else each mention may mean, as ``Linker.runners_up`` gives it."""
        return [self._linker.runners_up(d, m, limit) for d, m in zip(documents, mentions, strict=True)]

    def _plan(self, pieces: Sequence[Pieces]) -> Iterator[list[int]]:
        return plan_batches([p.n_pieces for p in pieces], self._batch_pieces, self.model.encoder.mixing(self._device))

    def _collate(self, pieces: Sequence[Pieces]) -> DocumentBatch:
        return collate(pieces, self._config.pad_id).to(self._device)

    def _annotate_batch(
        self, documents: list[Document], pieces: list[Pieces], given: list[tuple[Mention, ...]] | None
    ) -> list[Annotation]:
        batch = self._collate(pieces)
        words = self.model.words(batch)
        texts = [document.text for document in documents]
        calibration, mentions = self._config.calibration, given
        if mentions is None:
            log_p, tags = self.model.tag_log_probabilities(words, batch)
            tagged = decode_mentions(texts, pieces, log_p, tags, calibration.tag_temperature)
            mentions = self.resolve_mentions(documents, tagged)
        entities = link_entities(mentions, pieces)
        scored = self._score_pairs(batch, words, entities)
        relations = decode_relations(texts, pieces, entities, scored, calibration)
        if given is None and self.row_calibration:
            relations = [list(self.row_calibration.rescore(m, r)) for m, r in zip(mentions, relations, strict=True)]
        return [
            Annotation(document.pmid, of_document, tuple(sorted(found, key=lambda r: (r.pair, r.type))))
            for document, of_document, found in zip(documents, mentions, relations, strict=True)
        ]

    def _score_pairs(
        self, batch: DocumentBatch, words: Words, entities: list[Entities]
    ) -> tuple[Instances, Pairs, PairScores]:
        instances = join_instances(entities)
        pairs = build_pairs(batch, instances, self._type_pairs, self._config.heads.nearest)
        scores = PairScores(*(words.rows.new_empty(n, N_LOGITS) for n in (pairs.n_pairs, len(pairs.pair))))
        for part, rows, some in split_pairs(pairs, MAX_MENTION_PAIRS):
            found = self.model.pair_logits(words, instances, some)
            scores.pair[part] = found.pair
            scores.mention_pair[torch.from_numpy(rows).to(words.rows.device)] = found.mention_pair
        return instances, pairs, scores


def allowed_type_pairs(names: Iterable[tuple[str, str]]) -> np.ndarray:
    """Shape: (types, types) bool, symmetric."""
    allowed = np.zeros((len(ENTITY_TYPES),) * 2, bool)
    for a, b in names:
        allowed[TYPE_INDEX[a], TYPE_INDEX[b]] = allowed[TYPE_INDEX[b], TYPE_INDEX[a]] = True
    return allowed
