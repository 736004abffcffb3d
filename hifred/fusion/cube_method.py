"""Free cubes by the primal-dual solver."""

from typing import final

import numpy as np
import xarray as xr

from hifred.functionals.sparse_cube import SparseCube
from hifred.fusion.assembly import Assembly
from hifred.fusion.method import Method
from hifred.fusion.settings import FusionSettings
from hifred.fusion.warm_start import initial_cube, lifted_cube
from hifred.solvers.primal_dual import CubeProblem, PrimalDual
from hifred.solvers.primal_dual_state import PrimalDualState


@final
class CubeMethod(Method[PrimalDualState]):
    """Minimise over all cubes that are not negative.

    Parameters
    ----------
    assembly : Assembly
    settings : FusionSettings
        Of which tolerance, iterations and precision are read.
    penalty : SparseCube, optional
    """

    certificate_kind = (
        "relative duality gap, proven or (no proof) to cubes nowhere brighter"
    )

    solver: PrimalDual

    def __init__(
        self,
        assembly: Assembly,
        settings: FusionSettings,
        *,
        penalty: SparseCube | None = None,
    ) -> None:
        start = assembly.first_cube.astype(settings.precision)
        self._sky = assembly.sky
        self.solver = PrimalDual(
            CubeProblem(assembly.likelihoods, start, penalty),
            tolerance=settings.tolerance,
            max_iterations=settings.max_iterations,
            dtype=np.dtype(settings.precision),
        )

    def start(self) -> PrimalDualState:
        return self.solver.start()

    def start_near(self, initial: xr.Dataset) -> PrimalDualState:
        cube = initial_cube(initial, self._sky)
        return self.solver.start(lifted_cube(cube, self.solver.problem.start))

    def scaled_flux(self, state: PrimalDualState) -> np.ndarray:
        return state.cube
