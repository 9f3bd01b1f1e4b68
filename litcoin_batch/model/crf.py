"""A linear-chain conditional random field over the tags of a document (Lafferty et al. 2001).

A mention is right only as a whole, so words must not be tagged on their own: neighbours decide where
it begins and ends. Everything runs over all documents of a batch at once, word by word; the forward
and backward passes work on probabilities scaled to sum to one, which is cheaper than logarithms and
as exact.
"""

from __future__ import annotations

import torch
from torch import Tensor

from litcoin_batch.model.tags import N_TAGS

# Smaller than any probability a path of a document can be asked for; keeps the logarithm finite.
_TINY = 1e-35


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
    """Rows (real words, columns), document after document, as (words, batch, columns) without a tail that is all padding."""
    grid = rows.new_full((*word_mask.shape, rows.shape[1]), fill)
    grid[word_mask] = rows
    return grid[:, : _longest(word_mask)].transpose(0, 1).contiguous()


def real_words(word_mask: Tensor) -> Tensor:
    """(words, batch, 1) bool: where the grid holds a word."""
    return word_mask[:, : _longest(word_mask)].T[:, :, None].contiguous()


def _longest(word_mask: Tensor) -> int:
    return int(word_mask.sum(dim=1).max())


def log_likelihood(emissions: Tensor, transitions: Tensor, allowed: Tensor, word_mask: Tensor) -> Tensor:
    """Sum over documents of log P(some path of allowed tags).

    ``emissions`` (real words, N_TAGS) scores; ``transitions`` (N_TAGS + 1, N_TAGS) scores, -inf where illegal;
    ``allowed`` (real words, N_TAGS) bool, one tag where the annotation says it, several where it is partial.
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
    """(chains,): the logarithm of the sum over all paths; ``potential`` (words, chains, tags), ``real`` (words, chains)."""
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
    """(real words, N_TAGS): the probability of each tag given the whole document."""
    potential = to_grid(torch.exp(emissions - emissions.amax(dim=1, keepdim=True)), word_mask)
    real = real_words(word_mask)
    weights = torch.exp(transitions)
    step, start = weights[:-1], weights[-1]
    ahead = torch.empty_like(potential)
    state = start * potential[0]
    for word in range(len(potential)):
        if word:
            state = torch.where(real[word], _product(state, step) * potential[word], state)
        state = state / state.sum(dim=1, keepdim=True).clamp(min=_TINY)
        ahead[word] = state
    back = step.T.contiguous()
    behind = torch.ones_like(state)
    for word in range(len(potential) - 1, 0, -1):
        # Words after the end leave the backward message at one.
        moved = _product(behind * potential[word], back)
        behind = torch.where(real[word], moved / moved.sum(dim=1, keepdim=True).clamp(min=_TINY), behind)
        ahead[word - 1] *= behind
    ahead = ahead.transpose(0, 1)[word_mask[:, : len(potential)]]
    return ahead / ahead.sum(dim=1, keepdim=True).clamp(min=_TINY)


def _product(rows: Tensor, matrix: Tensor) -> Tensor:
    # Not a matrix product: its kernels round differently for other numbers of rows, and the tags of a
    # document must not depend on its company.
    return (rows[:, :, None] * matrix).sum(dim=1)


def best_path(emissions: Tensor, transitions: Tensor, word_mask: Tensor) -> Tensor:
    """(real words,) long: the tags of the most probable path of each document (Viterbi)."""
    score = to_grid(emissions, word_mask)
    real = real_words(word_mask)
    step, start = transitions[:-1], transitions[-1]
    state = start + score[0]
    choices = []
    stay = torch.arange(N_TAGS, device=score.device).expand_as(state)
    for word in range(1, len(score)):
        best, choice = (state[:, :, None] + step).max(dim=1)
        state = torch.where(real[word], best + score[word], state)
        choices.append(torch.where(real[word], choice, stay))
    tag = state.argmax(dim=1)
    path = [tag]
    for choice in reversed(choices):
        tag = choice.gather(1, tag[:, None]).squeeze(1)
        path.append(tag)
    return torch.stack(path[::-1], dim=1)[word_mask[:, : len(score)]]
