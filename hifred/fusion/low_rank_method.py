"""Cubes of low rank by the interior-point solver."""

from typing import final

import numpy as np
import xarray as xr

from hifred.functionals.image_sparsity import ImageSparsity
from hifred.fusion.method import Method
from hifred.fusion.settings import FusionSettings
from hifred.fusion.subspace import Subspace
from hifred.fusion.warm_start import lifted_images
from hifred.solvers.interior_point import InteriorPoint, InteriorPointState
from hifred.solvers.low_rank_problem import LowRankProblem, QuadraticPenalty

# Relative duality gap of the first multipliers near an earlier result: 0.1 took the
# fewest iterations of 0.001 to 1.
WARM_LEVEL = 0.1


@final
class LowRankMethod(Method[InteriorPointState]):
    """Minimise over the cubes of a subspace, with a penalty of their images.

    Parameters
    ----------
    subspace : Subspace
    settings : FusionSettings
        Of which tolerance, iterations and precision are read.
    penalty : QuadraticPenalty, optional
        Of images in the units of the subspace.
    sparsity : ImageSparsity, optional
        Likewise.
    choices : Dataset, optional
        What was chosen from the data, to be told with the result.
    """

    certificate_kind = "relative duality gap"
    solver: InteriorPoint

    def __init__(
        self,
        subspace: Subspace,
        settings: FusionSettings,
        *,
        penalty: QuadraticPenalty | None = None,
        sparsity: ImageSparsity | None = None,
        choices: xr.Dataset | None = None,
    ) -> None:
        self.subspace = subspace
        self._choices = xr.Dataset() if choices is None else choices
        self.solver = InteriorPoint(
            LowRankProblem(
                likelihoods=subspace.likelihoods,
                basis=subspace.scaled_basis,
                start=subspace.first_images / subspace.units,
                penalty=penalty,
                sparsity=sparsity,
            ),
            tolerance=settings.tolerance,
            max_iterations=settings.max_iterations,
            dtype=np.dtype(settings.precision),
        )

    def start(self) -> InteriorPointState:
        return self.solver.start()

    def start_near(self, initial: xr.Dataset) -> InteriorPointState:
        return self.start_at(self.subspace.images_of(initial))

    def start_at(self, images: np.ndarray) -> InteriorPointState:
        """Return a first state near coefficient images (component, y, x).

        The images are those that `images` returns, lifted until their cube is
        positive everywhere.
        """
        subspace = self.subspace
        default = self.solver.problem.start * subspace.units
        near = lifted_images(images, default, subspace.basis) / subspace.units
        return self.solver.start(near, level=WARM_LEVEL)

    def images(self, state: InteriorPointState) -> np.ndarray:
        """Return the coefficient images (component, y, x) of a state."""
        images = state.images.reshape(self.solver.problem.start.shape)
        return np.asarray(images * self.subspace.units)

    def scaled_flux(self, state: InteriorPointState) -> np.ndarray:
        return self.subspace.cube(self.images(state))

    def extras(self, state: InteriorPointState) -> xr.Dataset:
        return self.subspace.parts(self.images(state)).merge(self._choices)
