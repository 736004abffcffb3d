"""Normal likelihoods: their Hessian, their noise, and the prior that joins them."""

import numpy as np
from numpy.testing import assert_allclose

from hifred.functionals.shape_differences import ShapeDifferences
from hifred.solvers.counts_term import CountsTerm
from hifred.solvers.normal_counts import NormalCounts
from hifred.transforms.low_rank import spectral_basis
from tests.solvers.small_problems import DataTerm, small_problem

PROBLEM = small_problem((6, 4, 6), mask=True, background=True)
RANK, N_PIXELS = 2, 24
BASIS = spectral_basis(PROBLEM.sky.reshape(6, -1), RANK)
RNG = np.random.default_rng(5)
TERMS = [CountsTerm(f) for f in PROBLEM.likelihoods(BASIS).values()]
EXPECTED = [RNG.uniform(1, 9, t.counts.shape) for t in TERMS]
GUIDE = RNG.uniform(1, 5, (4, 6))
PLAIN = np.multiply.outer([3.0, -1.0], GUIDE.ravel())
COUNTS = NormalCounts(TERMS, EXPECTED, PLAIN)
PRECISION = np.array([[2.0, 0.3], [0.3, 0.5]])


def dense_parts() -> tuple[np.ndarray, np.ndarray]:
    """Return the Hessian and the right side by dense matrices."""
    hessian, right = np.zeros((48, 48)), np.zeros(48)
    lifted = np.kron(BASIS, np.eye(N_PIXELS))
    for term, variances in zip(PROBLEM.terms.values(), EXPECTED, strict=True):
        used = term.mask.ravel()
        matrix = (term.matrix() @ lifted)[used]
        weighted = matrix.T / variances.ravel()[used]
        hessian += weighted @ matrix
        right += weighted @ (term.counts - term.background).ravel()[used]
    return hessian, right


def test_the_posterior_agrees_with_dense_matrices() -> None:
    hessian, right = dense_parts()
    differences = ShapeDifferences(0.5, GUIDE)
    units = np.eye(N_PIXELS).reshape(N_PIXELS, 1, 4, 6)
    smooth = np.stack([differences.gradient(u).ravel() for u in units])
    hessian += np.kron(PRECISION, smooth)
    posterior = COUNTS.posterior(differences, PRECISION)
    images = RNG.standard_normal((RANK, N_PIXELS))
    assert_allclose(posterior.apply(images).ravel(), hessian @ images.ravel())
    solved, _ = posterior.solve(COUNTS.source, 1e-10)
    whole = (COUNTS.plain + solved).ravel()
    assert_allclose(whole, np.linalg.solve(hessian, right), rtol=1e-6)


def test_single_precision_solves_to_some_digits() -> None:
    posterior = COUNTS.posterior(ShapeDifferences(0.5, GUIDE), PRECISION)
    exact, _ = posterior.solve(COUNTS.source, 1e-10)
    rough, _ = posterior.in_single().solve(COUNTS.source.astype(np.float32), 1e-4)
    assert rough.dtype == np.float32
    assert_allclose(rough, exact, atol=1e-3 * np.abs(exact).max())


def test_the_noise_has_the_hessian_for_covariance() -> None:
    hessian, _ = dense_parts()
    rng = np.random.default_rng(6)
    draws = np.stack([COUNTS.draw(rng).ravel() for _ in range(4000)])
    scale = np.sqrt(np.outer(np.diag(hessian), np.diag(hessian)))
    assert np.abs(draws.T @ draws / 4000 - hessian).max() < 0.1 * scale.max()


def test_mirrored_counts_have_mirrored_noise() -> None:
    shape = (4, 6)
    counts = np.random.default_rng(7).poisson(30, (6, *shape)).astype(float)

    def drawn(counts: np.ndarray) -> np.ndarray:
        data = DataTerm(np.eye(6), np.eye(N_PIXELS), counts)
        terms = [CountsTerm(data.likelihood((6, *shape), BASIS))]
        noise = NormalCounts(terms, [np.ones((6, N_PIXELS))], PLAIN)
        return noise.draw(np.random.default_rng(8)).reshape(RANK, *shape)

    for mirror in (np.s_[:, ::-1], np.s_[:, :, ::-1]):
        assert_allclose(drawn(counts[mirror])[mirror], drawn(counts))
