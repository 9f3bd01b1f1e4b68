"""Listed words alone: ``python training/studies/cue_classifier.py --train FILE --dev FILE --json OUT``.

Which kinds of word stand before, between and behind the two mentions of a pair, and which types they have, decides by logistic
regression; no encoder reads anything. A learned reader has to beat it. training/studies/gap_table.py sets the figures side by side.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from litcoin_batch.readers import read_gold
from litcoin_batch.schema import LitcoinBatchError
from training.command_options import (
    dev_option,
    exclude_pmids_option,
    figures_option,
    format_option,
    seed_option,
    train_option,
)
from training.data.examples import CLASSES
from training.data.made.contrast_documents import contrast_documents
from training.data.marked_pairs import MARKERS, MarkedPair, marked_pairs
from training.data.training_data import guard, related_types
from training.studies.pair_classifier import PairClassifier, figures_given_mentions, sample_negatives

# Kinds of words, by their stems; a word that ends in "*" stands for all that begin so.
CUES = {
    "up": "increas* elevat* upregulat* up-regulat* induc* activat* stimulat* enhanc* promot* augment* potentiat* overexpress*"
    " exacerbat* aggravat* worsen* amplif* accelerat* agonis* trigger* facilitat* elicit* evok* provok* accumulat* higher greater"
    " stronger rise rises rose risen gain* positive positively",
    "down": "decreas* reduc* downregulat* down-regulat* inhibit* suppress* attenuat* diminish* lower* block* abolish* repress*"
    " silenc* deplet* impair* abrogat* antagoni* counteract* dampen* restrain* inactivat* blunt* disrupt* weaken* declin* degrad*"
    " less fewer fell fall falls drop drops dropped inverse inversely negative negatively",
    "cause": "caus* lead* led result* produc* precipitat* complicat* toxic* adverse develop* contribut* predispos* follow*"
    " associat* risk* pathogen* secondary due after suscepti*",
    "treat": "treat* therap* prevent* ameliorat* alleviat* protect* reliev* relief revers* cur* mitigat* improv* rescue* efficac*"
    " effective* benefi* remission* respon* manage* prophyla* normali* restor* heal* control*",
    "taken out": "knockdown* knockout* knock-down* knock-out* deficien* delet* null lack* absen* ablat* siRNA* shRNA* inhibitor*"
    " blocker* antagonist* haploinsufficien* blockade* truncat* nonsense loss without",
    "denied": "not no cannot nor neither never none without fail* unable unrelated independent* unaffected unchanged nothing"
    " unlikely exclud* negligible irrespective regardless",
    "asked": "may might could whether hypothes* possib* unclear unknown investigat* examin* assess* evaluat* determin* aim*",
    "bind": "bind* bound interact* complex* ligand* dock* receptor*",
    "compare": "compar* versus vs than superior inferior similar*",
    "together": "combin* plus synerg* together coadminist* co-administ* concomitant* adjuvant*",
}
_PATTERNS = [
    re.compile(
        rf"(?<!\w)(?:{'|'.join(re.escape(w).replace(chr(92) + '*', chr(92) + 'w*') for w in words.split())})(?!\w)",
        re.I,
    )
    for words in CUES.values()
]
_UP, _DOWN, _OUT = (list(CUES).index(name) for name in ("up", "down", "taken out"))
_OPENING = re.compile("|".join(re.escape(before.partition("{")[0]) for before, _ in MARKERS))
_CLOSING = re.compile("|".join(f"{re.escape(after)}(?!\\w)" for _, after in MARKERS))
_WEIGHT_DECAY, _STEPS = 1e-5, 120


def cues_of(pair: MarkedPair) -> np.ndarray:
    """Shape: (cues,): of each kind, whether it stands before the first mention, between the first and the last, behind
    the last; the direction that most of them have, as it is and turned round where something is taken out.
    """
    starts = [found.start() for found in _OPENING.finditer(pair.text)]
    ends = [found.end() for found in _CLOSING.finditer(pair.text)]
    first, last = starts[0], max(ends)
    parts = (pair.text[:first], pair.text[first:last], pair.text[last:])
    counts = np.array([[len(pattern.findall(part)) for pattern in _PATTERNS] for part in parts], float)
    direction = np.sign(counts[:, _UP].sum() - counts[:, _DOWN].sum())
    turned = direction * (-1 if counts[:, _OUT].any() else 1)
    return np.concatenate([np.minimum(counts, 1).ravel(), [direction, turned]])


@dataclass
class CueClassifier(PairClassifier):
    """``weights`` Shape: (features, classes), ``novel_weights`` Shape: (features, 2)."""

    type_pairs: list[tuple[str, str]]
    model_id: str = "cues"
    weights: Tensor = field(default_factory=Tensor)
    novel_weights: Tensor = field(default_factory=Tensor)

    def features(self, pairs: Sequence[MarkedPair]) -> Tensor:
        """Shape: (pairs, features): the cues, once for all and once for pairs of each two types; whether one sentence names both."""
        known = {tuple(sorted(pair)): i for i, pair in enumerate(self.type_pairs)}
        rows = []
        for pair in pairs:
            shared = np.concatenate([[1.0], cues_of(pair)])
            own = np.zeros((len(known), len(shared)))
            own[known[tuple(sorted(pair.types))]] = shared
            rows.append(np.concatenate([shared, own.ravel()]))
        return torch.tensor(np.array(rows), dtype=torch.float32)

    def fit(self, pairs: Sequence[MarkedPair]) -> None:
        features = self.features(pairs)
        self.weights = _logistic(features, torch.tensor([pair.label for pair in pairs]), len(CLASSES))
        related = [i for i, pair in enumerate(pairs) if pair.novel >= 0]
        self.novel_weights = _logistic(features[related], torch.tensor([pairs[i].novel for i in related]), 2)

    def probabilities(self, pairs: Sequence[MarkedPair]) -> tuple[np.ndarray, np.ndarray]:
        if not pairs:
            return np.zeros((0, len(CLASSES))), np.zeros(0)
        features = self.features(pairs)
        novel = (features @ self.novel_weights).softmax(dim=1)[:, 1]
        return (features @ self.weights).softmax(dim=1).numpy(), novel.numpy()


def _logistic(features: Tensor, target: Tensor, n_classes: int) -> Tensor:
    """Weights of a multinomial logistic regression with a small penalty; the same whenever it is fitted."""
    weights = torch.zeros(features.shape[1], n_classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(features @ weights, target) + _WEIGHT_DECAY * (weights**2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weights.detach()


@click.command()
@train_option
@dev_option
@exclude_pmids_option
@format_option
@click.option(
    "--rule-made",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Rule-made contrast documents among the training ones.",
)
@click.option(
    "--negatives", default=3.0, show_default=True, type=click.FloatRange(0), help="Unrelated pairs per related one."
)
@seed_option
@figures_option
def main(output: Path, **options) -> None:
    """Fit the weights of listed words and score pair, type, novelty and the contrast set with gold mentions given."""
    try:
        train = read_gold(options["train_files"], options["format_"])
        dev = read_gold(options["dev_files"], options["format_"])
        guard(train, dev, options["exclude_pmids"])
    except LitcoinBatchError as error:
        raise click.ClickException(str(error)) from error
    classifier = CueClassifier(related_types(train))
    made = contrast_documents(options["rule_made"], options["seed"])
    pairs = list(marked_pairs(train + made, classifier.type_pairs))
    classifier.fit(sample_negatives(pairs, options["negatives"], np.random.default_rng(options["seed"])))
    names = {key: [path.name for path in options[key]] for key in ("train_files", "dev_files")}
    settings = names | {key: options[key] for key in ("rule_made", "negatives", "seed")}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures_given_mentions(classifier, dev) | {"settings": settings}, indent=1) + "\n")
    click.echo(f"{output}: written")


if __name__ == "__main__":
    main()
