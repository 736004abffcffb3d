"""The sum of a block as vector code, alike for any number of threads."""

import numpy as np

from hifred.compiling import njit


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz"})
def block_sum(values):  # type: ignore[no-untyped-def]
    """Return the sum of `values` (n,) in double precision.

    The order is free within the block, which does not depend on the threads.
    """
    total = 0.0
    for i in range(values.size):
        total += np.float64(values[i])
    return total
