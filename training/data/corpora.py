"""Auxiliary corpora: which labels mean which of our types, and which types each corpus annotates in full.

    - name: bc5cdr
      files: [bc5cdr/train.pubtator.gz]
      complete: [ChemicalEntity, DiseaseOrPhenotypicFeature]
      labels: {Chemical: ChemicalEntity, Disease: DiseaseOrPhenotypicFeature}
      parts_per_epoch: 120

See conf/auxiliary.yaml. Labels that are not listed are unknown territory: whatever they
cover is trained as neither present nor absent.

A corpus with relations says what each of its labels may mean, ``none`` being a choice:

      relations:
        between: [ChemicalEntity, DiseaseOrPhenotypicFeature]
        labels: {CID: [Positive_Correlation]}
        unlabelled: [none, Association, Negative_Correlation]

Only pairs between the two types that share a sentence are learnt from; ``unlabelled`` is what those
without a label may be. ``reader`` names one of ``READERS`` where the files are not annotated documents of a known format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, Annotation, ConfigError, Document, Mention
from litcoin_batch.text.sentences import split_document
from training.data.curated_relations import read_bc6pm, read_biorelex, read_chemdisgene, read_comagc
from training.data.event_relations import read_event_archives
from training.data.examples import CLASSES, PairLabels

# Recognition needs little context, and the cost of attention grows with the square of the length.
MAX_CHARS = 1_200
READERS = {
    "annotated": read_gold,
    "bionlp13_events": read_event_archives,
    "chemdisgene": read_chemdisgene,
    "bc6pm": read_bc6pm,
    "biorelex": read_biorelex,
    "comagc": read_comagc,
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents of one source and what is annotated in them."""

    name: str
    documents: list[Document]
    complete: tuple[str, ...]
    parts_per_epoch: int
    relations: PairLabels | None = None
    # By rule: neither the share nor the silence of auxiliary corpora in a recipe concerns it.
    made: bool = False


def read_corpora(path: Path, root: Path, excluded: frozenset[int]) -> list[Corpus]:
    """``root``: the folder that file names are relative to; documents with an ``excluded`` PMID are left out."""
    entries = yaml.safe_load(path.read_text())
    corpora = []
    for entry in entries:
        _check(path, entry)
        documents = [
            part
            for document in READERS[entry.get("reader", "annotated")]([root / name for name in entry["files"]])
            if document.pmid not in excluded
            for part in cut(relabel(document, entry["labels"]), MAX_CHARS)
        ]
        labels = _pair_labels(path, entry["name"], entry["relations"]) if "relations" in entry else None
        corpora.append(Corpus(entry["name"], documents, tuple(entry["complete"]), entry["parts_per_epoch"], labels))
    return corpora


def list_corpora(path: Path) -> dict[str, str]:
    """Licence, as its owner states it, of each corpus of a file that ``read_corpora`` takes."""
    entries = yaml.safe_load(path.read_text())
    for entry in entries:
        _check(path, entry)
    return {entry["name"].split()[0]: entry.get("licence", "not stated") for entry in entries}


def _pair_labels(path: Path, name: str, entry: dict) -> PairLabels:
    if set(entry) != {"between", "labels", "unlabelled"} or len(entry["between"]) != 2:
        raise ConfigError(
            f"{path}: corpus {name!r}: relations need between (two types), labels and unlabelled, found {sorted(entry)}"
        )
    choices = [entry["unlabelled"], *entry["labels"].values()]
    strangers = {*entry["between"]} - set(ENTITY_TYPES) | {c for choice in choices for c in choice} - set(CLASSES)
    if strangers:
        raise ConfigError(
            f"{path}: corpus {name!r}: relations name {sorted(strangers)}, known are {', '.join(ENTITY_TYPES + CLASSES)}"
        )
    classes = np.asarray([[c in choice for c in CLASSES] for choice in choices])
    return PairLabels(tuple(entry["labels"]), classes, tuple(entry["between"]))


def _check(path: Path, entry: dict) -> None:
    expected = {"name", "files", "complete", "labels", "parts_per_epoch"}
    if set(entry) - {"relations", "reader", "licence"} != expected:
        raise ConfigError(
            f"{path}: corpus {entry.get('name')!r} has the keys {sorted(entry)}, expected {sorted(expected)}"
        )
    if entry.get("reader", "annotated") not in READERS:
        raise ConfigError(
            f"{path}: corpus {entry['name']!r} has the reader {entry['reader']!r}, known are {', '.join(READERS)}"
        )
    strangers = {*entry["complete"], *entry["labels"].values()} - set(ENTITY_TYPES)
    if strangers:
        raise ConfigError(
            f"{path}: corpus {entry['name']!r} names the types {sorted(strangers)}, known are {', '.join(ENTITY_TYPES)}"
        )


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
        replace(m, start=m.start + shift, end=m.end + shift)
        for m in document.gold.mentions
        if start <= m.start and m.end <= stop
    )
    present = {entity_id for m in mentions for entity_id in m.entity_ids}
    relations = tuple(r for r in document.gold.relations if present.issuperset(r.pair))
    gold = Annotation(document.pmid, tuple(mentions), relations)
    return replace(document, title=None, abstract=document.text[start:stop], gold=gold)
