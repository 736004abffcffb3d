"""The covariance of neighbouring spectra, learnt from counts of a known sky."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.shape_variation import ShapeVariation, learn_variation
from tests.solvers.small_problems import DataTerm

N_ENERGIES, SHAPE = 12, (16, 18)
BASIS = np.linalg.qr(
    np.stack([np.ones(N_ENERGIES), np.linspace(-1, 1, N_ENERGIES)], axis=1)
)[0]
BASIS *= np.sign(BASIS[0, 0])
COVARIANCE = np.array([[20.0, 6.0], [6.0, 12.0]]) * 1e3
GUIDE = 4000 * np.exp(np.sin(np.arange(16) / 3)[:, None] + np.cos(np.arange(18) / 4))


def drawn_images(rng: np.random.Generator) -> np.ndarray:
    """Return images of the prior: brightness times an even and a random spectrum."""
    plain = ShapeDifferences(0.5, GUIDE)
    units = np.eye(GUIDE.size).reshape(-1, 1, *SHAPE)
    precision = np.stack([plain.gradient(u).ravel() for u in units])
    values, vectors = np.linalg.eigh(precision)
    white = rng.standard_normal((2, GUIDE.size - 1)) / np.sqrt(values[1:])
    root = np.linalg.cholesky(COVARIANCE)
    random = (root @ white @ vectors[:, 1:].T).reshape(2, *SHAPE)
    return mean_images() + random


def mean_images() -> np.ndarray:
    return np.stack([GUIDE, np.zeros(SHAPE)]) * np.sqrt(N_ENERGIES) / N_ENERGIES


def terms_of(images: np.ndarray, rng: np.random.Generator) -> list[CountsTerm]:
    expected = np.tensordot(BASIS, images, axes=1)
    assert expected.min() > 0
    spectral, spatial = np.eye(N_ENERGIES), np.eye(GUIDE.size)
    data = DataTerm(spectral, spatial, rng.poisson(expected).astype(float))
    return [CountsTerm(data.likelihood((N_ENERGIES, *SHAPE), BASIS))]


def learnt(images: np.ndarray, first: float = 1e5) -> ShapeVariation:
    terms = terms_of(images, np.random.default_rng(2))
    return learn_variation(terms, mean_images(), GUIDE, np.full(2, first))


def test_the_covariance_of_the_prior_is_found() -> None:
    found = learnt(drawn_images(np.random.default_rng(1)))
    wanted, total = COVARIANCE / np.trace(COVARIANCE), np.trace(found.covariance)
    assert_allclose(found.covariance / total, wanted, atol=0.08)
    assert 0.8 < total / np.trace(COVARIANCE) < 1.2


@pytest.mark.parametrize("first", [5e4, 3e5])
def test_a_first_guess_from_above_does_not_matter(first: float) -> None:
    images = drawn_images(np.random.default_rng(1))
    again = learnt(images, first)
    assert_allclose(again.covariance, learnt(images).covariance, rtol=0.1)


def test_it_learns_the_same_every_time() -> None:
    images = drawn_images(np.random.default_rng(1))
    one, other = learnt(images), learnt(images)
    assert_array_equal(one.covariance, other.covariance)


def test_directions_are_orthogonal_and_the_widest_first() -> None:
    variation = ShapeVariation(COVARIANCE)
    directions, spreads = variation.directions()
    assert_allclose(directions.T @ directions, np.eye(2), atol=1e-12)
    assert_allclose((directions * spreads**2) @ directions.T, COVARIANCE)
    assert spreads[0] > spreads[1]
