"""Where a model computes, and in how many bits."""

from __future__ import annotations

import torch

from litcoin_batch.schema import ConfigError

PRECISIONS = ("auto", "float32", "bfloat16")


def choose_device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device 'cuda': no CUDA device is visible to this process; use 'cpu' or 'auto'")
    if device.split(":")[0] not in ("cpu", "cuda"):
        raise ConfigError(f"device {device!r}: expected 'auto', 'cpu' or 'cuda'")
    return torch.device(device)


def choose_precision(precision: str, device: torch.device) -> str:
    """"float32" or "bfloat16". "auto" takes 16 bits where the hardware multiplies them faster than 32.

    Raises ``ConfigError`` for another name.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision {precision!r}: expected {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    able = torch.cpu.get_capabilities()
    return "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"
