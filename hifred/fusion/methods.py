"""One way to solve for each kind of cube: what every method offers to a fusion."""

from collections.abc import Mapping
from typing import Any, Protocol, final

import numpy as np
import xarray as xr

from hifred.functionals.sobolev import SquaredDifferences
from hifred.fusion.assembly import Assembly
from hifred.fusion.result import components
from hifred.solvers.interior_point import InteriorPoint
from hifred.solvers.low_rank_problem import LowRankProblem


class Method(Protocol):
    """A solver with its problem, and how its state becomes a cube.

    Attributes
    ----------
    certificate_kind : str
        What the certificate of a state is.
    """

    certificate_kind: str
    solver: Any

    def scaled_flux(self, state: Any) -> np.ndarray:
        """Return the cube (energy, y, x) of a state."""

    def extras(self, state: Any) -> xr.Dataset:
        """Return what else the result should hold."""


@final
class LowRankMethod:
    """Cubes of low rank by the interior-point solver."""

    certificate_kind = "relative duality gap"

    def __init__(self, assembly: Assembly) -> None:
        settings = assembly.settings
        self.basis = assembly.basis
        self.image_shape = assembly.sky.shape[1:]
        penalty = None
        if settings.regularizer == "lrs" and settings.mu:
            penalty = SquaredDifferences(float(settings.mu), settings.difference)
        problem = LowRankProblem(
            likelihoods=assembly.likelihoods(self.basis),
            basis=self.basis,
            start=assembly.first_images(),
            penalty=penalty,
        )
        self.solver = InteriorPoint(
            problem,
            tolerance=settings.tolerance,
            max_iterations=settings.max_iterations,
            dtype=np.dtype(settings.precision),
        )

    def scaled_flux(self, state: Any) -> np.ndarray:
        cube = self.basis @ state.images
        # Above zero by construction; single precision may round to just below.
        return np.maximum(cube, 0).reshape(-1, *self.image_shape)

    def extras(self, state: Any) -> xr.Dataset:
        images = state.images.reshape(-1, *self.image_shape)
        return components(self.basis, images)


def method_for(assembly: Assembly) -> Method:
    """Return the method that the settings ask for."""
    return LowRankMethod(assembly)


def restored(method: Method, arrays: Mapping[str, np.ndarray]) -> Any:
    """Return the solver's state from saved arrays."""
    return method.solver.restore(arrays)
