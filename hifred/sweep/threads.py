"""The number of threads that one trial computes with."""

import contextlib
import sys
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController

_controllers: dict[int, ThreadpoolController] = {}


def _controller() -> ThreadpoolController:
    # Looking for BLAS libraries costs milliseconds, so only after new imports.
    n_modules = len(sys.modules)
    if n_modules not in _controllers:
        _controllers.clear()
        _controllers[n_modules] = ThreadpoolController()
    return _controllers[n_modules]


@contextlib.contextmanager
def limited_threads(n_threads: int) -> Iterator[None]:
    """Give BLAS, OpenMP and numba `n_threads` threads, inside the ``with`` block."""
    numba = sys.modules.get("numba")
    if numba is not None:
        numba.set_num_threads(min(n_threads, numba.config.NUMBA_NUM_THREADS))
    with _controller().limit(limits=n_threads):
        yield
