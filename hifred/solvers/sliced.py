"""Arithmetic of large arrays, slice by slice: NumPy itself uses one thread."""

import numpy as np

from hifred.threads import in_slices


def added(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the sum of two arrays of one shape."""
    out = np.empty_like(left)
    in_slices(_write_sum, len(out), left, right, out)
    return out


def copied(array: np.ndarray) -> np.ndarray:
    """Return a copy of an array (..., n)."""
    out = np.empty_like(array)
    flat = out.reshape(-1, out.shape[-1])
    in_slices(_write_copy, len(flat), array.reshape(flat.shape), flat)
    return out


def between(first: np.ndarray, last: np.ndarray, share: np.floating) -> np.ndarray:
    """Return what lies between two arrays of one shape, at this share of the way."""
    out = np.empty_like(first)
    in_slices(_write_between, len(out), first, last, share, out)
    return out


def _write_sum(left, right, out, start, stop):  # type: ignore[no-untyped-def]
    np.add(left[start:stop], right[start:stop], out=out[start:stop])


def _write_copy(array, out, start, stop):  # type: ignore[no-untyped-def]
    np.copyto(out[start:stop], array[start:stop])


def _write_between(first, last, share, out, start, stop):  # type: ignore[no-untyped-def]
    part = out[start:stop]
    np.subtract(last[start:stop], first[start:stop], out=part)
    part *= share
    part += first[start:stop]
