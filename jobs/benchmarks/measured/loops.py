"""Two loops over the same encoder, without Spark: the limit that nothing can pass, and the way of the field's own systems."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer

from benchmarks.corpus import evenly
from benchmarks.measured.stages import Arithmetic, Loaded, Stopwatch, counted_pieces, load, read_documents
from litcoin_batch.model.annotator import allowed_type_pairs
from litcoin_batch.model.batching.batches import DocumentBatch, collate, plan_batches
from litcoin_batch.model.batching.entities import join_instances, link_entities
from litcoin_batch.model.batching.pairs import build_pairs
from litcoin_batch.schema import ConfigError, Document, Mention
from litcoin_batch.text.pieces import split_pieces

# What the BioRED baseline and BioREx feed their encoder with.
PAIR_BATCH = 32
PAIR_PIECES = 512
MARKERS = (("@1$ ", " @/1$"), ("@2$ ", " @/2$"))


def measure_bare_encoder(arithmetic: Arithmetic, paths: tuple[str, ...], threads: int) -> dict:
    """The limit: ``encoder(ids, shapes, mask)`` over all documents and nothing else.

    Documents are tokenised, sorted by length, padded and on the device before the clock starts; what comes out is
    dropped. No tags, no pairs, no text, no Spark.
    """
    torch.set_num_threads(threads)
    loaded, documents = load(arithmetic), read_documents(paths)
    batches = _sorted_batches(loaded, documents, arithmetic.batch_pieces)
    # The first passes of a shape cost more than the later ones; the longest and the shortest will do.
    _encode_all(loaded, (batches[0], batches[-1]))
    with counted_pieces(loaded.annotator.model.encoder) as pieces:
        sec = _encode_all(loaded, batches)
    return {"documents": len(documents), "sec": sec, "pieces": pieces.real, "padded_pieces": pieces.padded}


def _sorted_batches(loaded: Loaded, documents: Sequence[Document], batch_pieces: int) -> list[DocumentBatch]:
    pieces = [p for p in split_pieces(documents, loaded.checkpoint.tokenizer) if p.n_pieces]
    plan = plan_batches(
        [p.n_pieces for p in pieces], batch_pieces, loaded.annotator.model.encoder.mixing(loaded.device)
    )
    pad_id = loaded.checkpoint.config.pad_id
    return [collate([pieces[i] for i in rows], pad_id).to(loaded.device) for rows in plan]


@torch.inference_mode()
def _encode_all(loaded: Loaded, batches: Sequence[DocumentBatch]) -> float:
    encoder, watch = loaded.annotator.model.encoder, Stopwatch(loaded.device)
    with watch.time("encode"):
        for batch in batches:
            encoder(batch.ids, batch.shapes, batch.mask)
    return watch.sec["encode"]


def measure_pair_marker(arithmetic: Arithmetic, paths: tuple[str, ...], threads: int, n_documents: int) -> dict:
    """One pass of the encoder for each candidate pair: its mentions are marked in the text, as BioREx does it.

    Entities are predicted, and candidates chosen, before the clock starts. Timed are marking, tokenising, padding and
    the encoder; heads are left out, in this loop's favour. Batches of 32 in order of arrival, 512 pieces each.
    """
    torch.set_num_threads(threads)
    loaded = load(arithmetic)
    documents = evenly(read_documents(paths), n_documents)
    pairs = candidate_pairs(loaded, documents)
    if not pairs:
        raise ConfigError(f"pair marker: the {len(documents)} documents have no candidate pair; take more")
    _pass_pairs(loaded, pairs[:2])
    with counted_pieces(loaded.annotator.model.encoder) as pieces:
        sec = _pass_pairs(loaded, pairs)
    return {
        "documents": len(documents),
        "sec": sec,
        "passes": len(pairs),
        "pieces": pieces.real,
        "padded_pieces": pieces.padded,
    }


def candidate_pairs(
    loaded: Loaded, documents: Sequence[Document]
) -> list[tuple[Document, tuple[list[Mention], list[Mention]]]]:
    """For every pair of entities that the model itself scores: the document and the mentions of both."""
    tokenizer, config = loaded.checkpoint.tokenizer, loaded.checkpoint.config
    pieces, annotations = split_pieces(documents, tokenizer), loaded.annotator.annotate(documents)
    allowed, found = allowed_type_pairs(config.type_pairs), []
    for document, p, annotation in zip(documents, pieces, annotations, strict=True):
        if not p.n_pieces:
            continue
        (entities,) = link_entities([annotation.mentions], [p])
        pairs = build_pairs(collate([p], config.pad_id), join_instances([entities]), allowed, config.heads.nearest)
        for both in zip(pairs.entity_1.tolist(), pairs.entity_2.tolist(), strict=True):
            one, other = ([m for m in annotation.mentions if entities.ids[e] in m.entity_ids] for e in both)
            found.append((document, (one, other)))
    return found


def mark(text: str, mentions: Sequence[Sequence[Mention]]) -> str:
    """``text`` with a marker before and behind every mention of either entity."""
    inserts = [(place, -n, mark) for n, (some, marks) in enumerate(zip(mentions, MARKERS, strict=True)) for m in some
               for place, mark in zip((m.start, m.end), marks, strict=True)]  # fmt: skip
    parts, done = [], 0
    for place, _, inserted in sorted(inserts):
        parts += [text[done:place], inserted]
        done = place
    return "".join((*parts, text[done:]))


@torch.inference_mode()
def _pass_pairs(loaded: Loaded, pairs: Sequence[tuple[Document, tuple[list[Mention], list[Mention]]]]) -> float:
    encoder, watch = loaded.annotator.model.encoder, Stopwatch(loaded.device)
    with watch.time("pairs"):
        for start in range(0, len(pairs), PAIR_BATCH):
            texts = [mark(document.text, mentions) for document, mentions in pairs[start : start + PAIR_BATCH]]
            encoder(*_padded(texts, loaded.checkpoint.tokenizer, loaded.checkpoint.config.pad_id, loaded.device))
    return watch.sec["pairs"]


def _padded(texts: Sequence[str], tokenizer: Tokenizer, pad_id: int, device: torch.device) -> tuple[torch.Tensor, ...]:
    # Two of the pieces are the begin and end that a transformer adds.
    rows = [e.ids[: PAIR_PIECES - 2] for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    length = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad_id] * (length - len(row))] for row in rows], device=device)
    mask = torch.arange(length, device=device) < torch.tensor([[len(row)] for row in rows], device=device)
    return ids, torch.zeros_like(ids), mask
