"""One text for one trial, the same on every machine, and the id that is its hash."""

import hashlib
import json
import math
from collections.abc import Mapping

import numpy as np

from hifred.errors import SettingsError

ID_LENGTH = 12
_EXACT = 2**53
# Most values are of these; asked first, because a plan holds millions of them.
_PLAIN = {bool, int, str, type(None)}


def canonical(value: object, name: str = "setting") -> object:
    """Return `value` in its one plain form.

    Numpy scalars become Python ones, tuples lists, -0.0 becomes 0, and a float that
    is a whole number the integer, so that 3 and 3.0 are the same setting.

    Raises
    ------
    SettingsError
        If a number is not finite, or the value is nothing that JSON can say.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return canonical_table(value)
    if isinstance(value, list | tuple):
        return [canonical(item, name) for item in value]
    if isinstance(value, float):
        return _canonical_float(value, name)
    if value is None or isinstance(value, bool | int | str):
        return value
    raise SettingsError(
        f"{name} must be a number, a text, a list or a table; "
        f"got {type(value).__name__}."
    )


def canonical_table(table: Mapping[str, object]) -> dict[str, object]:
    """Return a table of settings with every value in its one plain form.

    Raises
    ------
    SettingsError
        As `canonical`.
    """
    return {str(key): canonical(item, str(key)) for key, item in table.items()}


def _canonical_float(value: float, name: str) -> float | int:
    if not math.isfinite(value):
        raise SettingsError(f"{name} must be finite; got {value}.")
    whole = value.is_integer() and abs(value) < _EXACT
    return int(value) if whole else value


def canonical_json(value: object) -> str:
    """Return the canonical text of `value`: sorted keys, no spaces, floats by repr."""
    return json.dumps(
        canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def trial_id(
    kernel_tag: str, input_digest: str, settings: Mapping[str, object], seed: int
) -> str:
    """Return the id of a trial: the first 12 hex digits of a sha256.

    Parameters
    ----------
    kernel_tag : str
        Version of the computation.
    input_digest : str
        Digest of the observations' content.
    settings : mapping
        The settings that this trial reads, and no others.
    seed : int
        Seed of everything random in the trial.
    """
    text = canonical_json(
        {
            "kernel": kernel_tag,
            "input": input_digest,
            "settings": settings,
            "seed": seed,
        }
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:ID_LENGTH]
