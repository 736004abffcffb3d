"""What a subspace leaves out, as the counts tell it."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.posterior.left_out import PARTS, REACH, SPLITS, LeftOut, left_out
from hifred.transforms.low_rank import band_limited, spectral_basis
from tests.posterior.left_out_skies import SHAPE, assembled, seen, subspace
from tests.scenes import observe, sky_cube


def test_the_power_is_that_of_what_lies_outside() -> None:
    assembly, sky = assembled(2000.0), sky_cube(SHAPE, 2000.0)
    basis, images = subspace(assembly, 1, sky)
    spectra = seen(assembly, sky)
    outside = spectra - basis @ (basis.T @ spectra)
    found = left_out(assembly, basis, images).power.mean()
    assert_allclose(found, np.mean(outside**2), rtol=0.1)


def test_what_fewer_events_leave_out_is_taken_off() -> None:
    sky = sky_cube(SHAPE, 100.0)
    taken, expected = [], []
    for seed in range(4):
        observations = observe(sky, rng=np.random.default_rng(seed))
        assembly = Assembly(observations, SkySettings())
        basis, images = subspace(assembly, 2, sky)
        found = [
            left_out(assembly, basis, w).power.mean() for w in (0 * images, images)
        ]
        taken.append(found[0] - found[1])
        # The truth, for the subspaces of a part of the events and for that of all.
        spectra = band_limited(seen(assembly, sky), assembly.line_spread)
        left = [np.mean((spectra - b @ (b.T @ spectra)) ** 2) for b in fewer(assembly)]
        of_all = np.mean((spectra - basis @ (basis.T @ spectra)) ** 2)
        expected.append(np.mean(left) - of_all)
    assert np.mean(taken) == pytest.approx(np.mean(expected), rel=0.5)


def fewer(assembly: Assembly) -> list[np.ndarray]:
    """Return subspaces of all events but for two parts of them."""
    splits = [np.array(assembly.split_spectra(PARTS, seed)) for seed in range(SPLITS)]
    kept = [
        np.delete(parts, pair, axis=0)
        for parts in splits
        for pair in combinations(range(PARTS), 2)
    ]
    line_spread = assembly.line_spread
    return [spectral_basis(some.mean(axis=0), 2, line_spread) for some in kept]


def test_the_power_is_as_well_known_as_the_counts_allow(monkeypatch) -> None:
    # Which events fall into which part is chance that the counts have no share in.
    sky = sky_cube(SHAPE, 100.0)
    found = []
    for seed in range(4):
        observations = observe(sky, rng=np.random.default_rng(seed))
        assembly = Assembly(observations, SkySettings())
        basis, images = subspace(assembly, 1, sky)
        by_split = []
        for first in (0, 50):
            monkeypatch.setattr("hifred.posterior.left_out.SEED", first)
            by_split.append(left_out(assembly, basis, images).power.mean())
        found.append(by_split)
    one, two = np.transpose(found)
    assert np.mean((one - two) ** 2) < 0.1 * np.mean((one + two) ** 2) / 4


def test_nothing_is_left_out_of_a_subspace_that_holds_the_sky() -> None:
    # Two spectra make up the sky: two components leave little more than the errors of
    # their own directions, which is less than the noise.
    assembly, sky = assembled(200.0), sky_cube(SHAPE, 200.0)
    noise = np.mean(seen(assembly, sky))
    assert left_out(assembly, *subspace(assembly, 1, sky)).power.mean() > 10 * noise
    assert left_out(assembly, *subspace(assembly, 2, sky)).power.mean() < 0.5 * noise


def test_neighbouring_energies_hang_together_as_those_of_the_truth() -> None:
    rng = np.random.default_rng(6)
    wide = np.hanning(9)[:, None]
    smooth = np.stack(
        [np.convolve(row, wide[:, 0], "same") for row in rng.normal(size=(50, 400))]
    ).T
    one, two = (smooth + 3 * rng.normal(size=smooth.shape) for _ in range(2))
    found, expected = LeftOut.of(one, two), LeftOut.of(smooth, smooth)
    assert_allclose(found.power.mean(), expected.power.mean(), rtol=0.1)
    largest = expected.density.max()
    assert_allclose(found.density, expected.density, atol=0.1 * largest)
    # White noise has the same power at all frequencies: none is in the density.
    noise = LeftOut.of(one, one)
    assert noise.density.min() > 2 * np.abs(found.density - expected.density).max()


def test_a_density_is_that_of_products_of_energies() -> None:
    rng = np.random.default_rng(7)
    spectra = rng.normal(size=(200, 30))
    found = LeftOut.of(spectra, spectra).density
    lags = np.arange(REACH)
    products = [
        np.mean(np.sum(spectra[: 200 - lag] * spectra[lag:], axis=0)) for lag in lags
    ]
    window = np.cos(0.5 * np.pi * lags / REACH) ** 2
    angles = 2 * np.pi * np.outer(np.arange(len(found)), lags) / (200 + REACH)
    doubled = np.where(lags > 0, 2, 1) * window * products
    assert_allclose(found, np.cos(angles) @ doubled, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("n_parts", [2, 5])
def test_parts_of_the_events_are_all_of_them(n_parts: int) -> None:
    assembly = assembled(20.0)
    parts = assembly.split_spectra(n_parts, 0)
    assert len(parts) == n_parts
    assert_allclose(np.mean(parts, axis=0), assembly.spectra, atol=1e-9)
    assert np.std(parts[0] - parts[1]) > 0
