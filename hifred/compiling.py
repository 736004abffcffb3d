"""Compiled kernels whose cache on disk saves time and never decides anything."""

import contextlib
import pickle
from collections.abc import Callable
from typing import Any, final

import numba
from numba.core.caching import FunctionCache

_Function = Callable[..., Any]
# What a truncated or altered file of pickles may raise.
_DAMAGE = (EOFError, ValueError, IndexError, KeyError, pickle.PickleError)


@final
class OptionalCache(FunctionCache):
    """The cache of one compiled function; what its disk refuses is done without.

    A full disk, one that cannot be written or read, and a damaged file cost the time of
    a compilation.
    """

    def save_overload(self, sig: object, data: object) -> None:
        with contextlib.suppress(OSError, *_DAMAGE):
            super().save_overload(sig, data)

    def load_overload(self, sig: object, target_context: object) -> object:
        try:
            return super().load_overload(sig, target_context)
        except OSError:
            return None
        except _DAMAGE:
            with contextlib.suppress(OSError):
                self.flush()
            return None


def njit(*, cache: bool = False, **options: Any) -> Callable[[_Function], Any]:
    """Compile a function as `numba.njit` does, with an `OptionalCache`.

    Parameters
    ----------
    cache : bool
        Keep the compiled code, where there is a folder for it: beside the source, in
        ``NUMBA_CACHE_DIR`` or in the user's cache folder.
    **options
        Of `numba.njit`.
    """

    def compiled(function: _Function) -> Any:
        dispatcher = numba.njit(**options)(function)
        if cache:
            # Where no folder can be written: a package that is read-only, and no home.
            with contextlib.suppress(RuntimeError, OSError):
                dispatcher._cache = OptionalCache(function)
        return dispatcher

    return compiled
