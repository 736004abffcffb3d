"""Number of threads, and compiled kernels spread over them."""

import contextlib
import itertools
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numba
import psutil
from threadpoolctl import ThreadpoolController

from hifred.errors import SettingsError

_current: list[int] = []
_controllers: dict[int, ThreadpoolController] = {}


def _controller() -> ThreadpoolController:
    # Looking for BLAS libraries costs milliseconds, so only after new imports.
    n_modules = len(sys.modules)
    if n_modules not in _controllers:
        _controllers.clear()
        _controllers[n_modules] = ThreadpoolController()
    return _controllers[n_modules]


def available_threads() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(psutil.Process().cpu_affinity())
    except AttributeError:  # macOS has no affinity
        return psutil.cpu_count() or 1


def thread_count() -> int:
    """Return the number of threads that kernels use now."""
    if not _current:
        _current.append(available_threads())
    return _current[-1]


def _largest_pool() -> int:
    return int(getattr(numba.config, "NUMBA_NUM_THREADS", 1))


@contextlib.contextmanager
def use_threads(n_threads: int | None) -> Iterator[int]:
    """Bound the threads of kernels and products inside a block.

    BLAS has one thread there: `hifred.operators.products` shares large products among
    ours, and threads of BLAS that spin after a small one take the cores from the next
    kernel; they made `lrs` on two threads as slow as on one.

    Parameters
    ----------
    n_threads : int or None
        At least 1; None leaves the number as it is.

    Raises
    ------
    SettingsError
        If `n_threads` is less than 1.
    """
    if n_threads is None:
        n_threads = thread_count()
    if n_threads < 1:
        raise SettingsError(
            f"threads must be at least 1; got {n_threads}. "
            "Leave it out to use every core."
        )
    _current.append(n_threads)
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(min(n_threads, _largest_pool()))
        with _controller().limit(limits={"blas": 1, "openmp": n_threads}):
            yield n_threads
    finally:
        numba.set_num_threads(before)
        _current.pop()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread inside a block, where slices call it themselves."""
    if thread_count() == 1:
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=8)
def _pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads, thread_name_prefix="hifred-kernel")


def in_slices(
    kernel: Callable[..., None], n_items: int, *arguments: object, grain: int = 1
) -> None:
    """Call ``kernel(*arguments, start, stop)`` on slices of ``range(n_items)``.

    Parameters
    ----------
    kernel : callable
        Compiled with ``nogil``; different slices must write different places.
        A pool of Python threads is used, not numba's own: its pool would keep
        spinning while BLAS wants the cores.
    n_items : int
        Length of the range.
    grain : int
        Slices start at multiples of this.
    """
    edges = _edges(n_items, grain)
    if len(edges) <= 2:
        kernel(*arguments, 0, n_items)
        return
    # The caller works on the last slice itself.
    others = [
        _pool(thread_count()).submit(kernel, *arguments, start, stop)
        for start, stop in itertools.pairwise(edges[:-1])
    ]
    kernel(*arguments, edges[-2], edges[-1])
    for other in others:
        other.result()


def between_slices(n_items: int, reach: int) -> list[tuple[int, int]]:
    """Return the ranges within `reach` of where the slices of `in_slices` meet."""
    inner = _edges(n_items, 1)[1:-1]
    return [(max(0, edge - reach), min(n_items, edge + reach)) for edge in inner]


def _edges(n_items: int, grain: int) -> list[int]:
    """Return where slices start, and the end of the last one."""
    n_grains = -(-n_items // grain)
    n_slices = max(1, min(thread_count(), n_grains))
    return [grain * (i * n_grains // n_slices) for i in range(n_slices)] + [n_items]
