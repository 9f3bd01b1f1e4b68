"""Linear layers in 8-bit integers, for processors that multiply those several times as fast as 32-bit numbers.

Weights have a scale for each row, as checkpoints store them. Inputs have one range for each layer, fixed when the
checkpoint is made: sums of integers are exact, so no document's numbers depend on its company.

A few input channels of a trained encoder reach many times as far as the others (Dettmers et al. 2022,
arXiv:2208.07339) and would make that range too coarse for all. What such a channel has beyond the range stands in
further channels with the same weights (after Zhao et al. 2019, arXiv:1901.09504, who divide a channel instead).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from litcoin_batch.model.cpu.hardware import largest_int8_weight
from litcoin_batch.schema import ContractError

# Channels that may be added for what reaches beyond the range. They are multiplied like any other, so as few as keep the
# scores on BioRED Dev (tests/test_shipped_checkpoints.py).
EXTRA_CHANNELS = 16
_LEVELS = 255
# Of the inputs of one layer; fewer say little of how far they reach.
_FEW_ROWS = 1_024
# Below this a channel is constant, and any step will do.
_LEAST_REACH = 1e-6


@contextmanager
def observed_ranges(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Tensor]]:
    """Name -> (2, inputs): the lowest and highest input of each channel of each of the linear ``layers`` while they are
    used, the mean over their calls: what a channel does once in thousands of words is not worth a coarser step for all.
    Calls with few rows count together: a single short text reaches nowhere near as far as texts do.
    """
    ranges: dict[str, Tensor] = {}
    few: dict[str, tuple[int, Tensor]] = {}
    n_groups: Counter[str] = Counter()

    def observe(name: str, rows: Tensor) -> None:
        rows = rows.detach().reshape(-1, rows.shape[-1]).float()
        n, found = len(rows), torch.stack([rows.amin(dim=0), rows.amax(dim=0)])
        if name in few:
            n_before, before = few.pop(name)
            n, found = (
                n + n_before,
                torch.stack([torch.minimum(found[0], before[0]), torch.maximum(found[1], before[1])]),
            )
        if n < _FEW_ROWS:
            few[name] = n, found
            return
        n_groups[name] += 1
        ranges[name] = found if name not in ranges else ranges[name] + (found - ranges[name]) / n_groups[name]

    hooks = [
        layer.register_forward_pre_hook(lambda _, given, name=name: observe(name, given[0]))
        for name, layer in layers.items()
    ]
    try:
        yield ranges
    finally:
        for hook in hooks:
            hook.remove()
        # Of what was never used more than that.
        ranges.update({name: found for name, (_, found) in few.items() if name not in ranges})


def to_int8(
    module: nn.Module, layers: Mapping[str, nn.Linear], ranges: Mapping[str, Tensor], of_one_input: Collection[str] = ()
) -> None:
    """Exchange ``layers``, named as in ``module``, in place and for inference on a CPU only.

    From then on torch does not warn this process of its own rounding.

    ``of_one_input``: those that see rows of one tensor, and are to take the same bytes of it.

    Raises ``ContractError`` where ``ranges`` are those of other layers.
    """
    expected = {name: (2, layer.in_features) for name, layer in layers.items()}
    found = {name: tuple(of_layer.shape) for name, of_layer in ranges.items()}
    if expected != found:
        wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise ContractError(f"ranges of inputs do not fit the model: {', '.join(wrong[:8])}")
    if of_one_input:
        low, high = torch.stack([ranges[name] for name in of_one_input]).unbind(dim=1)
        ranges = {**ranges, **dict.fromkeys(of_one_input, torch.stack([low.amin(dim=0), high.amax(dim=0)]))}
    # Deprecated, but the one kernel of torch that rounds to bytes in one pass; torch is pinned.
    warnings.filterwarnings("ignore", message="torch.quantize_per_tensor")
    # Layers that saw the very same ranges are given the same tensor: query, key and value, or both directions.
    keys = {name: of_layer.numpy().tobytes() for name, of_layer in ranges.items()}
    n_takers = Counter(keys.values())
    inputs: dict[bytes, Int8Input] = {}
    for name, layer in layers.items():
        parent, _, own = name.rpartition(".")
        key = keys[name]
        if key not in inputs:
            low, high = ranges[name]
            inputs[key] = Int8Input(low, high, n_takers[key])
        setattr(module.get_submodule(parent), own, Int8Linear(layer, inputs[key]))
    for name, part in list(module.named_modules()):
        _fuse_feed_forward(part, layers.get(f"{name}.intermediate.dense"))


def fixed_linear(weight: Tensor, bias: Tensor | None, kind: type[nn.Linear] = nn.Linear) -> nn.Linear:
    """A linear layer of these weights, for inference: what a product inside of another layer becomes, that it may be exchanged."""
    layer = kind(*reversed(weight.shape), bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.detach().contiguous(), requires_grad=False)
    layer.bias = None if bias is None else nn.Parameter(bias.detach(), requires_grad=False)
    return layer


def _fuse_feed_forward(layer: nn.Module, linear: nn.Linear | None) -> None:
    """Let a BERT-like ``layer`` hand bytes from the first (``linear``) to the second half of its feed-forward part.

    The names are those that transformers has for BERT, RoBERTa, ELECTRA, DeBERTa and others; elsewhere nothing changes.
    """
    following = getattr(getattr(layer, "output", None), "dense", None)
    activation = getattr(getattr(layer, "intermediate", None), "intermediate_act_fn", None)
    if linear is not None and isinstance(following, Int8Linear) and isinstance(activation, nn.Module):
        x = torch.linspace(-4, 4, 64)
        if torch.equal(activation(x), nn.functional.gelu(x)):
            layer.intermediate.dense = Int8Gelu(linear, layer.intermediate.dense.given, following.given)
            layer.intermediate.intermediate_act_fn = nn.Identity()


class Int8Input:
    """32-bit rows Shape: (..., inputs) to bytes Shape: (rows, inputs + added channels): 256 steps between bounds, held to the bounds beyond them.

    ``step`` is what a byte counts, ``zero`` the byte of zero, ``again`` (added,) the channels that are continued.
    """

    def __init__(self, low: Tensor, high: Tensor, n_takers: int = 1) -> None:
        """``low``, ``high`` (inputs,): how far each channel reaches.

        ``n_takers``: layers that are given each tensor. Its bytes are kept from the first of them to the last, or while
        the tensor is, and no longer; so long it must not be changed in place. Of a tensor for one layer nothing is kept.
        """
        low, high = low.clamp(max=0), high.clamp(min=0)
        parts, bound = split_channels(torch.maximum(-low, high))
        bottom, top = min(bound, float((-low).max())), min(bound, float(high.max()))
        self.step = max(bottom + top, _LEAST_REACH) / _LEVELS
        self.zero = round(bottom / self.step)
        self.again = torch.repeat_interleave(torch.arange(len(parts)), parts - 1)
        first = torch.repeat_interleave((parts - 1).cumsum(dim=0) - (parts - 1), parts - 1)
        before = torch.arange(len(self.again)) - first + 1
        # What bytes can say, not what was observed, is where the next channel goes on.
        self._lowest = -before * self.zero * self.step
        self._highest = before * (_LEVELS - self.zero) * self.step
        self._n_takers = n_takers
        self._kept = WeakTensorKeyDictionary()  # tensor -> its bytes, and how many layers are yet to take them

    def __call__(self, rows: Tensor) -> Tensor:
        if rows in self._kept:
            done, n_left = self._kept.pop(rows)
        else:
            flat, n_left = rows.reshape(-1, rows.shape[-1]), self._n_takers
            done = self.continued(self._to_bytes(flat), flat.index_select(1, self.again))
        if n_left > 1:
            self._kept[rows] = done, n_left - 1
        return done

    def continued(self, given: Tensor, again: Tensor) -> Tensor:
        """``given``: bytes Shape: (rows, inputs), of whose channels ``again`` Shape: (rows, added) are the 32-bit values; the added channels behind them."""
        beyond = again - torch.minimum(torch.maximum(again, self._lowest), self._highest)
        return torch.cat([given, self._to_bytes(beyond)], dim=1)

    def _to_bytes(self, rows: Tensor) -> Tensor:
        found = torch.quantize_per_tensor(rows, self.step, self.zero, torch.quint8)
        # The same memory under a type that other operations take: int_repr would copy it, and view breaks.
        return torch.empty(0, dtype=torch.uint8).set_(found.untyped_storage(), 0, found.shape, found.stride())


class Int8Linear(nn.Module):
    """``nn.Linear`` on bytes: on ``given`` of its input, or on an input that another layer has left as bytes."""

    def __init__(self, linear: nn.Linear, given: Int8Input) -> None:
        super().__init__()
        self.given, self._product = given, Product(linear, given)

    def taking(self, rows: Tensor) -> Tensor:
        """The bytes of ``rows``; the layer may be given any rows of them instead."""
        return self.given(rows)

    def forward(self, rows: Tensor) -> Tensor:
        given = rows if rows.dtype == torch.uint8 else self.given(rows)
        return self._product(given).view(*rows.shape[:-1], -1)


class Int8Gelu(nn.Module):
    """GELU of a linear layer as bytes for the ``following`` one: its 32-bit results are never written to memory."""

    def __init__(self, linear: nn.Linear, given: Int8Input, following: Int8Input) -> None:
        super().__init__()
        self.given, self._following = given, following
        self._product, self._again = Product(linear, given), Product(linear, given, following.again)

    def forward(self, rows: Tensor) -> Tensor:
        given = self.given(rows)
        found = self._product(given, gelu=True, to=self._following)
        if len(self._following.again):
            found = self._following.continued(found, self._again(given, gelu=True))
        return found.view(*rows.shape[:-1], -1)


class Product:
    """Bytes Shape: (rows, inputs + added channels) times the weights of ``linear`` in 8 bits: Shape: (rows, outputs)."""

    def __init__(self, linear: nn.Linear, given: Int8Input, outputs: Tensor | None = None) -> None:
        """``outputs``: those wanted; None: all."""
        weight = linear.weight.detach().float()
        bias = None if linear.bias is None else linear.bias.detach().float()
        if outputs is not None:
            weight, bias = weight[outputs], None if bias is None else bias[outputs]
        scale = weight.abs().amax(dim=1).clamp(min=1e-12) / largest_int8_weight()
        rows = torch.round(weight / scale[:, None]).to(torch.int8)
        packed = torch.ops.onednn.qlinear_prepack(torch.cat([rows, rows[:, given.again]], dim=1), None)
        self._step, self._zero = given.step, given.zero
        self._weights = packed, scale, torch.zeros(len(rows), dtype=torch.int32), bias

    def __call__(self, given: Tensor, *, gelu: bool = False, to: Int8Input | None = None) -> Tensor:
        """32-bit numbers, or ``to`` the bytes that another layer takes."""
        out = (1.0, 0, torch.float32) if to is None else (to.step, to.zero, torch.uint8)
        after: tuple[str, list, str] = ("gelu", [], "none") if gelu else ("none", [], "")
        return torch.ops.onednn.qlinear_pointwise(given, self._step, self._zero, *self._weights, *out, *after)


def split_channels(reach: Tensor, extra: int = EXTRA_CHANNELS) -> tuple[Tensor, float]:
    """Into how many parts (channels,) each channel is divided, and the reach of the farthest part: as near as ``extra`` more channels allow."""
    low, high = 0.0, max(float(reach.max()), _LEAST_REACH)
    for _ in range(40):
        middle = (low + high) / 2
        fits = middle > 0 and float(torch.ceil(reach / middle).clamp(min=1).sum()) - len(reach) <= extra
        low, high = (low, middle) if fits else (middle, high)
    return torch.ceil(reach / high).clamp(min=1).long(), high
