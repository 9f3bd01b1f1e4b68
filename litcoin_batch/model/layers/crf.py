"""A linear-chain conditional random field over the tags of a document (Lafferty et al. 2001).

A mention is right only as a whole, so words must not be tagged on their own: neighbours decide where
it begins and ends. Everything runs over all documents of a batch at once, word by word; the forward
and backward passes work on probabilities scaled to sum to one, which is cheaper than logarithms and
as exact.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from litcoin_batch.model.batching.batches import ROW_STEP
from litcoin_batch.model.batching.tags import N_TAGS

# Smaller than any probability a path of a document can be asked for; keeps the logarithm finite.
_TINY = 1e-35
# The same in 64 bits, and the words after which sums are scaled to one: a word that wants what may not be makes them
# smaller by the whole distance of its tags' scores.
_TINIEST = torch.finfo(torch.float64).tiny
_WORDS_UNSCALED = 8


def legal_transitions() -> Tensor:
    """(N_TAGS + 1, N_TAGS) bool: whether a tag may follow a tag; the last row says which may come first.

    Inside of a type follows only begin or inside of the same type.
    """
    tag = torch.arange(N_TAGS)
    inside = (tag > 0) & (tag % 2 == 0)
    same = (tag[:, None] + 1) // 2 == (tag[None, :] + 1) // 2
    legal = ~inside[None, :] | (same & (tag > 0)[:, None])
    return torch.cat([legal, ~inside[None, :]])


def to_grid(rows: Tensor, word_mask: Tensor, fill: float = 0.0) -> Tensor:
    """Rows Shape: (real words, columns), document after document, as Shape: (words, batch, columns) without a tail that is all padding."""
    grid = rows.new_full((*word_mask.shape, rows.shape[1]), fill)
    grid[word_mask] = rows
    return grid[:, : _longest(word_mask)].transpose(0, 1).contiguous()


def real_words(word_mask: Tensor) -> Tensor:
    """Shape: (words, batch, 1) bool: where the grid holds a word."""
    return word_mask[:, : _longest(word_mask)].T[:, :, None].contiguous()


def _longest(word_mask: Tensor) -> int:
    return int(word_mask.sum(dim=1).max())


def log_likelihood(emissions: Tensor, transitions: Tensor, allowed: Tensor, word_mask: Tensor) -> Tensor:
    """Sum over documents of log P(some path of allowed tags).

    ``emissions`` Shape: (real words, N_TAGS) scores; ``transitions`` Shape: (N_TAGS + 1, N_TAGS) scores, -inf where illegal;
    ``allowed`` Shape: (real words, N_TAGS) bool, one tag where the annotation says it, several where it is partial.
    """
    peak = emissions.amax(dim=1, keepdim=True).detach()
    potential = torch.exp(emissions - peak)
    both = torch.stack([potential, potential * allowed], dim=1).flatten(1)
    # Beyond the end of a document nothing changes the sums: those steps are left out below.
    grid = to_grid(both, word_mask).view(-1, len(word_mask), 2, N_TAGS).transpose(1, 2).flatten(1, 2)
    real = real_words(word_mask).squeeze(2).repeat(1, 2)
    total = _log_sums(grid, torch.exp(transitions), real)
    free, held = total.view(2, -1)
    return (held - free).sum()


def _log_sums(potential: Tensor, transitions: Tensor, real: Tensor) -> Tensor:
    """Shape: (chains,): the logarithm of the sum over all paths; ``potential`` Shape: (words, chains, tags), ``real`` Shape: (words, chains)."""
    step, start = transitions[:-1], transitions[-1]
    state = start * potential[0]
    sums = []
    for word in range(len(potential)):
        if word:
            moved = (state @ step) * potential[word]
            state = torch.where(real[word][:, None], moved, state)
        total = state.sum(dim=1, keepdim=True).clamp(min=_TINY)
        state = state / total
        sums.append(total)
    # A finished chain sums to one from then on, and adds nothing.
    return torch.cat(sums, dim=1).log().sum(dim=1)


def marginals(emissions: Tensor, transitions: Tensor, word_mask: Tensor) -> Tensor:
    """Shape: (real words, N_TAGS): the probability of each tag given the whole document; not for gradients."""
    potential = torch.exp(emissions - emissions.amax(dim=1, keepdim=True)).double()
    order = _reversed_within(word_mask)
    # From its first word on and from its last word on a document is gone through in the same way, so at the same time.
    grid = to_grid(
        torch.cat([potential, potential[order]], dim=1),
        nn.functional.pad(word_mask, (0, 0, 0, -len(word_mask) % ROW_STEP)),
    )
    weights = torch.exp(transitions).double()
    step = torch.block_diag(weights[:-1], weights[:-1].T)
    moved, states = torch.empty_like(grid), torch.empty_like(grid)
    moved[0] = torch.cat([weights[-1], torch.ones_like(weights[-1])])
    state = moved[0]
    for word, (here, before, after) in enumerate(zip(grid.unbind(), moved.unbind(), states.unbind(), strict=True)):
        if word:
            torch.mm(state, step, out=before)
        state = torch.mul(before, here, out=after)
        if word % _WORDS_UNSCALED == 0:
            halves = state.view(-1, 2, N_TAGS)
            halves /= halves.sum(dim=2, keepdim=True).clamp(min=_TINIEST)
    ahead = _from_grid(states, word_mask)[:, :N_TAGS]
    behind = _from_grid(moved, word_mask)[:, N_TAGS:][order]
    both = ahead * behind
    return (both / both.sum(dim=1, keepdim=True).clamp(min=_TINIEST)).to(emissions.dtype)


def _reversed_within(word_mask: Tensor) -> Tensor:
    """Shape: (real words,): where each word's place is if every document is reversed."""
    length = word_mask.sum(dim=1)
    last = length.cumsum(dim=0) - 1
    both_ends = torch.repeat_interleave(2 * last - length + 1, length)
    return both_ends - torch.arange(len(both_ends), device=length.device)


def _from_grid(grid: Tensor, word_mask: Tensor) -> Tensor:
    """What ``to_grid`` was given, of its grid."""
    return grid.transpose(0, 1)[: len(word_mask)][word_mask[:, : len(grid)]]


def best_path(emissions: Tensor, transitions: Tensor, word_mask: Tensor) -> Tensor:
    """Shape: (real words,) long: the tags of the most probable path of each document (Viterbi)."""
    # Tags before documents: what is compared then lies far apart, and documents are gone through side by side.
    score = to_grid(emissions, word_mask).transpose(1, 2).contiguous()
    real = real_words(word_mask).transpose(1, 2)
    step, start = transitions[:-1], transitions[-1]
    state = start[:, None] + score[0]
    states = [state]
    # Up to here every document has words; behind its end nothing of a document changes.
    n_full = int(word_mask.sum(dim=1).min())
    for word in range(1, len(score)):
        after = (state[:, None] + step[:, :, None]).amax(dim=0).add_(score[word])
        state = after if word < n_full else torch.where(real[word], after, state)
        states.append(state)
    tag = state.argmax(dim=0)
    path = [tag]
    for word in range(len(score) - 1, 0, -1):
        before = (states[word - 1] + step.index_select(1, tag)).argmax(dim=0)
        tag = before if word < n_full else torch.where(real[word, 0], before, tag)
        path.append(tag)
    return torch.stack(path[::-1], dim=1)[word_mask[:, : len(score)]]
