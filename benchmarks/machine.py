"""What this machine can do: matrix products and memory traffic, measured now."""

import time

import numpy as np

from hifred.operators.products import multiply

SIZE = 2048
TRAFFIC_BYTES = 256 * 2**20
REPEATS = 5


def best_seconds(action, repeats: int = REPEATS) -> float:
    """Return the shortest of several runs of `action`."""
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        found.append(time.perf_counter() - started)
    return min(found)


def product_rate() -> float:
    """Return float32 operations per second of a large matrix product on all threads."""
    a = np.random.default_rng(0).random((SIZE, SIZE), dtype=np.float32)
    return 2 * SIZE**3 / best_seconds(lambda: multiply(a, a))


def bandwidth() -> float:
    """Return bytes per second read and written by a large copy."""
    source = np.ones(TRAFFIC_BYTES // 4, np.float32)
    target = np.empty_like(source)
    return 2 * TRAFFIC_BYTES / best_seconds(lambda: np.copyto(target, source))
