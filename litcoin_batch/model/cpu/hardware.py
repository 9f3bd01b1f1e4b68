"""Where a model computes, and in how many bits."""

from __future__ import annotations

import torch

from litcoin_batch.schema import ConfigError

PRECISIONS = ("auto", "float32", "bfloat16", "int8")


def choose_device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device 'cuda': no CUDA device is visible to this process; use 'cpu' or 'auto'")
    if device.split(":")[0] not in ("cpu", "cuda"):
        raise ConfigError(f"device {device!r}: expected 'auto', 'cpu' or 'cuda'")
    return torch.device(device)


def choose_precision(precision: str, device: torch.device, *, ranged: bool = False, recurrent: bool = False) -> str:
    """ "float32", "bfloat16" or "int8". "auto" takes what the hardware multiplies fastest; 8 bits only where the
    checkpoint is ``ranged``, that is, knows how far the inputs of its layers reach. Of a ``recurrent`` encoder 8 bits
    do not reach the steps, so that 16 are taken where they are fast.

    By what the processor says of itself and not by the clock: the same processor always computes the same.
    Raises ``ConfigError`` for another name, and for 8 bits where they cannot be had.
    """
    if precision not in PRECISIONS:
        raise ConfigError(f"precision {precision!r}: expected {', '.join(PRECISIONS)}")
    if precision == "int8":
        if device.type != "cpu" or not largest_int8_weight():
            raise ConfigError(
                f"precision 'int8': device {str(device)!r} has no instructions for it (AVX2, VNNI or AMX of a CPU); use 'auto'"
            )
        if not ranged:
            raise ConfigError(
                "precision 'int8': the checkpoint lacks the ranges of its inputs (training/observe_ranges.py); use 'auto'"
            )
    if precision != "auto":
        return precision
    in_8 = ranged and device.type == "cpu" and largest_int8_weight() > 0
    # On a CPU those of AMX are fast in 16 bits, but annotating leaves them alone, see ``memory.settle_kernels``.
    in_16 = multiplies_bfloat16(device) and (device.type != "cpu" or not torch.cpu.get_capabilities().get("amx_bf16"))
    if in_8 and not (recurrent and in_16):
        return "int8"
    return "bfloat16" if in_16 else "float32"


def largest_int8_weight() -> int:
    """How far weights in 8 bits may reach on this CPU, 0 where it has no instructions for them.

    Without those of VNNI or AMX it adds two products in 16 bits on the way: 2 * 255 * 64 is the most that fits.
    """
    able = torch.cpu.get_capabilities()
    if any(able.get(name) for name in ("avx512_vnni", "avx_vnni", "amx_int8")):
        return 127
    return 64 if able.get("avx2") else 0


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether matrices of 16 bits are multiplied faster than those of 32.

    Intel's processors with AVX-512 alone do so more slowly than 32 bits (jobs/benchmark.py with both precisions; figures
    in the README). Where it is slower, "bfloat16" can be asked for, but the last bits of
    results may then depend on the batch.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    able = torch.cpu.get_capabilities()
    return bool(
        able.get("amx_bf16") or able.get("avx512_bf16") and not str(able.get("cpu_name", "")).startswith("Intel")
    )
