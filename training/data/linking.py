"""What the linker learns from: annotated documents with concept ids as BioRED writes them, in folds, and the names they give.

    - name: bc5cdr
      files: [aux/bc5cdr/train.PubTator.gz]
      weight: 0.2
      labels: {Chemical: ChemicalEntity, Disease: DiseaseOrPhenotypicFeature}

See conf/linking.yaml.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from litcoin_batch.concepts.variant_numbers import readings_of
from litcoin_batch.concepts.vocabularies.lexicon_files import Row
from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ENTITY_TYPES, ConfigError, Document, Mention
from training.data.vocabularies.annotated_names import biored_ids

GENE, DISEASE, CHEMICAL, VARIANT, ORGANISM, CELL_LINE = ENTITY_TYPES
_KEYS = {"name", "files", "weight", "labels"}
# Words for organisms that are looked for where a corpus does not annotate organisms: those annotated so often.
_LEAST_COUNT = 3


@dataclass(frozen=True, slots=True)
class LinkingDocument:
    """``document.gold`` with BioRED's types and ids; ``weight`` of one of its mentions, 0 where only its names count; ``is_ours``: of the first corpus, BioRED's own annotation."""

    document: Document
    corpus: str
    weight: float
    is_ours: bool

    @property
    def pmid(self) -> int:
        return self.document.pmid

    def of_types(self, *types: str) -> LinkingDocument:
        """The same with no other mentions."""
        gold = self.document.gold
        mentions = tuple(m for m in gold.mentions if m.type in types)
        return replace(self, document=replace(self.document, gold=replace(gold, mentions=mentions)))


def read_linking_corpora(path: Path, root: Path, excluded: frozenset[int]) -> list[LinkingDocument]:
    """All documents that have a mention with ids, those with an ``excluded`` PMID left out; the first corpus is BioRED's."""
    found: list[LinkingDocument] = []
    for number, entry in enumerate(yaml.safe_load(path.read_text())):
        _check(path, entry)
        is_ours = number == 0
        for document in read_gold([root / name for name in entry["files"]]):
            if document.pmid in excluded:
                continue
            mentions = tuple(_relabelled(document.gold.mentions, entry["labels"], is_ours))
            if any(m.entity_ids for m in mentions):
                document = replace(document, gold=replace(document.gold, mentions=mentions, relations=()))
                found.append(LinkingDocument(document, entry["name"], float(entry["weight"]), is_ours))
    if not found:
        raise ConfigError(f"{path}: none of its corpora has a mention with a concept id")
    return _with_organisms(found)


def _check(path: Path, entry: dict) -> None:
    if set(entry) != _KEYS:
        raise ConfigError(
            f"{path}: corpus {entry.get('name')!r} has the keys {sorted(entry)}, expected {sorted(_KEYS)}"
        )
    strangers = set(entry["labels"].values()) - set(ENTITY_TYPES)
    if strangers:
        raise ConfigError(
            f"{path}: corpus {entry['name']!r} names the types {sorted(strangers)}, known are {', '.join(ENTITY_TYPES)}"
        )


def _relabelled(mentions: Iterable[Mention], labels: dict[str, str], is_ours: bool) -> Iterator[Mention]:
    for mention in mentions:
        type_ = labels.get(mention.type)
        if type_ is not None:
            mention = replace(mention, type=type_)
            yield mention if is_ours else replace(mention, entity_ids=biored_ids(mention))


def _with_organisms(documents: list[LinkingDocument]) -> list[LinkingDocument]:
    """Organisms found by the words of the first corpus, without ids, where a document has none annotated."""
    counts = Counter(m.text for d in documents if d.is_ours for m in d.document.gold.mentions if m.type == ORGANISM)
    words = sorted((w for w, n in counts.items() if n >= _LEAST_COUNT), key=len, reverse=True)
    if not words:
        return documents
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)")
    completed = []
    for one in documents:
        gold = one.document.gold
        if not one.is_ours and not any(m.type == ORGANISM for m in gold.mentions):
            taken = [(m.start, m.end) for m in gold.mentions]
            extra = [
                Mention(*match.span(), ORGANISM, match.group())
                for match in pattern.finditer(one.document.text)
                if not any(start < match.end() and match.start() < end for start, end in taken)
            ]
            mentions = tuple(sorted((*gold.mentions, *extra), key=lambda m: (m.start, m.end, m.type)))
            one = replace(one, document=replace(one.document, gold=replace(gold, mentions=mentions)))
        completed.append(one)
    return completed


def fold_of(pmid: int, n_folds: int) -> int:
    """Copies of a document in several corpora are in one fold."""
    return int.from_bytes(hashlib.sha256(str(pmid).encode()).digest()[:4], "big") % n_folds


def annotated_rows(documents: Sequence[LinkingDocument]) -> list[Row]:
    """Each mention's name with the ids that annotators gave it."""
    mentions = (m for one in documents for m in one.document.gold.mentions if m.entity_ids and m.type != VARIANT)
    return [Row(m.text, m.type, ",".join(m.entity_ids)) for m in mentions]


def variant_numbers(documents: Sequence[LinkingDocument]) -> dict[tuple[str, str], str]:
    """(gene, change) -> rs number of variants whose number is annotated but not written; the gene nearest to them, or the only one."""
    votes: dict[tuple[str, str], Counter[str]] = {}
    for one in documents:
        mentions = one.document.gold.mentions
        genes = [m for m in mentions if m.type == GENE and m.entity_ids]
        for mention in mentions:
            if mention.type != VARIANT or len(mention.entity_ids) != 1 or not mention.entity_ids[0].startswith("rs"):
                continue
            readings = [r for rs in readings_of(mention.text) for r in rs if any(c.isdigit() for c in r)]
            if not readings or readings[0].startswith("rs"):
                continue
            ids = {i for m in genes for i in m.entity_ids}
            for gene in ids:
                for change in readings:
                    votes.setdefault((gene, change), Counter())[mention.entity_ids[0]] += 1
    return {key: counts.most_common(1)[0][0] for key, counts in votes.items()}
