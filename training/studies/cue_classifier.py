"""Listed words alone: ``python training/studies/cue_classifier.py --train FILE --dev FILE --json OUT``.

Which kinds of word stand before, between and behind the two mentions of a pair, and which types they have, decides by logistic
regression; no encoder reads anything. A learned reader has to beat it. training/studies/gap_table.py sets the figures side by side.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

# Started by its path, a command finds the repository it stands in.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from training.data.examples import CLASSES
from training.data.marked_pairs import MARKERS, MarkedPair
from training.studies.pair_classifier import PairClassifier, sample_negatives
from training.studies.pair_study import read_study, study_options, write_figures

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


def _pattern(words: str) -> re.Pattern[str]:
    stems = "|".join(re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in words.split())
    return re.compile(rf"(?<!\w)(?:{stems})(?!\w)", re.IGNORECASE)


_PATTERNS = [_pattern(words) for words in CUES.values()]
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


def features_of(pairs: Sequence[MarkedPair], type_pairs: Sequence[tuple[str, str]]) -> Tensor:
    """Shape: (pairs, features): one and the cues, for all pairs together and once more for those of each two types."""
    known = {tuple(sorted(pair)): i for i, pair in enumerate(type_pairs)}
    shared = np.array([[1.0, *cues_of(pair)] for pair in pairs])
    own = np.zeros((len(pairs), len(known), shared.shape[1]))
    own[np.arange(len(pairs)), [known[tuple(sorted(pair.types))] for pair in pairs]] = shared
    return torch.tensor(np.concatenate([shared, own.reshape(len(pairs), -1)], axis=1), dtype=torch.float32)


@dataclass
class CueClassifier(PairClassifier):
    """``weights`` Shape: (features, classes), ``novel_weights`` Shape: (features, 2)."""

    type_pairs: list[tuple[str, str]]
    weights: Tensor
    novel_weights: Tensor
    model_id: str = "cues"

    @classmethod
    def fitted(cls, pairs: Sequence[MarkedPair], type_pairs: list[tuple[str, str]]) -> CueClassifier:
        features = features_of(pairs, type_pairs)
        related = [i for i, pair in enumerate(pairs) if pair.novel >= 0]
        return cls(
            type_pairs,
            _logistic(features, torch.tensor([pair.label for pair in pairs]), len(CLASSES)),
            _logistic(features[related], torch.tensor([pairs[i].novel for i in related]), 2),
        )

    def probabilities(self, pairs: Sequence[MarkedPair]) -> tuple[np.ndarray, np.ndarray]:
        if not pairs:
            return np.zeros((0, len(CLASSES))), np.zeros(0)
        features = features_of(pairs, self.type_pairs)
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
@study_options
def main(output: Path, **options) -> None:
    """Fit the weights of listed words and score pair, type, novelty and the contrast set with gold mentions given."""
    pairs, dev, type_pairs = read_study(options)
    drawn = sample_negatives(pairs, options["negatives"], np.random.default_rng(options["seed"]))
    write_figures(output, CueClassifier.fitted(drawn, type_pairs), dev, options)


if __name__ == "__main__":
    main()
