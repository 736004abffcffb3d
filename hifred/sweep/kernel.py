"""What the engine asks of the computation that it runs thousands of times."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, final

import numpy as np
import xarray as xr

from hifred.errors import SettingsError

Arrays = Mapping[str, np.ndarray]


@final
@dataclass(frozen=True)
class Step:
    """What one step of a trial tells.

    Parameters
    ----------
    iteration : int
        Iterations done so far, over all attempts.
    cost : float
        The objective.
    done : bool
        True when the result is ready.
    fraction : float or None
        How far the trial is, 0 to 1, if that can be known.
    """

    iteration: int
    cost: float
    done: bool
    fraction: float | None = None


class Attempt(Protocol):
    """A trial that is being computed."""

    def step(self) -> Step:
        """Do a little work: well under a second where it can be."""

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that is needed to go on from here, as plain arrays."""

    def result(self) -> xr.Dataset:
        """Return cube, curves, maps and measures; attrs hold ``outcome``."""


class Kernel(Protocol):
    """A computation that turns an input and settings into a result.

    Notes
    -----
    More methods are used where they exist:

    ``parts() -> dict[str, str]``
        Digests of the code behind the tag: a change is refused with a diff.
    ``input_digest(path) -> str``
        Digest of an input's content; the default reads the bytes of the files.
    ``check_input(path)``, ``check_simulation(name, settings)``
        Raise `HifredError` when a model cannot be used.
    ``simulate(name, settings, seed=, path=)``
        Makes the input of a simulated model.
    ``result_bytes(path)``
        About how large a result of the input at `path` is.
    ``objective(settings) -> str | None``
        Same text, same objective: only then are the costs of two trials compared.

    ``can_warm_start``
        Whether `begin` takes a fourth argument, ``initial``: the result of another
        trial to start from.
    ``fixed_on_paths``
        Names of the settings in which a trial and its ``initial`` must agree.
    """

    @property
    def tag(self) -> str:
        """Return the version of what is computed; part of every trial's id."""

    def active(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that are read, defaults included, others dropped.

        Raises
        ------
        SettingsError
            If one is unknown or out of its range.
        """

    def begin(
        self, input_path: Path, settings: Mapping[str, Any], state: Arrays | None
    ) -> Attempt:
        """Start a trial, or go on with it from a `state` saved before.

        `settings` are those that `active` returned, and ``seed``.
        """


def kernel_parts(kernel: Kernel) -> dict[str, str]:
    """Return the digests of the kernel's code, if it tells them."""
    parts = getattr(kernel, "parts", None)
    return dict(parts()) if parts is not None else {}


def kernel_objective(kernel: Kernel, settings: Mapping[str, Any]) -> str | None:
    """Return the name of the objective that `settings` minimise, if comparable."""
    objective = getattr(kernel, "objective", None)
    return objective(settings) if objective is not None else None


def check_path(kernel: Kernel, name: str) -> None:
    """Refuse a path of trials along the setting `name` that `kernel` cannot follow.

    Raises
    ------
    SettingsError
        If trials always start afresh, or results along `name` do not fit each other.
    """
    if not getattr(kernel, "can_warm_start", False):
        raise SettingsError(
            f"warm_start must be absent; {kernel.tag} always starts afresh."
        )
    if name in getattr(kernel, "fixed_on_paths", ()):
        raise SettingsError(
            f"warm_start must name a setting that keeps the shape of a result; got "
            f"{name!r}. Follow mu."
        )
