"""What draws differ from a fit by: images that the penalty draws to zero."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion import FusionSettings, fuse
from hifred.posterior import Sampler
from tests.scenes import observe, sky_cube

SHAPE = (24, 18, 15)


@pytest.fixture(scope="module", params=["guided", "lrs"])
def disturbances(request):
    observations = observe(sky_cube(SHAPE, 100.0), rng=np.random.default_rng(1))
    strength = {"lrs": {"mu": 1e-3}}.get(request.param, {})
    settings = FusionSettings(regularizer=request.param, rank=2, **strength)
    return Sampler(fuse(observations, settings), observations)._disturbances


def test_images_cost_what_the_penalty_expects(disturbances) -> None:
    tilt, images = disturbances.of_prior(np.random.default_rng(2))
    assert_allclose(disturbances.energies(images), images.shape[1] - 1)
    assert_allclose(np.sum(tilt * images, axis=1), images.shape[1] - 1)


def test_images_are_smooth(disturbances) -> None:
    # Independent differences would make errors of regions too small.
    rng = np.random.default_rng(3)
    drawn = np.concatenate([disturbances.of_prior(rng)[1] for _ in range(20)])
    changes = np.diff(drawn.reshape(-1, *SHAPE[1:]), axis=1)
    beside = np.mean(changes[..., 1:] * changes[..., :-1]) / np.mean(changes**2)
    assert beside > 0.5
