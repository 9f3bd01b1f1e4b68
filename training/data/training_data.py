"""What a run learns from and is chosen on, kept apart."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from litcoin_batch.readers import read_gold
from litcoin_batch.schema import ConfigError, Document
from training.data.corpora import Corpus, read_corpora
from training.data.directions import directed, read_directions
from training.data.examples import Example
from training.data.made.rule_made import edited_corpus, rule_made_corpora


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a training sees, and what chooses its best epoch."""

    train: list[Document]
    dev: list[Document]
    corpora: list[Corpus]
    plain: list[str]

    @property
    def texts(self) -> list[str]:
        """Everything that may shape a vocabulary; the development set may not."""
        return [d.text for d in self.train] + [d.text for c in self.corpora for d in c.documents] + self.plain


def read_training_data(options: dict) -> TrainingData:
    """``options``: the command line of train.py. Raises ``ConfigError`` where an evaluation document is among the training ones."""
    train = read_gold(options["train_files"], options["format_"])
    dev = read_gold(options["dev_files"], options["format_"])
    if files := options.get("directions"):
        train = directed(train, read_directions(files))
    held_out = guard(train, dev, options["exclude_pmids"])
    corpora = []
    if path := options["auxiliary"]:
        # The training documents are annotated in full already; a second, partial copy would only dilute them.
        known = held_out | {d.pmid for d in train}
        corpora = read_corpora(path, options["auxiliary_root"] or path.parent, known)
    if any(options.get("rule_made", ())):
        contrast, plain = options["rule_made"]
        corpora += rule_made_corpora(contrast, plain, options["seed"])
    if options.get("edited"):
        corpora.append(edited_corpus(train, options["edited"], options["seed"], bool(options.get("directions"))))
    return TrainingData(train, dev, corpora, plain_texts(options["plain"]))


def guard(train: Sequence[Document], dev: Sequence[Document], files: Sequence[Path]) -> frozenset[int]:
    """The PMIDs that may not be trained on; ``files`` list more of them, white space between."""
    held_out = {d.pmid for d in dev}
    for path in files:
        held_out |= {int(word) for word in path.read_text().split()}
    leaked = sorted(held_out & {d.pmid for d in train})
    if leaked:
        raise ConfigError(
            f"--train: {len(leaked)} of its documents are evaluation documents, e.g. PMID {leaked[0]}; training on them would be a leak"
        )
    return frozenset(held_out)


def related_types(documents: Sequence[Document]) -> list[tuple[str, str]]:
    """The pairs of entity types that are related at least twice in ``documents``."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in documents:
        kinds = {entity_id: mention.type for entity_id, mention in document.gold.entities().items()}
        for relation in document.gold.relations:
            if relation.entity_1_id in kinds and relation.entity_2_id in kinds:
                one, other = sorted(kinds[i] for i in relation.pair)
                counts[one, other] += 1
    return sorted(pair for pair, n in counts.items() if n > 1)


def draw(
    examples: list[Example], auxiliary: Sequence[tuple[list[Example], int]], rng: np.random.Generator
) -> list[Example]:
    """All examples, and of each auxiliary corpus as many as it contributes to one epoch."""
    chosen = [corpus[i] for corpus, n in auxiliary for i in rng.choice(len(corpus), min(n, len(corpus)), replace=False)]
    return examples + chosen


def plain_texts(files: Sequence[Path]) -> list[str]:
    """Title and abstract of each row of JSON lines, gzipped by name or not."""
    texts = []
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            texts += [f"{row.get('title') or ''} {row['abstract']}" for row in map(json.loads, lines)]
    return texts
