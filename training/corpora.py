"""Auxiliary corpora: which labels mean which of our types, and which types each corpus annotates in full.

    - name: bc5cdr
      files: [bc5cdr/train.pubtator.gz]
      complete: [ChemicalEntity, DiseaseOrPhenotypicFeature]
      labels: {Chemical: ChemicalEntity, Disease: DiseaseOrPhenotypicFeature}
      documents_per_epoch: 120

See conf/auxiliary.yaml. Labels that are not listed are unknown territory: whatever they
cover is trained as neither present nor absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from litcoin_batch.model.sentences import split_document
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, Annotation, ConfigError, Document, Mention

# Full texts are cut here: longer examples train no better and make batches uneven.
MAX_CHARS = 2_500


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    documents: list[Document]
    complete: tuple[str, ...]
    documents_per_epoch: int


def read_corpora(path: Path, root: Path, excluded: frozenset[int]) -> list[Corpus]:
    """``root``: the folder that file names are relative to; documents with an ``excluded`` PMID are left out."""
    entries = yaml.safe_load(path.read_text())
    corpora = []
    for entry in entries:
        _check(path, entry)
        documents = [
            part
            for document in read_gold([root / name for name in entry["files"]])
            if document.pmid not in excluded
            for part in cut(relabel(document, entry["labels"]), MAX_CHARS)
        ]
        corpora.append(Corpus(entry["name"], documents, tuple(entry["complete"]), entry["documents_per_epoch"]))
    return corpora


def _check(path: Path, entry: dict) -> None:
    expected = {"name", "files", "complete", "labels", "documents_per_epoch"}
    if set(entry) != expected:
        raise ConfigError(f"{path}: corpus {entry.get('name')!r} has the keys {sorted(entry)}, expected {sorted(expected)}")
    strangers = {*entry["complete"], *entry["labels"].values()} - set(ENTITY_TYPES)
    if strangers:
        raise ConfigError(f"{path}: corpus {entry['name']!r} names the types {sorted(strangers)}, known are {', '.join(ENTITY_TYPES)}")


def relabel(document: Document, labels: dict[str, str]) -> Document:
    mentions = tuple(replace(m, type=labels.get(m.type, "ambiguous")) for m in document.gold.mentions)
    return replace(document, gold=replace(document.gold, mentions=mentions))


def cut(document: Document, max_chars: int) -> list[Document]:
    """The document in parts of whole sentences, of about ``max_chars`` each."""
    text = document.text
    if len(text) <= max_chars:
        return [document]
    parts, start, stop = [], 0, 0
    for _, end in split_document(document):
        if end - start > max_chars and stop > start:
            parts.append((start, stop))
            start = stop
        stop = end
    parts.append((start, len(text)))
    return [_part(document, start, stop) for start, stop in parts]


def _part(document: Document, start: int, stop: int) -> Document:
    # The part becomes an abstract without title, whose text begins with one space.
    shift = 1 - start
    mentions: Sequence[Mention] = tuple(
        replace(m, start=m.start + shift, end=m.end + shift) for m in document.gold.mentions if start <= m.start and m.end <= stop
    )
    gold = Annotation(document.pmid, tuple(mentions))
    return replace(document, title=None, abstract=document.text[start:stop], gold=gold)
