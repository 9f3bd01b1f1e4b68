"""Linear layers in the precision of their weights, and of which of them 8 bits take."""

from __future__ import annotations

from torch import Tensor, nn

from litcoin_batch.model.cpu.int8 import fixed_linear


class Linear(nn.Linear):
    """A large one, which ``JointModel.halve_precision`` may turn into 16 bits; results have 32 all the same."""

    def forward(self, rows: Tensor) -> Tensor:
        return multiply(rows, self.weight, self.bias)


class WordLinear(Linear):
    """One that is computed for every word or query: the most of what heads multiply, and what ``JointModel.to_int8`` takes of them."""


class GroupedLinear(Linear):
    """One of rows joined with those of their groups: what groups give is computed once for each group."""

    def forward(self, rows: Tensor, groups: Tensor, group: Tensor) -> Tensor:  # type: ignore[override]  # takes more than a layer
        """``rows`` Shape: (rows, width), ``groups`` Shape: (groups, width), ``group`` Shape: (rows,): Shape: (rows, outputs)."""
        own, shared = self.weight.chunk(2, dim=1)
        return multiply(rows, own, self.bias).add_(multiply(groups, shared).index_select(0, group))


class PartedLinear(nn.Module):
    """A ``GroupedLinear``, copied, with a linear layer for each of its parts."""

    def __init__(self, layer: GroupedLinear) -> None:
        super().__init__()
        own, shared = layer.weight.chunk(2, dim=1)
        self.own, self.shared = fixed_linear(own, layer.bias, WordLinear), fixed_linear(shared, None, WordLinear)

    def forward(self, rows: Tensor, groups: Tensor, group: Tensor) -> Tensor:
        return self.own(rows).add_(self.shared(groups).index_select(0, group))


def multiply(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A linear layer in the precision of the weights, its result in 32 bits."""
    return nn.functional.linear(rows.to(weight.dtype), weight, bias).float()
