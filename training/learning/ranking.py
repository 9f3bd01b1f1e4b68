"""Learn the linker's ranker: a softmax over the candidates of each mention, and a logistic model of its being right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from litcoin_batch.concepts.linker import Linker
from litcoin_batch.concepts.options import LETTERS
from litcoin_batch.concepts.ranker import Ranker, log_odds
from litcoin_batch.concepts.variant_linking import variant_features
from litcoin_batch.schema import ENTITY_TYPES, Mention
from training.data.linking import LinkingDocument
from training.learning.linking_figures import Outcome

GENE, VARIANT = ENTITY_TYPES[0], ENTITY_TYPES[3]
_LEAST_FEATURE_COUNT = 4
# Chosen by cross-validation: features of a document are few documents' worth, however many mentions it has.
DECAY = 1e-4
# Bounds among which cross-validation chooses: a mention that is less surely linked stays unresolved. Variants excepted:
# a change that is read right is an identity, even where annotators write its dbSNP number.
LEAST_SURENESS = tuple(n / 20 for n in range(4, 13))


@dataclass(frozen=True, slots=True)
class Example:
    """One mention: its gold ids, the candidates' ids and features (none for a variant, whose ids come otherwise)."""

    pmid: int
    type: str
    text: str
    gold: frozenset[str]
    ids: list[frozenset[str]]
    features: list[list[str]]
    weight: float
    is_ours: bool

    @property
    def right(self) -> int | None:
        return next((i for i, ids in enumerate(self.ids) if ids == self.gold), None)


def bare(mentions: Sequence[Mention]) -> list[Mention]:
    return [replace(mention, entity_ids=()) for mention in mentions]


def collect(documents: Sequence[LinkingDocument], linker: Linker) -> list[Example]:
    """The mentions with gold ids, as ``linker`` sees them without."""
    examples = []
    for one in documents:
        gold = one.document.gold.mentions
        mentions = bare(gold)
        choices = linker.runners_up(one.document, mentions, 1) if any(m.type == VARIANT for m in gold) else None
        has_genes = any(m.type == GENE for m in gold)
        for i, (mention, described) in enumerate(zip(gold, linker.described(one.document, mentions), strict=True)):
            if not mention.entity_ids:
                continue
            ids, features = [], []
            if mention.type == VARIANT and choices and choices[i]:
                first = choices[i][0]
                ids = [frozenset(first.entity_ids)]
                features = [variant_features(mention.text, first.entity_ids, first.how, has_genes)]
            elif described:
                ids = [frozenset(joined.split(",")) for joined, _ in described]
                features = [found for _, found in described]
            gold_ids = frozenset(mention.entity_ids)
            examples.append(
                Example(
                    pmid=one.pmid,
                    type=mention.type,
                    text=mention.text,
                    gold=gold_ids,
                    ids=ids,
                    features=features,
                    weight=one.weight,
                    is_ours=one.is_ours,
                )
            )
    return examples


def learn(examples: Iterable[Example]) -> Ranker:
    """Without bounds of sureness, see ``least_sureness``."""
    # Other corpora write variants by other rules than BioRED does.
    examples = _joined(e for e in examples if e.ids and (e.is_ours or e.type != VARIANT))
    choice = _learn_choice([e for e in examples if e.right is not None and len(e.ids) > 1])
    ranker = Ranker(choice)
    return replace(ranker, sureness=_learn_sureness(examples, ranker))


