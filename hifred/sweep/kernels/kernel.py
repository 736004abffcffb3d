"""What the engine asks of the computation that it runs thousands of times."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final

import numpy as np
import xarray as xr

from hifred.errors import HifredError, SettingsError

Arrays = Mapping[str, np.ndarray]
Settings = Mapping[str, object]
TrialCheck = Callable[[Settings], None]


@final
@dataclass(frozen=True)
class TrialStep:
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

    def step(self) -> TrialStep:
        """Do a little work: well under a second where it can be."""

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that is needed to go on from here, as plain arrays."""

    def result(self) -> xr.Dataset:
        """Return cube, curves, maps and measures; attrs hold ``outcome``."""


class Kernel(ABC):
    """A computation that turns an input and settings into a result.

    A concrete kernel says what it reads and how it computes; what it leaves out has the
    meaning that is given here.

    Attributes
    ----------
    tag : str
        Version of what is computed; part of every trial's id.
    can_warm_start : bool
        Whether `begin` may be given another trial's result to start from.
    fixed_on_paths : tuple of str
        Names of the settings in which a trial and its ``initial`` must agree.
    """

    tag: str
    can_warm_start: bool = False
    fixed_on_paths: tuple[str, ...] = ()

    @abstractmethod
    def active(self, settings: Settings) -> dict[str, object]:
        """Return the settings that are read, defaults included, others dropped.

        Raises
        ------
        SettingsError
            If one is unknown or out of its range.
        """

    @abstractmethod
    def begin(
        self,
        input_path: Path,
        settings: Settings,
        state: Arrays | None,
        initial: xr.Dataset | None = None,
    ) -> Attempt:
        """Start a trial, or go on with it from a `state` saved before.

        Parameters
        ----------
        input_path : path
        settings : mapping
            Those that `active` returned, and ``seed``.
        state : mapping of arrays or None
            What `Attempt.state` returned before.
        initial : Dataset or None
            The result of another trial to start from.
        """

    def parts(self) -> dict[str, str]:
        """Return digests of the code behind the tag: a change is refused with a diff.

        ``rule`` says how they were made; those of different rules are not compared.
        """
        return {}

    def input_digest(self, path: Path) -> str:
        """Return the digest of an input's content; here, of the bytes of its files."""
        return tree_digest(path)

    def check_input(self, path: Path) -> None:
        """Raise `HifredError` if the input at `path` cannot be used."""
        return

    def check_simulation(self, name: str, settings: Settings) -> None:
        """Raise `HifredError` if nothing can be simulated with `settings`."""
        raise HifredError("input must be given; nothing can simulate it.")

    def simulate(self, name: str, settings: Settings, *, seed: int, path: Path) -> None:
        """Make the input of a simulated model at `path`."""
        raise HifredError("input must be given; nothing can simulate it.")

    def trial_check(self, name: str, model: Path | Settings) -> TrialCheck:
        """Return what refuses settings that the input of a model does not allow.

        Parameters
        ----------
        name : str
            Of the model.
        model : path or mapping
            Where its input is, or the settings of its simulation.

        Returns
        -------
        callable
            Takes the active settings of a trial; raises `SettingsError`.
        """
        return lambda settings: None

    def result_bytes(self, path: Path) -> int | None:
        """Return about how large a result of the input at `path` is, if known."""
        return None

    def check_path(self, name: str) -> None:
        """Refuse a path of trials along the setting `name` that cannot be followed.

        Raises
        ------
        SettingsError
            If trials always start afresh, or results along it do not fit each other.
        """
        if not self.can_warm_start:
            raise SettingsError(
                f"warm_start must be absent; {self.tag} always starts afresh."
            )
        if name in self.fixed_on_paths:
            raise SettingsError(
                f"warm_start must name a setting that keeps the shape of a result; got "
                f"{name!r}. Follow mu."
            )

    def objective(self, settings: Settings) -> str | None:
        """Return what `settings` minimise: only of one text are costs compared."""
        return None


def tree_digest(path: Path) -> str:
    """Return the sha256 of a file, or of all files below a directory."""
    digest = hashlib.sha256()
    files = (
        sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    )
    for file in files:
        name = file.relative_to(path).as_posix()
        digest.update(f"{name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
