"""Fuse observations: assemble, solve, label."""

import time
from collections.abc import Callable, Mapping
from typing import final

import numpy as np
import xarray as xr

from hifred.fusion.assembly import Assembly
from hifred.fusion.method import AnyMethod
from hifred.fusion.result import cube_dataset, history, settings_text
from hifred.fusion.settings import FusionSettings, active_settings
from hifred.observations import check_observation
from hifred.solvers.solver import State, solve
from hifred.threads import use_threads


@final
class Fusion:
    """One fusion, iteration by iteration: a `Solver` of any states.

    Parameters
    ----------
    observations : mapping of str to Dataset
        One per instrument; see `hifred.observations.build_observation`.
    settings : FusionSettings

    Raises
    ------
    HifredError
        If the observations or settings do not fit each other.
    """

    def __init__(
        self, observations: Mapping[str, xr.Dataset], settings: FusionSettings
    ) -> None:
        for observation in observations.values():
            check_observation(observation)
        self.settings = settings
        self.assembly = Assembly(observations, settings)
        self.method: AnyMethod = settings.method(self.assembly)

    def start(self, initial: xr.Dataset | None = None) -> State:
        """Return the first state.

        Parameters
        ----------
        initial : Dataset, optional
            Result of an earlier fusion of the same observations, perhaps with other
            settings, to start near. The minimum, and its certificate, stay the same;
            the paper's iterations have none, and end elsewhere.

        Raises
        ------
        HifredError
            If `initial` has another sky grid, rank or spectral basis, or values that
            are not finite.
        """
        state: State = (
            self.method.start() if initial is None else self.method.start_near(initial)
        )
        return state

    def step(self, state: State) -> State:
        """Return the next state; its `outcome` is None while there is more to do."""
        following: State = self.method.solver.step(state)
        return following

    def restore(self, arrays: Mapping[str, np.ndarray]) -> State:
        """Return the state whose `arrays()` were saved."""
        state: State = self.method.solver.restore(arrays)
        return state

    def result(self, state: State) -> xr.Dataset:
        """Return the labelled cube, its history and how it ended."""
        names = list(self.assembly.observations)
        terms = ["total", *names, "penalty"]
        cube = cube_dataset(self.method.scaled_flux(state), self.assembly.sky)
        parts = [history(state.costs, state.gaps, terms), self.method.extras(state)]
        return cube.merge(xr.merge(parts)).assign_attrs(self._attributes(state))

    def _attributes(self, state: State) -> dict[str, str | int | float]:
        outcome = state.outcome
        return {
            "outcome": "running" if outcome is None else outcome.name.lower(),
            "message": "not ended yet." if outcome is None else outcome.value,
            "certificate": float(state.certificate),
            "certificate_kind": self.method.certificate_kind,
            "n_iterations": int(state.iteration),
            "settings": settings_text(active_settings(self.settings)),
        }


def fuse(
    observations: Mapping[str, xr.Dataset],
    settings: FusionSettings,
    *,
    on_step: Callable[[State], None] | None = None,
    state: Mapping[str, np.ndarray] | None = None,
    initial: xr.Dataset | None = None,
    threads: int | None = None,
) -> xr.Dataset:
    r"""Return the non-negative sky cube that explains all observations.

    .. math:: \min_{Z \ge 0} \sum_o f_o(Z) + \varphi(Z)

    Parameters
    ----------
    observations : mapping of str to Dataset
    settings : FusionSettings
    on_step : callable, optional
        Called with every new state.
    state : mapping of str to array, optional
        Saved arrays of a state to go on from.
    initial : Dataset, optional
        Earlier result to start near; see `Fusion.start`. Not read with `state`.
    threads : int, optional
        Of BLAS and compiled loops; by default every core.

    Returns
    -------
    Dataset
        ``flux`` (energy, y, x), photon cm-2 s-1 per bin; ``cost`` (iteration, term);
        attributes ``outcome``, ``message``, ``certificate``.

    Raises
    ------
    HifredError
        If the observations, settings or `initial` do not fit each other.
    """
    started = time.perf_counter()
    with use_threads(threads):
        fusion = Fusion(observations, settings)
        begin = fusion.start(initial) if state is None else fusion.restore(state)
        result = fusion.result(solve(fusion, begin, on_step))
    return result.assign_attrs(solve_seconds=time.perf_counter() - started)