def least_sureness(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Of each type the bound with the highest F1, of what is resolved and of all mentions; ``outcomes`` without bounds."""
    least = dict.fromkeys(ENTITY_TYPES, 0.0)
    for type_ in least.keys() - {VARIANT}:
        some = [o for o in outcomes if o.type == type_]
        if some:
            least[type_] = max(LEAST_SURENESS, key=lambda bound: (_f1(some, bound), -bound))
    return least


def _f1(outcomes: Sequence[Outcome], bound: float) -> float:
    kept = [o for o in outcomes if o.resolved and o.score >= bound]
    return 2 * sum(o.right for o in kept) / (len(kept) + len(outcomes))


def _joined(examples: Iterable[Example]) -> list[Example]:
    """Of mentions that look alike to the ranker one, with the weight of all."""
    found: dict[tuple, Example] = {}
    for e in examples:
        key = e.type, e.right, tuple(map(tuple, e.features))
        found[key] = replace(e, weight=found[key].weight + e.weight) if key in found else e
    return list(found.values())


def _learn_choice(examples: Sequence[Example], decay: float = DECAY) -> dict[str, float]:
    if not examples:  # every name means one thing
        return {}
    # Those of the mention are the same for all its candidates.
    names = _frequent(f for e in examples for features in e.features for f in features if not f.startswith("u:"))
    rows = [features for e in examples for features in e.features]
    owner = torch.tensor([i for i, e in enumerate(examples) for _ in e.ids])
    gold = torch.zeros(len(rows), dtype=torch.bool)
    start = 0
    for e in examples:
        gold[start + e.right] = True
        start += len(e.ids)
    weight = torch.tensor([e.weight for e in examples], dtype=torch.float64)
    weight /= weight.sum()
    table = _Table(rows, names)

    def loss(weights: torch.Tensor) -> torch.Tensor:
        scores = table @ weights
        top = torch.full((len(examples),), -torch.inf, dtype=scores.dtype).scatter_reduce(
            0, owner, scores.detach(), "amax"
        )
        total = torch.zeros_like(top).index_add(0, owner, torch.exp(scores - top[owner]))
        return (weight * (torch.log(total) + top - scores[gold])).sum() + decay * weights.square().sum()

    return dict(zip(names, _minimise(loss, len(names)), strict=True))


def _learn_sureness(examples: Sequence[Example], ranker: Ranker, decay: float = DECAY) -> dict[str, float]:
    """Of BioRED's own mentions and, lighter, of the other corpora's."""
    rows, margins, right = [], [], []
    for e in examples:
        top, margin = first_choice(e, ranker)
        rows.append([LETTERS[e.type], *e.features[top]])
        margins.append(margin)
        right.append(e.ids[top] == e.gold)
    # Many variants look alike and are one row here: their weight says how many they are.
    of_variants = Counter[str]()
    for e, row in zip(examples, rows, strict=True):
        if e.type == VARIANT:
            of_variants.update(dict.fromkeys(row, e.weight))
    enough = {f for f, weight in of_variants.items() if weight >= _LEAST_FEATURE_COUNT}
    names = sorted({*_frequent(f for row in rows for f in row), *enough})
    slopes = {letter: len(names) + i for i, letter in enumerate(LETTERS.values())}
    table = _Table(rows, names)
    slope_of = torch.tensor([slopes[row[0]] for row in rows])
    margin = torch.tensor(margins, dtype=torch.float64)
    target = torch.tensor(right, dtype=torch.float64)
    weight = torch.tensor([e.weight for e in examples], dtype=torch.float64)
    weight /= weight.sum()

    def loss(weights: torch.Tensor) -> torch.Tensor:
        logits = table @ weights[: len(names)] + weights[slope_of] * margin
        errors = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return (weight * errors).sum() + decay * weights.square().sum()

    values = _minimise(loss, len(names) + len(slopes))
    return dict(zip([*names, *(f"{letter}:margin" for letter in slopes)], values, strict=True))


def first_choice(example: Example, ranker: Ranker) -> tuple[int, float]:
    """Index and margin of the candidate that ``ranker`` puts first."""
    if example.type == VARIANT:
        return 0, 0.0
    scores = [ranker.score(features) for features in example.features]
    top = max(range(len(scores)), key=lambda i: (scores[i], -i))
    return top, log_odds([scores[top], *scores[:top], *scores[top + 1 :]])


def _frequent(features) -> list[str]:
    return sorted(f for f, n in Counter(features).items() if n >= _LEAST_FEATURE_COUNT)


class _Table:
    """Which rows have which features; ``table @ weights`` with a gradient."""

    def __init__(self, rows: Sequence[Sequence[str]], names: Sequence[str]) -> None:
        index = {name: i for i, name in enumerate(names)}
        places = [(r, index[f]) for r, row in enumerate(rows) for f in row if f in index]
        self._row, self._feature = torch.tensor(places, dtype=torch.int64).reshape(-1, 2).T.contiguous()
        self._shape = len(rows), len(names)

    def __matmul__(self, weights: torch.Tensor) -> torch.Tensor:
        return _Product.apply(weights, self._row, self._feature, *self._shape)


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(context, weights, row, feature, n_rows, n_features):
        context.save_for_backward(row, feature)
        context.n_features = n_features
        return weights.new_zeros(n_rows).index_add_(0, row, weights[feature])

    @staticmethod
    def backward(context, gradient):
        row, feature = context.saved_tensors
        weights = gradient.new_zeros(context.n_features).index_add_(0, feature, gradient[row])
        return weights, None, None, None, None


def _minimise(loss: Callable[[torch.Tensor], torch.Tensor], n_weights: int, n_steps: int = 60) -> list[float]:
    weights = torch.zeros(n_weights, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=n_steps, history_size=12, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss(weights)
        value.backward()
        return value

    optimiser.step(closure)
    return weights.detach().tolist()
