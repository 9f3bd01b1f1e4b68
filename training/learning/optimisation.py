"""Optimiser, schedule, precision, running average of weights, and the state from which an interrupted run goes on."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from litcoin_batch.model.cpu.hardware import choose_device, multiplies_bfloat16
from litcoin_batch.schema import ConfigError

bf16_option = click.option(
    "--bf16/--no-bf16",
    default=None,
    help="bfloat16 arithmetic in training [default: where the device multiplies it faster].",
)


def in_16_bits(options: dict) -> bool:
    """``options``: a command line with ``bf16_option`` and ``--device``."""
    return multiplies_bfloat16(choose_device(options["device"])) if options["bf16"] is None else options["bf16"]


def make_optimizer(model: nn.Module, lr: float, backbone_lr: float, weight_decay: float) -> torch.optim.AdamW:
    """Pretrained weights learn slower than new ones; biases, norms and embeddings of features are not decayed."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = backbone_lr if name.startswith("encoder.backbone.") else lr
            groups.setdefault((rate, weight_decay if parameter.dim() > 1 else 0.0), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "lr": rate, "peak": rate, "weight_decay": decay} for (rate, decay), p in groups.items()],
        fused=True,
    )


def set_rate(optimizer: torch.optim.Optimizer, progress: float, warmup: float = 0.06) -> None:
    """Linear warm-up over the first ``warmup`` of the run, then a cosine to a twentieth of the peak."""
    if progress < warmup:
        factor = progress / warmup
    else:
        factor = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


class RunningAverage:
    """Exponential moving average of the trained weights: what is evaluated and kept."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.n_updates = 0
        self._live = [p for p in model.parameters() if p.requires_grad]
        self.weights = [p.detach().clone() for p in self._live]

    @torch.no_grad()
    def update(self) -> None:
        self.n_updates += 1
        # Early averages would remember the initial weights for long.
        decay = min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        torch._foreach_lerp_(self.weights, [p.detach() for p in self._live], 1 - decay)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange averaged and live weights; call again to go back."""
        for live, kept in zip(self._live, self.weights, strict=True):
            held = live.detach().clone()
            live.copy_(kept)
            kept.copy_(held)


def save_state(
    folder: Path, model: nn.Module, average: RunningAverage, optimizer: torch.optim.AdamW, progress: dict
) -> None:
    """Everything of a run after an epoch; written beside and renamed, so that it is whole or the one before."""
    tensors = {f"model.{name}": weight for name, weight in model.state_dict().items()}
    tensors |= {f"average.{i}": weight for i, weight in enumerate(average.weights)}
    for index, parameter in enumerate(_parameters(optimizer)):
        tensors |= {f"optimizer.{index}.{name}": value for name, value in optimizer.state[parameter].items()}
    folder.mkdir(parents=True, exist_ok=True)
    name = f"epoch-{progress['epoch']:03d}.safetensors"
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / name)
    draft = folder / "progress.json.new"
    draft.write_text(json.dumps(progress | {"state": name, "n_updates": average.n_updates}))
    draft.replace(folder / "progress.json")
    for old in folder.glob("epoch-*.safetensors"):
        if old.name != name:
            old.unlink()


def load_state(
    folder: Path, model: nn.Module, average: RunningAverage, optimizer: torch.optim.AdamW, settings: dict
) -> dict | None:
    """Restore the last finished epoch; None where there is none. ``ConfigError`` if the settings differ from that run's."""
    path = folder / "progress.json"
    if not path.is_file():
        return None
    progress = json.loads(path.read_text())
    changed = sorted(
        k for k in settings.keys() | progress["settings"].keys() if settings.get(k) != progress["settings"].get(k)
    )
    if changed:
        raise ConfigError(
            f"{path}: an unfinished run with another {', '.join(changed)}; finish it with its settings or remove {folder}"
        )
    tensors = load_file(folder / progress["state"])
    model.load_state_dict({k.removeprefix("model."): v for k, v in tensors.items() if k.startswith("model.")})
    for index, weight in enumerate(average.weights):
        weight.copy_(tensors[f"average.{index}"])
    average.n_updates = progress["n_updates"]
    for index, parameter in enumerate(_parameters(optimizer)):
        prefix = f"optimizer.{index}."
        state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        if state:
            optimizer.state[parameter] = state
    return progress


def _parameters(optimizer: torch.optim.Optimizer) -> Iterable[Tensor]:
    return (parameter for group in optimizer.param_groups for parameter in group["params"])
