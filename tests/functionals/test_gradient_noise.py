"""The noise of the gradient: its covariance is the Fisher information."""

import itertools

import numpy as np

from hifred.functionals.gradient_noise import gradient_noise
from hifred.functionals.poisson import PoissonLikelihood
from tests.operators.test_response import spectrometer

SHAPE = (2, 6, 3)


def test_the_variance_is_the_diagonal_of_the_information(rng) -> None:
    response = spectrometer(SHAPE)
    sky = rng.random(SHAPE) + 1
    mask = np.ones(response.output_shape, bool)
    mask[0, 0, 0] = False
    likelihood = PoissonLikelihood(response, response.apply(sky), mask=mask)
    draws = gradient_noise({"one": likelihood}, sky, np.random.default_rng(1))
    found = np.var(list(itertools.islice(draws, 4000)), axis=0)

    columns = np.array(
        [response.apply(e.reshape(SHAPE)) for e in np.eye(int(np.prod(SHAPE)))]
    )
    weights = mask / response.apply(sky)
    expected = (columns**2 * weights).sum(axis=(1, 2, 3)).reshape(SHAPE)
    np.testing.assert_allclose(found, expected, rtol=0.15, atol=1e-6)


def test_the_order_of_the_instruments_does_not_matter(rng) -> None:
    response, sky = spectrometer(SHAPE), rng.random(SHAPE) + 1
    first = PoissonLikelihood(response, response.apply(sky))
    second = PoissonLikelihood(response, response.apply(2 * sky))
    one, other = (
        next(gradient_noise(named, sky, np.random.default_rng(1)))
        for named in ({"a": first, "b": second}, {"b": second, "a": first})
    )
    np.testing.assert_array_equal(one, other)
