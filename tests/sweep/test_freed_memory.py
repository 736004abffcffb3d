"""Memory that is handed back between trials."""

import ctypes

import psutil
import pytest

from hifred.sweep.worker.freed_memory import return_freed_memory


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library is not glibc"
)
def test_freed_memory_below_a_living_block_is_handed_back() -> None:
    process = psutil.Process()
    # Below the size that gets pages of its own; the last one keeps the heap long.
    blocks = [bytes([1]) * 65_000 for _ in range(2000)]
    last = blocks.pop()
    blocks.clear()
    before = process.memory_info().rss
    return_freed_memory()
    freed = (before - process.memory_info().rss) / 2**20
    assert len(last) == 65_000
    assert freed > 90
