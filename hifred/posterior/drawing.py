"""Draws of the posterior of a fusion of low rank."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.posterior.draws import Draws
from hifred.posterior.refits import check_by_refits
from hifred.posterior.sampling import Observations, Sampler
from hifred.threads import use_threads


def posterior(
    result: xr.Dataset,
    observations: Observations,
    *,
    n_draws: int = 100,
    seed: int = 0,
    n_checks: int = 0,
    threads: int | None = None,
    on_draw: Callable[[int], None] | None = None,
) -> Draws:
    """Return draws of what the counts and the prior of a fusion leave possible.

    What the spectra of the sky have outside of the fusion's few is in them, as strong
    as the spectrometer's counts say, and so is the noise of the brightness that guides
    the fit.

    Parameters
    ----------
    result : Dataset
        A converged fusion of low rank with a quadratic penalty: `guided`, `lrs`, or
        `low_rank`, which has none.
    observations : mapping of str to Dataset
        Those that were fused.
    n_draws : int
        At least 2.
    seed : int
        Each draw depends on it and on its own number alone.
    n_checks : int
        Draws to simulate and refit, for what `Draws.check` says of the intervals. Each
        takes a fusion and some draws.
    threads : int, optional
        Of BLAS and compiled loops; by default every core.
    on_draw : callable, optional
        Called with the number of draws that are done.

    Raises
    ------
    HifredError
        If the result cannot be sampled, or is not of these observations.
    """
    if n_draws < 2:
        raise HifredError(f"n_draws must be at least 2; got {n_draws}.")
    with use_threads(threads):
        sampler = Sampler(result, observations)
        images = []
        for i_draw in range(n_draws):
            images.append(sampler.draw(seed, i_draw))
            if on_draw is not None:
                on_draw(i_draw + 1)
        draws = sampler.draws(np.stack(images, axis=-1))
        return draws.checked(check_by_refits(sampler, n_refits=n_checks, seed=seed))
