"""How one fusion is solved, and how states of its solver become a cube."""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeAlias

import numpy as np
import xarray as xr

from hifred.solvers.solver import S, Solver


class Method(ABC, Generic[S]):
    """A solver with its problem, where it starts, and what its states mean.

    Attributes
    ----------
    certificate_kind : str
        What the certificate of a state is.
    solver : Solver
        Its states are those that the methods give and take.
    """

    certificate_kind: str
    solver: Solver[S]

    @abstractmethod
    def start(self) -> S:
        """Return the first state."""

    @abstractmethod
    def start_near(self, initial: xr.Dataset) -> S:
        """Return a first state near an earlier result.

        Raises
        ------
        HifredError
            If the result is not of this sky, or not of this kind.
        """

    @abstractmethod
    def scaled_flux(self, state: S) -> np.ndarray:
        """Return the cube (energy, y, x) of a state, not negative."""

    def extras(self, state: S) -> xr.Dataset:
        """Return what else the result should hold: components, choices of its own.

        A number becomes a measure of the trial and a column of the collected store; it
        needs ``units``, ``long_name`` and ``direction``.
        """
        return xr.Dataset()


# A method meets only the states that it made itself.
AnyMethod: TypeAlias = Method[Any]
