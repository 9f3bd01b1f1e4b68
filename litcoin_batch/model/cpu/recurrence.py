"""One direction of a recurrent layer on a CPU, for inference.

The kernels of torch pack the weights anew at every step, and copy the steps of a document to run over them backwards. Here
weights are turned once for all steps, results stand where the projected inputs stood, and backwards is another order of steps.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from litcoin_batch.model.cpu.int8 import fixed_linear

# A step multiplies one row per document; with very few rows the matrix product takes another kernel and rounds
# differently (see batches.py).
STATES_STEP = 8


def add_rows(x: Tensor) -> Tensor:
    """``x`` Shape: (steps, batch, columns) with zeros for further documents up to a multiple of STATES_STEP."""
    extra = -x.shape[1] % STATES_STEP
    return nn.functional.pad(x, (0, 0, 0, extra)) if extra else x


def is_fast(weight: Tensor) -> bool:
    """Whether ``Direction`` is made for where and how ``weight`` is used."""
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and not torch.is_grad_enabled()


class Direction(nn.Module):
    """The one-layer ``nn.RNN`` (tanh) or ``nn.LSTM`` ``cell``, copied; ``input`` is the part that any arithmetic may compute, for all steps at once."""

    def __init__(self, cell: nn.RNNBase) -> None:
        super().__init__()
        weights = cell.weight_ih_l0, cell.weight_hh_l0, cell.bias_ih_l0 + cell.bias_hh_l0
        self.is_lstm = isinstance(cell, nn.LSTM)
        from_input, from_state, bias = (_sigmoids_first(w.detach()) if self.is_lstm else w.detach() for w in weights)
        self.input = fixed_linear(from_input, bias)
        self.register_buffer("state", from_state.T.contiguous())

    def forward(self, x: Tensor, mask: Tensor, backward: bool) -> Tensor:
        """Shape: (steps, batch, hidden) states over ``x`` Shape: (steps, batch, inputs).

        ``mask`` Shape: (steps, batch) bool: the real steps of each document, from its first one on; states of others are undefined.
        ``backward`` runs from the last real step of each document to the first.
        """
        gates = self.input(x)
        # Before the last step of a shorter document its state has to stay zero; of others no step need be looked at.
        n_full = int(mask.sum(dim=0).min()) if backward else len(mask)
        gates, real = add_rows(gates), add_rows(mask[n_full:, :, None].to(gates.dtype))
        steps = range(len(mask) - 1, -1, -1) if backward else range(len(mask))
        run = _lstm if self.is_lstm else _rnn
        states = run(gates, self.state, ((step, real[step - n_full] if step >= n_full else None) for step in steps))
        return states[:, : x.shape[1]]


def _rnn(gates: Tensor, weight: Tensor, steps: Iterable[tuple[int, Tensor | None]]) -> Tensor:
    state, places = gates.new_zeros(gates.shape[1:]), gates.unbind()
    for step, real in steps:
        state = places[step].addmm_(state, weight).tanh_()
        if real is not None:
            state.mul_(real)
    return gates


def _lstm(gates: Tensor, weight: Tensor, steps: Iterable[tuple[int, Tensor | None]]) -> Tensor:
    hidden = weight.shape[0]
    states = gates.new_empty(*gates.shape[:2], hidden)
    state, cell, curbed = (gates.new_zeros(gates.shape[1], hidden) for _ in range(3))
    places, results = gates.unbind(), states.unbind()
    for step, real in steps:
        gate = places[step].addmm_(state, weight)
        given, kept, told = gate[:, : 3 * hidden].sigmoid_().chunk(3, dim=1)
        cell.mul_(kept).addcmul_(given, gate[:, 3 * hidden :].tanh_())
        if real is not None:
            cell.mul_(real)
        # The state of a cell that is zero is zero as well.
        state = torch.mul(told, torch.tanh(cell, out=curbed), out=results[step])
    return states


def _sigmoids_first(weight: Tensor) -> Tensor:
    """Rows of torch's gates, input, forget, cell, output, with the only tanh behind the three sigmoids."""
    given, kept, cell, told = weight.chunk(4)
    return torch.cat([given, kept, told, cell])
