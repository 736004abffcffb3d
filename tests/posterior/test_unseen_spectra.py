"""What a subspace leaves out: its power from the counts, and draws of it."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.fusion.assembly import Assembly, SkySettings
from hifred.posterior.unseen_spectra import (
    PARTS,
    SPLITS,
    UnseenSpectra,
    left_out_power,
    share_seen,
)
from hifred.transforms.low_rank import band_limited, spectral_basis
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


def subspace(assembly: Assembly, rank: int, sky: np.ndarray) -> tuple:
    """Return spectra, and the images of a sky (component, pixel) in them."""
    basis = spectral_basis(assembly.spectra, rank, assembly.line_spread)
    return basis, basis.T @ sky.reshape(len(sky), -1)


def test_the_power_is_that_of_what_lies_outside() -> None:
    assembly, sky = assembled(2000.0), sky_cube(SHAPE, 2000.0)
    basis, images = subspace(assembly, 1, sky)
    spectra = seen(assembly, sky)
    outside = spectra - basis @ (basis.T @ spectra)
    found = left_out_power(assembly, basis, images).mean()
    assert_allclose(found, np.mean(outside**2), rtol=0.1)


def test_what_fewer_events_leave_out_is_taken_off() -> None:
    sky = sky_cube(SHAPE, 100.0)
    taken, expected = [], []
    for seed in range(4):
        observations = observe(sky, rng=np.random.default_rng(seed))
        assembly = Assembly(observations, SkySettings())
        basis, images = subspace(assembly, 2, sky)
        found = [
            left_out_power(assembly, basis, w).mean() for w in (0 * images, images)
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
            monkeypatch.setattr("hifred.posterior.unseen_spectra.SEED", first)
            by_split.append(left_out_power(assembly, basis, images).mean())
        found.append(by_split)
    one, two = np.transpose(found)
    assert np.mean((one - two) ** 2) < 0.1 * np.mean((one + two) ** 2) / 4


def test_nothing_is_left_out_of_a_subspace_that_holds_the_sky() -> None:
    # Two spectra make up the sky: two components leave little more than the errors of
    # their own directions, which is less than the noise.
    assembly, sky = assembled(200.0), sky_cube(SHAPE, 200.0)
    noise = np.mean(seen(assembly, sky))
    assert left_out_power(assembly, *subspace(assembly, 1, sky)).mean() > 10 * noise
    assert left_out_power(assembly, *subspace(assembly, 2, sky)).mean() < 0.5 * noise


def test_draws_have_the_power_of_what_the_spectrometer_sees_a_share_of() -> None:
    assembly, sky = assembled(2000.0), sky_cube(SHAPE, 2000.0)
    basis, images = subspace(assembly, 1, sky)
    unseen = UnseenSpectra(assembly, basis, images, images)
    rng = np.random.default_rng(2)
    cubes = [np.tensordot(unseen.basis, unseen.draw(rng), axes=1) for _ in range(40)]
    # As much as it sees of the only spectrum, which is the weakest.
    power = share_seen(assembly, images) * np.mean(np.square(cubes))
    expected = left_out_power(assembly, basis, images).mean()
    assert_allclose(power, expected, rtol=0.2)
    assert np.abs(np.mean(cubes)) < 0.1 * np.std(cubes)


def test_a_spectrometer_sees_little_of_fine_structure() -> None:
    assembly = assembled(20.0)
    rows, columns = np.indices(SHAPE[1:])
    flat, board = np.ones(SHAPE[1:]), (-1.0) ** (rows + columns)
    # Nine sky pixels make up one of the spectrometer; the field's edges lose some.
    assert 50 < share_seen(assembly, flat.reshape(1, -1)) < 81
    assert share_seen(assembly, board.reshape(1, -1)) < 0.01
    assert share_seen(assembly, 0 * flat.reshape(1, -1)) == 1


def test_the_weakest_spectra_tell_the_share_of_all_others() -> None:
    assembly, sky = assembled(2000.0), sky_cube(SHAPE, 2000.0)
    basis, images = subspace(assembly, 2, sky)
    turned = np.array([[0.6, -0.8], [0.8, 0.6]])
    one, other = (
        UnseenSpectra(assembly, *pair).basis
        for pair in (
            (basis, images, images),
            (basis @ turned, turned.T @ images, turned.T @ images),
        )
    )
    assert_allclose(np.mean(one**2), np.mean(other**2), rtol=1e-6)
    flat = np.concatenate([images[:1], np.ones_like(images[1:])])
    smooth = UnseenSpectra(assembly, basis, images, flat).basis
    assert np.mean(smooth**2) < np.mean(one**2)


def test_draws_are_strong_where_the_mean_spectrum_is() -> None:
    # Ten lines on a faint continuum, of which each pixel has its own shares.
    rng = np.random.default_rng(4)
    cube = np.full(SHAPE, 1.0)
    lines = np.arange(2, 24, 5)
    cube[lines] += 300 * rng.uniform(0.2, 2, (len(lines), *SHAPE[1:]))
    assembly = Assembly(observe(cube, rng=rng), SkySettings())
    basis, images = subspace(assembly, 1, cube)
    unseen = UnseenSpectra(assembly, basis, images, images)
    strengths = np.sqrt(np.mean(unseen.basis**2, axis=1))
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
