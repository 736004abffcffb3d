"""Refits of simulated draws: how often the same recipe's intervals hold the truth."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.fusion import fuse
from hifred.observations.prediction import CountsModel, geometry_of
from hifred.posterior.coverage import Coverage
from hifred.posterior.draws import Draws
from hifred.posterior.sampling import Observations, Sampler, settings_of
from hifred.posterior.self_check import LEVELS, SelfCheck

# Draws of each refit: the spread of ten is known to a quarter.
DRAWS = 10
# Random numbers of the skies and of their counts, away from those of draws.
SEED = 2**31
# Shares of 68 % intervals beyond which they are told to be too narrow or too wide.
TOO_FEW, TOO_MANY = 0.58, 0.78


def check_by_refits(
    sampler: Sampler,
    *,
    n_refits: int,
    seed: int = 0,
    on_progress: Callable[[str], None] = lambda text: None,
) -> SelfCheck:
    """Simulate counts of draws, fuse and sample them alike, and hold them to the draws.

    Parameters
    ----------
    sampler : Sampler
    n_refits : int
        How many draws; each takes a fusion and `DRAWS` draws.
    seed : int
    on_progress : callable
        Called with a few words before every refit.
    """
    found, warnings = [], list(sampler.warnings)
    for i_refit in range(n_refits):
        on_progress(f"check {i_refit + 1} of {n_refits}")
        try:
            found.append(_coverage(sampler, seed, i_refit))
        except HifredError as error:
            warnings.append(f"A simulated draw could not be refitted: {error}")
    means = _means(found)
    return SelfCheck(means, len(found), (*warnings, *_verdicts(means)))


def _coverage(sampler: Sampler, seed: int, i_refit: int) -> dict[str, dict[int, float]]:
    """Return the coverage of the draws of a refit of one draw."""
    sky = _shining(sampler.cube(sampler.draw(seed + SEED, i_refit)))
    rng = np.random.default_rng([seed, SEED, i_refit])
    refit = _refitted(sampler.result, _simulated(sampler, sky, rng))
    edges = sampler.result["energy_edges"].to_numpy()
    return Coverage(sky, edges).of(refit)


def _shining(cube: np.ndarray) -> np.ndarray:
    """Return a cube (energy, y, x) without voxels below zero, as bright in each pixel.

    A draw may have such voxels, a sky that is counted may not.
    """
    above = np.maximum(cube, 0)
    wanted, found = np.maximum(cube.sum(axis=0), 0), above.sum(axis=0)
    share = np.divide(wanted, found, out=np.zeros(found.shape), where=found > 0)
    return np.asarray(above * share)


def _simulated(
    sampler: Sampler, sky: np.ndarray, rng: np.random.Generator
) -> dict[str, xr.Dataset]:
    """Return observations with Poisson counts of another sky."""
    observations = sampler.observations
    model = CountsModel(observations, geometry_of(sampler.result))
    expected = model.expected_counts(sky)
    return {
        name: observation.assign(
            counts=observation["counts"].copy(
                data=rng.poisson(expected[name]).astype(observation["counts"].dtype)
            )
        )
        for name, observation in observations.items()
    }


def _refitted(result: xr.Dataset, observations: Observations) -> Draws:
    again = fuse(observations, settings_of(result))
    sampler = Sampler(again, observations)
    return sampler.draws(np.stack([sampler.draw(0, i) for i in range(DRAWS)], axis=-1))


def _means(found: list[dict[str, dict[int, float]]]) -> dict[str, dict[int, float]]:
    return {
        name: {
            level: float(np.mean([shares[name][level] for shares in found]))
            for level in LEVELS
        }
        for name in (found[0] if found else ())
    }


def _verdicts(coverage: dict[str, dict[int, float]]) -> list[str]:
    """Return a sentence for each kind of intervals that are too narrow or too wide."""
    lowest = LEVELS[0]
    sentences = []
    for name, shares in coverage.items():
        share = f"{lowest} % intervals of {name} cover {100 * shares[lowest]:.0f} %"
        if shares[lowest] < TOO_FEW:
            sentences.append(f"{share}: take their errors for lower limits.")
        elif shares[lowest] > TOO_MANY:
            sentences.append(f"{share}: their errors are too wide.")
    return sentences
