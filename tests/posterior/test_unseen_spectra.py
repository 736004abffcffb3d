"""What a subspace leaves out: its power from the counts, and draws of it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.posterior.unseen_spectra import (
    SHARE_SEEN,
    UnseenSpectra,
    left_out_power,
)
from hifred.transforms.low_rank import spectral_basis
from tests.scenes import observe, sky_cube

SHAPE = (24, 18, 15)


def assembled(brightness: float) -> Assembly:
    cube = sky_cube(SHAPE, brightness)
    observations = observe(cube, rng=np.random.default_rng(1))
    return Assembly(observations, SkySettings())


def seen(assembly: Assembly, cube: np.ndarray) -> np.ndarray:
    response = assembly.responses["spectrometer"]
    area = response.pairs[0][0].apply(np.ones((SHAPE[0], 1)))
    return response.apply(cube).reshape(SHAPE[0], -1) / area


def test_the_power_is_that_of_what_lies_outside() -> None:
    assembly = assembled(2000.0)
    basis = spectral_basis(assembly.spectra, 1, assembly.line_spread)
    spectra = seen(assembly, sky_cube(SHAPE, 2000.0))
    outside = spectra - basis @ (basis.T @ spectra)
    assert_allclose(left_out_power(assembly, 1).mean(), np.mean(outside**2), rtol=0.1)


def test_nothing_is_left_out_of_a_subspace_that_holds_the_sky() -> None:
    # Two spectra make up the sky: two components leave little more than the errors of
    # their own directions, which is less than the noise.
    assembly = assembled(200.0)
    noise = np.mean(seen(assembly, sky_cube(SHAPE, 200.0)))
    assert left_out_power(assembly, 1).mean() > 10 * noise
    assert left_out_power(assembly, 2).mean() < 0.5 * noise


def test_draws_have_the_power_of_what_the_spectrometer_sees_a_share_of() -> None:
    assembly = assembled(2000.0)
    basis = spectral_basis(assembly.spectra, 1, assembly.line_spread)
    unseen = UnseenSpectra(assembly, basis)
    rng = np.random.default_rng(2)
    cubes = [np.tensordot(unseen.basis, unseen.draw(rng), axes=1) for _ in range(40)]
    power = np.mean([seen(assembly, cube) ** 2 for cube in cubes], axis=(0, 2))
    expected = left_out_power(assembly, 1).mean() / SHARE_SEEN
    assert_allclose(power.mean(), expected, rtol=0.2)
    assert np.abs(np.mean(cubes)) < 0.1 * np.std(cubes)


def test_draws_are_strong_where_the_mean_spectrum_is() -> None:
    # Ten lines on a faint continuum, of which each pixel has its own shares.
    rng = np.random.default_rng(4)
    cube = np.full(SHAPE, 1.0)
    lines = np.arange(2, 24, 5)
    cube[lines] += 300 * rng.uniform(0.2, 2, (len(lines), *SHAPE[1:]))
    assembly = Assembly(observe(cube, rng=rng), SkySettings())
    basis = spectral_basis(assembly.spectra, 1)
    strengths = np.sqrt(np.mean(UnseenSpectra(assembly, basis).basis ** 2, axis=1))
    dark = np.setdiff1d(
        np.arange(SHAPE[0]), np.concatenate([lines - 1, lines, lines + 1])
    )
    assert strengths[lines].min() > 3 * strengths[dark].max()


@pytest.mark.parametrize("n_parts", [2, 5])
def test_parts_of_the_events_are_all_of_them(n_parts: int) -> None:
    assembly = assembled(20.0)
    parts = assembly.split_spectra(n_parts, 0)
    assert len(parts) == n_parts
    assert_allclose(np.mean(parts, axis=0), assembly.spectra, atol=1e-9)
    assert np.std(parts[0] - parts[1]) > 0
