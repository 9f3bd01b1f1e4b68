"""What is given back to the system."""

import ctypes
import subprocess
import sys

import pytest


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="the C library keeps freed memory its own way",
)
def test_memory_that_was_freed_goes_back_to_the_system():
    """Every other of many pieces freed: too small to be given back one by one, and none of them at the end."""
    code = (
        "import ctypes; from litcoin_batch.model.cpu.memory import give_back_memory\n"
        "c = ctypes.CDLL(None); c.malloc.restype = ctypes.c_void_p; c.free.argtypes = [ctypes.c_void_p]\n"
        "resident = lambda: int(open('/proc/self/statm').read().split()[1])\n"
        "parts = [c.malloc(65_536) for _ in range(2_000)]\n"
        "[ctypes.memset(part, 1, 65_536) for part in parts]\n"
        "full = resident(); [c.free(part) for part in parts[::2]]; freed = resident(); give_back_memory()\n"
        "print(full, freed, resident())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    full, freed, left = map(int, done.stdout.split())
    assert freed > 0.9 * full and left < 0.7 * full
