"""Draws where many counts make everything normal: against dense matrices."""

from collections.abc import Callable

import numpy as np
import pytest

from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler
from hifred.posterior.left_out import LeftOut
from hifred.posterior.prior_strength import PriorStrength
from tests.scenes import observe, sky_cube

SHAPE, RANK = (12, 6, 6), 2
N_DRAWS, N_FIELDS = 200, 4000
BRIGHTNESS = 1e5
SETTINGS = {
    "no prior: Fisher information": {"regularizer": "low_rank", "rank": RANK},
    "prior": {"regularizer": "lrs", "mu": 1e-5, "rank": RANK},
}


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS)
def sampler(request, monkeypatch) -> Sampler:
    # The two spectra of this sky leave nothing out.
    nothing = LeftOut.of(*np.zeros((2, SHAPE[0], 1)))
    name = "hifred.posterior.unseen_spectra.left_out"
    monkeypatch.setattr(name, lambda *given: nothing)
    sky = sky_cube(SHAPE, BRIGHTNESS)
    observations = observe(sky, rng=np.random.default_rng(1))
    fit = fuse(observations, FusionSettings(**request.param))
    found = Sampler(fit, observations)
    # Of a sky that is as uneven as the penalty expects; this one is smooth.
    monkeypatch.setitem(vars(found), "strength", PriorStrength(np.ones(RANK), 1.0))
    return found


def test_mean_and_covariance_are_those_of_the_closed_form(sampler) -> None:
    problem = sampler._nearby.problem
    shape = sampler._images.shape
    fisher = dense_fisher(sampler)
    penalty = np.zeros_like(fisher)
    if problem.penalty is not None:
        penalty = dense(problem.penalty.gradient, shape)
    # Noise, and images that the penalty draws to zero.
    tilts = fisher + penalty @ prior_covariance(sampler) @ penalty
    inverse = np.linalg.inv(fisher + penalty)
    covariance = inverse @ tilts @ inverse
    drawn = np.array([sampler.draw(3, i)[:RANK] for i in range(N_DRAWS)])
    away = (drawn - sampler._images) / sampler._subspace.units
    root = np.linalg.cholesky(np.linalg.inv(covariance))
    whitened = away.reshape(N_DRAWS, -1) @ root
    found = whitened.T @ whitened / N_DRAWS
    assert np.trace(found) / len(found) == pytest.approx(1, abs=0.05)
    assert np.abs(np.diag(found) - 1).max() < 0.4
    off = found - np.diag(np.diag(found))
    assert np.sqrt(np.mean(off**2)) < 1.3 / np.sqrt(N_DRAWS)
    assert np.abs(whitened.mean(axis=0)).max() < 4 / np.sqrt(N_DRAWS)


def dense(function: Callable, shape: tuple[int, ...]) -> np.ndarray:
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    return np.stack([function(unit).ravel() for unit in units], axis=1)


def dense_fisher(sampler: Sampler) -> np.ndarray:
    """Return the information of the counts about scaled images."""
    subspace, total = sampler._subspace, 0.0
    spectra = subspace.scaled_basis
    scaled = sampler._images / subspace.units
    for response in subspace.assembly.responses.values():

        def counts(images: np.ndarray, response=response) -> np.ndarray:
            return response.apply(np.tensordot(spectra, images, axes=1))

        matrix = dense(counts, scaled.shape)
        total = total + matrix.T @ (matrix / counts(scaled).reshape(-1, 1))
    return np.asarray(total)


def prior_covariance(sampler: Sampler) -> np.ndarray:
    """Return that of the images that `Disturbances` draws, by many of them."""
    rng = np.random.default_rng(4)
    spreads = np.sqrt(sampler.strength.ratios)[:, None]
    images = np.array(
        [spreads * sampler._disturbances.of_prior(rng)[1] for _ in range(N_FIELDS)]
    ).reshape(N_FIELDS, -1)
    return images.T @ images / N_FIELDS
