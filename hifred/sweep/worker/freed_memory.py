"""Memory that a trial has freed goes back to the system."""

import contextlib
import ctypes
import functools


def return_freed_memory() -> None:
    """Hand the memory of freed arrays back, where the C library can.

    glibc keeps it otherwise, in pieces that the next trial's arrays may not fit.
    """
    with contextlib.suppress(AttributeError, OSError):
        _c_library().malloc_trim(0)


@functools.cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(None)
