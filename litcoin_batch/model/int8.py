"""Linear layers in 8-bit integers, for processors that multiply those several times as fast as 32-bit numbers.

Weights have a scale for each row, as checkpoints store them. Inputs have one range for each layer, fixed when the
checkpoint is made: sums of integers are exact, so no document's numbers depend on its company.

A few input channels of a trained encoder reach many times as far as the others (Dettmers et al. 2022,
arXiv:2208.07339) and would make that range too coarse for all. Such a channel is divided by n and multiplied n times
(Zhao et al. 2019, arXiv:1901.09504).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from litcoin_batch.schema import ContractError

# Products that dividing far-reaching channels may add; a multiple of what instructions take at once.
EXTRA_CHANNELS = 64
_LEVELS = 255
# Below this a channel is constant, and any step will do.
_LEAST_REACH = 1e-6


@contextmanager
def observed_ranges(module: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Name -> (2, inputs): the lowest and highest input of each channel of each linear layer of ``module`` while it is
    used, the mean over its calls: what a channel does once in thousands of words is not worth a coarser step for all.
    """
    ranges: dict[str, Tensor] = {}
    n_calls: Counter[str] = Counter()

    def observe(name: str, rows: Tensor) -> None:
        rows = rows.detach().reshape(-1, rows.shape[-1]).float()
        found = torch.stack([rows.amin(dim=0), rows.amax(dim=0)])
        n_calls[name] += 1
        ranges[name] = found if name not in ranges else ranges[name] + (found - ranges[name]) / n_calls[name]

    hooks = [
        layer.register_forward_pre_hook(lambda _, given, name=name: observe(name, given[0]))
        for name, layer in module.named_modules()
        if isinstance(layer, nn.Linear)
    ]
    try:
        yield ranges
    finally:
        for hook in hooks:
            hook.remove()


def to_int8(module: nn.Module, ranges: Mapping[str, Tensor]) -> None:
    """Exchange every linear layer of ``module``, in place and for inference on a CPU only.

    Raises ``ContractError`` where ``ranges`` are those of another module.
    """
    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, nn.Linear)}
    expected = {name: (2, layer.in_features) for name, layer in layers.items()}
    found = {name: tuple(of_layer.shape) for name, of_layer in ranges.items()}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise ContractError(f"ranges of inputs do not fit the encoder: {', '.join(wrong[:8])}")
    for name, layer in layers.items():
        parent, _, own = name.rpartition(".")
        setattr(module.get_submodule(parent), own, Int8Linear(layer, *ranges[name]))


class Int8Linear(nn.Module):
    """``nn.Linear`` on inputs that are rounded to 256 steps between bounds, and held to the bounds beyond them."""

    def __init__(self, linear: nn.Linear, low: Tensor, high: Tensor) -> None:
        """``low``, ``high`` (inputs,): how far each channel reaches."""
        super().__init__()
        low, high = low.clamp(max=0), high.clamp(min=0)
        parts, bound = split_channels(torch.maximum(-low, high))
        bottom, top = min(bound, float((-low).max())), min(bound, float(high.max()))
        self.step = max(bottom + top, _LEAST_REACH) / _LEVELS
        self.zero = round(bottom / self.step)
        # Rounded to the nearest, as the conversion to integers cuts off.
        self.register_buffer("offset", torch.tensor([self.zero + 0.5]), persistent=False)
        self.register_buffer("per_unit", 1 / (self.step * parts), persistent=False)
        again = torch.repeat_interleave(torch.arange(len(parts)), parts - 1)
        self.register_buffer("again", again, persistent=False)
        weight = linear.weight.detach().float()
        scale = weight.abs().amax(dim=1).clamp(min=1e-12) / 127
        rows = torch.round(weight / scale[:, None]).to(torch.int8)
        self.register_buffer("scale", scale, persistent=False)
        self.register_buffer("packed", torch.ops.onednn.qlinear_prepack(torch.cat([rows, rows[:, again]], dim=1), None), persistent=False)
        self.register_buffer("weight_zero", torch.zeros(len(rows), dtype=torch.int32), persistent=False)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().float(), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        flat = rows.reshape(-1, rows.shape[-1])
        n_inputs = flat.shape[1]
        given = flat.new_empty(len(flat), n_inputs + len(self.again), dtype=torch.uint8)
        given[:, :n_inputs] = torch.addcmul(self.offset, flat, self.per_unit).clamp_(0, _LEVELS)
        if len(self.again):
            given[:, n_inputs:] = given.index_select(1, self.again)
        weights = (self.packed, self.scale, self.weight_zero, self.bias)
        found = torch.ops.onednn.qlinear_pointwise(given, self.step, self.zero, *weights, 1.0, 0, torch.float32, "none", [], "")
        return found.view(*rows.shape[:-1], -1)


def split_channels(reach: Tensor, extra: int = EXTRA_CHANNELS) -> tuple[Tensor, float]:
    """Into how many parts (channels,) each channel is divided, and the reach of the farthest part: as near as ``extra`` more channels allow."""
    low, high = 0.0, max(float(reach.max()), _LEAST_REACH)
    for _ in range(40):
        middle = (low + high) / 2
        fits = middle > 0 and float(torch.ceil(reach / middle).clamp(min=1).sum()) - len(reach) <= extra
        low, high = (low, middle) if fits else (middle, high)
    return torch.ceil(reach / high).clamp(min=1).long(), high
