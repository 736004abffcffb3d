"""The paper's algorithms, for comparison."""

from typing import final

import numpy as np
import xarray as xr

from hifred.functionals.base import Smooth
from hifred.fusion.method import Method
from hifred.fusion.paper_spaces import PaperSpace
from hifred.fusion.settings import FusionSettings
from hifred.solvers.paper import PaperSettings, PaperSolver
from hifred.solvers.paper_state import PaperState
from hifred.solvers.paper_step import automatic_step
from hifred.solvers.paper_thresholds import Threshold
from hifred.solvers.primal_dual import in_precision


@final
class PaperMethod(Method[PaperState]):
    """Steps down the gradient, a threshold, a clip.

    Parameters
    ----------
    space : PaperSpace
    settings : FusionSettings
        Of which tolerance, iterations and precision are read.
    step_size : float or None
        None takes one from the curvature of the likelihood.
    smooth : Smooth, optional
        Penalty whose gradient is added.
    threshold : Threshold, optional
        Step that follows the gradient step.
    """

    certificate_kind = "relative change of the data terms"
    solver: PaperSolver

    def __init__(
        self,
        space: PaperSpace,
        settings: FusionSettings,
        step_size: float | None,
        *,
        smooth: Smooth | None = None,
        threshold: Threshold | None = None,
    ) -> None:
        dtype = np.dtype(settings.precision)
        likelihoods = {n: in_precision(f, dtype) for n, f in space.likelihoods.items()}
        step_size = step_size or automatic_step(likelihoods, space.first_guess)
        self._space = space
        self.solver = PaperSolver(
            likelihoods,
            space.clip,
            smooth=smooth,
            threshold=threshold,
            settings=PaperSettings(
                step_size, settings.tolerance, settings.max_iterations
            ),
        )

    def start(self) -> PaperState:
        return self.solver.start(self._space.first_guess)

    def start_near(self, initial: xr.Dataset) -> PaperState:
        estimate = self._space.estimate_of(initial)
        return self.solver.start(estimate.astype(self._space.first_guess.dtype))

    def scaled_flux(self, state: PaperState) -> np.ndarray:
        return self._space.cube(state.estimate)

    def extras(self, state: PaperState) -> xr.Dataset:
        return self._space.parts(state.estimate)
