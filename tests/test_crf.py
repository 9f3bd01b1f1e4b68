"""The field against sums over every path, written out."""

import itertools

import pytest
import torch

from litcoin_batch.model import crf
from litcoin_batch.model.tags import N_TAGS, decode_tags, encode_tags

LENGTHS = (3, 2)
MASK = torch.tensor([[True, True, True, False], [True, True, False, False]])


@pytest.fixture
def field():
    generator = torch.Generator().manual_seed(0)
    emissions = 2 * torch.randn(sum(LENGTHS), N_TAGS, generator=generator)
    transitions = torch.randn(N_TAGS + 1, N_TAGS, generator=generator).masked_fill(~crf.legal_transitions(), -torch.inf)
    allowed = torch.rand(sum(LENGTHS), N_TAGS, generator=generator) < 0.4
    allowed[:, 0] = True
    return emissions, transitions, allowed


def every_path(emissions, transitions):
    """Legal paths of one document with their weights."""
    for path in itertools.product(range(N_TAGS), repeat=len(emissions)):
        score = transitions[-1, path[0]] + sum(emissions[i, tag] for i, tag in enumerate(path))
        score = score + sum(transitions[a, b] for a, b in itertools.pairwise(path))
        if score > -torch.inf:
            yield path, score.exp()


def paths_by_document(field):
    emissions, transitions, allowed = field
    return [
        (list(every_path(e, transitions)), a) for e, a in zip(emissions.split(LENGTHS), allowed.split(LENGTHS), strict=True)
    ]


def test_likelihood_is_the_share_of_allowed_paths(field):
    emissions, transitions, allowed = field
    expected = 0.0
    for paths, may in paths_by_document(field):
        held = sum(w for path, w in paths if all(may[i, tag] for i, tag in enumerate(path)))
        expected += torch.log(held / sum(w for _, w in paths))
    torch.testing.assert_close(crf.log_likelihood(emissions, transitions, allowed, MASK), expected)


def test_marginals_sum_paths_through_each_tag(field):
    emissions, transitions, _ = field
    expected = torch.zeros_like(emissions)
    row = 0
    for paths, may in paths_by_document(field):
        for path, weight in paths:
            expected[row + torch.arange(len(path)), torch.tensor(path)] += weight
        row += len(may)
    torch.testing.assert_close(crf.marginals(emissions, transitions, MASK), expected / expected.sum(dim=1, keepdim=True))


def test_the_best_path_has_the_largest_weight(field):
    emissions, transitions, _ = field
    expected = [tag for paths, _ in paths_by_document(field) for tag in max(paths, key=lambda p: p[1])[0]]
    assert crf.best_path(emissions, transitions, MASK).tolist() == expected


def test_legal_transitions_are_those_of_mentions():
    generator = torch.Generator().manual_seed(1)
    legal = crf.legal_transitions()
    tags = encode_tags(torch.tensor([[0, 2], [2, 3], [3, 6], [7, 8]]).numpy(), torch.tensor([1, 1, 0, 5]).numpy(), 9)
    assert legal[-1, tags[0]] and all(legal[a, b] for a, b in itertools.pairwise(tags))
    transitions = torch.zeros(N_TAGS + 1, N_TAGS).masked_fill(~legal, -torch.inf)
    path = crf.best_path(3 * torch.randn(40, N_TAGS, generator=generator), transitions, torch.ones(1, 40, dtype=torch.bool)).numpy()
    ranges, kinds = decode_tags(path, torch.zeros(40).numpy())
    # Only of legal paths is tagging the decoded mentions the way back.
    assert (encode_tags(ranges, kinds, 40) == path).all() and len(ranges) > 3


def test_a_document_is_tagged_alike_in_any_company(field):
    emissions, transitions, _ = field
    single = torch.ones(1, LENGTHS[0], dtype=torch.bool)
    assert torch.equal(crf.marginals(emissions[:3], transitions, single), crf.marginals(emissions, transitions, MASK)[:3])
    assert torch.equal(crf.best_path(emissions[:3], transitions, single), crf.best_path(emissions, transitions, MASK)[:3])


def test_confident_mistakes_stay_finite():
    emissions = torch.full((200, N_TAGS), -60.0)
    emissions[:, 0] = 20
    emissions.requires_grad_()
    allowed = torch.zeros(200, N_TAGS, dtype=torch.bool)
    allowed[:, 1] = True
    transitions = torch.zeros(N_TAGS + 1, N_TAGS).masked_fill(~crf.legal_transitions(), -torch.inf)
    loss = -crf.log_likelihood(emissions, transitions, allowed, torch.ones(1, 200, dtype=torch.bool))
    loss.backward()
    assert loss > 1000 and torch.isfinite(loss) and torch.isfinite(emissions.grad).all()
