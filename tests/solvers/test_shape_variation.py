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


def learnt(images: np.ndarray, first: float = 2e4) -> ShapeVariation:
    terms = terms_of(images, np.random.default_rng(2))
    return learn_variation(terms, mean_images(), GUIDE, np.full(2, first))[0]


def test_the_covariance_of_the_prior_is_found() -> None:
    # One sky of so few pixels tells it to 20 %, its size also as the error wants it.
    skies = [drawn_images(np.random.default_rng(seed)) for seed in range(24)]
    found = np.mean([learnt(images).covariance for images in skies], axis=0)
    total, wanted = np.trace(found), np.trace(COVARIANCE)
    assert_allclose(found / total, COVARIANCE / wanted, atol=0.04)
    assert 0.8 < total / wanted < 1.4


@pytest.mark.parametrize("first", [1e4, 4e4])
def test_the_first_guess_hardly_matters(first: float) -> None:
    images = drawn_images(np.random.default_rng(1))
    again, total = learnt(images, first).covariance, np.trace(COVARIANCE)
    assert_allclose(again, learnt(images).covariance, atol=0.15 * total)


def test_without_counts_no_variance_is_lost() -> None:
    found = learnt(mean_images() * 1e-9, 7.0)
    assert (np.diag(found.covariance) > 0.01).all()


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
