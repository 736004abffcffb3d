"""Spectral subspaces."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.transforms import low_rank
from hifred.transforms.low_rank import (
    automatic_rank,
    band_limited,
    principal_components,
    relative_spreads,
    spectral_basis,
    whitened_components,
)

RNG = np.random.default_rng(5)
MIXED = RNG.random((30, 3)) @ RNG.random((3, 12))


def test_components_are_those_of_the_covariance() -> None:
    components = principal_components(MIXED, 2)
    values, vectors = np.linalg.eigh(np.cov(MIXED))
    for i in range(2):
        assert abs(components[:, i] @ vectors[:, -1 - i]) == pytest.approx(1)
    assert values[-1] >= values[-2]


def test_the_basis_is_orthonormal_and_holds_the_mean() -> None:
    basis = spectral_basis(MIXED, 3)
    assert_allclose(basis.T @ basis, np.eye(3), atol=1e-12)
    mean = MIXED.mean(axis=1)
    assert_allclose(basis @ (basis.T @ mean), mean, rtol=1e-10)
    assert (basis[:, 0] > 0).all()
    assert_allclose(basis @ (basis.T @ MIXED), MIXED, rtol=1e-9)


def test_whitening_finds_a_weak_line_beside_bright_ones() -> None:
    rng = np.random.default_rng(1)
    spectra = np.full((40, 60), 5.0)
    spectra[[10, 14, 31]] = 1e5
    spectra[25, ::2] = 200.0
    counts = rng.poisson(spectra).astype(float)
    weak = np.zeros(40)
    weak[25] = 1.0

    def seen(components: np.ndarray) -> float:
        with_mean = np.column_stack([counts.mean(axis=1), components])
        return float(np.linalg.norm(np.linalg.qr(with_mean)[0].T @ weak))

    assert seen(whitened_components(counts, 1)) > 0.9
    assert seen(principal_components(counts, 1)) < 0.3


def test_the_mean_stays_positive_where_nothing_was_counted() -> None:
    spectra = MIXED.copy()
    spectra[4] = 0
    assert (spectral_basis(spectra, 3)[:, 0] > 0).all()


def test_spreads_are_the_deviations_of_the_coefficients(rng) -> None:
    basis = np.linalg.qr(rng.standard_normal((20, 3)))[0]
    coefficients = rng.standard_normal((3, 50)) * np.array([[9.0], [3.0], [1.0]])
    spectra = basis @ (coefficients + 7.0)
    found = relative_spreads(basis, spectra)
    assert_allclose(found.mean(), 1)
    assert_allclose(found / found[0], coefficients.std(1) / coefficients[0].std())
    assert_allclose(relative_spreads(basis, 5 * spectra), found)


def test_spectra_that_do_not_vary_have_equal_spreads() -> None:
    basis = np.linalg.qr(MIXED[:, :3])[0]
    assert_allclose(relative_spreads(basis, MIXED[:, :1]), 1)
    one = relative_spreads(basis, np.outer(basis[:, 0], np.arange(4.0)))
    assert (one > 0).all()
    assert one[0] > 100 * one[1]


def test_the_automatic_rank_reaches_the_variance() -> None:
    strong = np.outer(RNG.standard_normal(30), RNG.standard_normal(12))
    assert automatic_rank(strong + 1e-6 * MIXED) == 2
    assert automatic_rank(RNG.standard_normal((30, 12)), 0.999) > 8


def test_too_high_a_rank_is_refused() -> None:
    with pytest.raises(HifredError, match="rank must be between 1 and 12"):
        spectral_basis(MIXED, 13)


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
def test_components_agree_with_the_published_ones(shared_data, name: str) -> None:
    reference = np.load(shared_data / "reference_operators" / f"{name}.npz")
    counts = reference["Y"].reshape(len(reference["Y"]), -1)
    if "ARF_Y" in reference:
        counts = counts / (reference["ARF_Y"] / reference["ARF_Z"])[:, None]
    found = principal_components(counts, 5)
    signs = np.sign(np.sum(found * reference["V_rank5"], axis=0))
    assert_allclose(found * signs, reference["V_rank5"], atol=1e-10)


def line_spread(sigma: float = 5.0) -> np.ndarray:
    offsets = np.arange(-25, 26)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    return kernel / kernel.sum()


def blurred_lines(n_energies: int, n_spectra: int, rng) -> np.ndarray:
    lines = np.where(rng.random((n_energies, 4)) > 0.98, 50.0, 0.5)
    blurred = [np.convolve(line, line_spread(), "same") for line in lines.T]
    return np.array(blurred).T @ rng.random((4, n_spectra))


def test_spectra_of_that_resolution_pass_and_noise_does_not(rng) -> None:
    signal = blurred_lines(600, 3, rng)
    inside = slice(60, -60)  # the ends of the lines are cut off, not mirrored
    wrong = (band_limited(signal, line_spread()) - signal)[inside]
    assert np.linalg.norm(wrong) < 0.02 * np.linalg.norm(signal[inside])

    noise = rng.standard_normal((600, 40))
    power = np.abs(np.fft.rfft(line_spread(), 4096)) ** 2
    share = np.mean((power / (power + low_rank.NOISE_SHARE)) ** 2)
    assert share < 0.3
    assert np.mean(band_limited(noise, line_spread()) ** 2) == pytest.approx(
        share, rel=0.1
    )


def test_a_band_limited_basis_is_nearer_to_the_truth(rng) -> None:
    truth = blurred_lines(400, 80, rng)
    counts = rng.poisson(truth).astype(float)

    def missed(basis: np.ndarray) -> float:
        return float(np.linalg.norm(truth - basis @ (basis.T @ truth)))

    with_noise = missed(spectral_basis(counts, 5))
    assert missed(spectral_basis(counts, 5, line_spread())) < 0.6 * with_noise


def test_many_spectra_give_the_same_subspace(rng, monkeypatch) -> None:
    spectra = rng.poisson(blurred_lines(520, 510, rng)).astype(float)
    few = spectral_basis(spectra, 4)
    again = spectral_basis(spectra, 4)
    np.testing.assert_array_equal(few, again)
    monkeypatch.setattr(low_rank, "MANY_SPECTRA", 10_000)
    whole = spectral_basis(spectra, 4)
    assert_allclose(few @ few.T, whole @ whole.T, atol=1e-8)


def test_components_above_the_noise_are_those_of_the_signal(rng) -> None:
    truth = blurred_lines(200, 60, rng)
    counts = rng.poisson(truth)
    noise = 2.0 * rng.binomial(counts, 0.5) - counts
    # The mean, and three more mixtures of four spectra.
    assert low_rank.rank_above_noise(counts.astype(float), noise) == 4
    assert low_rank.rank_above_noise(noise + 50.0, noise) == 1


def test_variances_of_shapes_ignore_brightness(rng) -> None:
    basis = np.linalg.qr(rng.standard_normal((8, 3)))[0]
    same = np.outer(basis[:, 0] ** 2, rng.uniform(1, 9, 6))
    assert (low_rank.shape_variances(basis, same) > 0).all()
    assert (low_rank.shape_variances(basis, 0 * same) > 0).all()
    one = rng.uniform(1, 2, (8, 6))
    assert_allclose(
        low_rank.shape_variances(basis, 7 * one), low_rank.shape_variances(basis, one)
    )
