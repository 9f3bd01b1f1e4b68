"""The field against sums over every path, written out."""

import itertools

import pytest
import torch

from litcoin_batch.model.batching.tags import N_TAGS, decode_tags, encode_tags
from litcoin_batch.model.layers import crf

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
        (list(every_path(e, transitions)), a)
        for e, a in zip(emissions.split(LENGTHS), allowed.split(LENGTHS), strict=True)
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
    torch.testing.assert_close(
        crf.marginals(emissions, transitions, MASK), expected / expected.sum(dim=1, keepdim=True)
    )


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
    path = crf.best_path(
        3 * torch.randn(40, N_TAGS, generator=generator), transitions, torch.ones(1, 40, dtype=torch.bool)
    ).numpy()
    ranges, kinds = decode_tags(path, torch.zeros(40).numpy())
    # Only of legal paths is tagging the decoded mentions the way back.
    assert (encode_tags(ranges, kinds, 40) == path).all() and len(ranges) > 3


def test_a_document_is_tagged_alike_in_any_company(field):
    emissions, transitions, _ = field
    single = torch.ones(1, LENGTHS[0], dtype=torch.bool)
    assert torch.equal(
        crf.marginals(emissions[:3], transitions, single), crf.marginals(emissions, transitions, MASK)[:3]
    )
    assert torch.equal(
        crf.best_path(emissions[:3], transitions, single), crf.best_path(emissions, transitions, MASK)[:3]
    )


def test_a_document_is_tagged_alike_in_a_large_batch():
    generator = torch.Generator().manual_seed(3)
    lengths = torch.randint(1, 90, (37,), generator=generator)
    mask = torch.arange(96) < lengths[:, None]
    emissions = 4 * torch.randn(int(lengths.sum()), N_TAGS, generator=generator)
    transitions = torch.randn(N_TAGS + 1, N_TAGS, generator=generator).masked_fill(~crf.legal_transitions(), -torch.inf)
    together = crf.marginals(emissions, transitions, mask), crf.best_path(emissions, transitions, mask)
    for row, part in enumerate(torch.arange(len(emissions)).split(lengths.tolist())):
        alone = (
            crf.marginals(emissions[part], transitions, mask[row][None]),
            crf.best_path(emissions[part], transitions, mask[row][None]),
        )
        assert torch.equal(together[0][part], alone[0]) and torch.equal(together[1][part], alone[1])


def test_marginals_of_a_long_document_that_wants_what_is_illegal():
    """Every word asks for an inside that may not follow: sums shrink by e to the 40 from word to word."""
    transitions = torch.zeros(N_TAGS + 1, N_TAGS).masked_fill(~crf.legal_transitions(), -torch.inf)
    emissions = torch.full((400, N_TAGS), -40.0)
    emissions[torch.arange(400), 2 + 2 * (torch.arange(400) % 6)] = 0
    found = crf.marginals(emissions, transitions, torch.ones(1, 400, dtype=torch.bool))
    state, ahead = None, []
    for row in emissions.double():
        state = row + (transitions[-1] if state is None else (state[:, None] + transitions[:-1]).logsumexp(dim=0))
        ahead.append(state)
    behind = [torch.zeros(N_TAGS, dtype=torch.float64)]
    for row in reversed(emissions.double()[1:]):
        behind.append((transitions[:-1] + row + behind[-1]).logsumexp(dim=1))
    expected = torch.softmax(torch.stack(ahead) + torch.stack(behind[::-1]), dim=1).float()
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


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
