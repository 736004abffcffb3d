"""Matched kernels are the difference of the two they link."""

import logging
from typing import Any

import numpy as np
import pytest
import scipy.signal
from numpy.testing import assert_allclose

from hifred.errors import HifredError, SettingsError
from hifred.observations import difference_kernel, kernel_sigmas, kernels_for
from hifred.observations.matching.kernels import gaussian_sigmas, target_line_spread
from tests.observations.cases import (
    gaussian,
    gaussian_image,
    imager,
    observations,
    spectrometer,
)


@pytest.mark.parametrize(
    ("broad", "narrow", "expected"),
    [(3.0, 1.0, 2.8284271), (58.33, 6.94, 57.91568)],
)
def test_gaussians_differ_in_quadrature(
    broad: float, narrow: float, expected: float
) -> None:
    halves = (int(4 * broad), int(4 * narrow))
    kernel = difference_kernel(gaussian(halves[0], broad), gaussian(halves[1], narrow))
    sigma = gaussian_sigmas(kernel)
    assert sigma is not None
    assert_allclose(sigma, expected, rtol=1e-6)
    assert_allclose(kernel_sigmas(kernel), expected, rtol=1e-4)


def test_gaussian_images_may_be_elongated() -> None:
    broad = np.outer(gaussian(12, 3.0), gaussian(9, 2.0))
    sigmas = gaussian_sigmas(difference_kernel(broad, gaussian_image(5, 1.2)))
    assert sigmas is not None
    assert_allclose(sigmas, np.sqrt([9 - 1.44, 4 - 1.44]), rtol=1e-6)


def king(side: int, core: float, slope: float) -> np.ndarray:
    y, x = np.mgrid[-side : side + 1, -side : side + 1]
    image = (1 + (y**2 + x**2) / core**2) ** -slope
    return image / image.sum()


GENERAL: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "1-D, asymmetric": (
        np.array([0.1, 0.5, 0.3, 0.07, 0.03]),
        np.convolve(gaussian(12, 3.0), np.array([0.7, 0.2, 0.1])),
    ),
    "king": (king(7, 1.0, 2.5), gaussian_image(8, 2.0)),
    "off centre": (np.roll(gaussian_image(5, 1.0), 1, axis=0), gaussian_image(8, 2.5)),
}


@pytest.mark.parametrize("name", GENERAL)
def test_general_kernels_blur_the_narrow_one_to_the_broad_one(name: str) -> None:
    narrow, extra = GENERAL[name]
    broad = scipy.signal.convolve(narrow, extra, mode="full")
    kernel = difference_kernel(broad, narrow)
    assert all(n % 2 for n in kernel.shape)
    assert np.all(kernel >= 0)
    assert_allclose(kernel.sum(), 1.0, rtol=1e-12)
    again = scipy.signal.convolve(kernel, narrow, mode="full")
    margin = tuple(slice(n // 2, -(n // 2)) for n in narrow.shape)
    assert np.abs(again[margin] - broad).sum() < 2e-3


def test_equal_kernels_differ_by_a_delta() -> None:
    kernel = king(6, 1.0, 2.0)
    assert_allclose(difference_kernel(kernel, kernel), [[1.0]])


@pytest.mark.parametrize(
    ("broad", "narrow"),
    [
        (gaussian(10, 2.0), gaussian(10, 2.5)),
        (gaussian_image(10, 2.0), np.outer(gaussian(10, 1.0), gaussian(12, 3.0))),
        (king(7, 1.0, 2.5), king(7, 1.4, 2.5)),
        (np.ones(1), gaussian(5, 1.0)),
    ],
)
def test_a_broad_kernel_that_is_narrower_is_refused(
    broad: np.ndarray, narrow: np.ndarray
) -> None:
    with pytest.raises(HifredError, match="psf of resolve must be at least as broad"):
        difference_kernel(broad, narrow, name="psf of resolve")


def test_kernels_of_other_dimensions_are_refused() -> None:
    with pytest.raises(SettingsError, match="same number of axes"):
        difference_kernel(gaussian(3, 1.0), gaussian_image(3, 1.0))


def test_a_kernel_that_cannot_be_reached_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    two_peaks = np.zeros(31)
    two_peaks[[5, 25]] = 0.5
    with caplog.at_level(logging.WARNING):
        difference_kernel(two_peaks, gaussian(5, 1.5), name="line_spread of x")
    assert "no kernel blurs the target to the line_spread of x" in caplog.text


def test_gaussians_are_recognised_and_others_are_not() -> None:
    for sigma in (0.5, 1.0, 7.0):
        found = gaussian_sigmas(gaussian(30, sigma))
        assert found is not None
        assert_allclose(found, sigma, rtol=1e-9)
    assert_allclose(gaussian_sigmas(np.array([0.0, 1.0, 0.0])), 0.0)
    assert gaussian_sigmas(king(6, 1.0, 2.0)) is None
    assert gaussian_sigmas(np.array([0.5, 0.0, 0.5])) is None
    assert gaussian_sigmas(np.roll(gaussian(10, 2.0), 1)) is None


def test_the_target_needs_no_kernel_and_the_others_their_difference() -> None:
    kernels = kernels_for(observations())
    assert kernels["epic"].psf is None
    assert kernels["resolve"].line_spread is None
    psf, spread = kernels["resolve"].psf, kernels["epic"].line_spread
    assert psf is not None
    assert spread is not None
    assert_allclose(gaussian_sigmas(psf[0]), np.sqrt(4.0 - 1.0), rtol=1e-6)
    assert_allclose(gaussian_sigmas(spread), np.sqrt(2.5**2 - 0.7**2), rtol=1e-6)


def test_as_given_drops_the_targets_kernels() -> None:
    kernels = kernels_for(observations(), "as_given")
    assert kernels["epic"].psf is None
    assert kernels["resolve"].line_spread is None
    assert_allclose(kernels["resolve"].psf, spectrometer()["psf"].values[None])
    assert_allclose(kernels["epic"].line_spread, imager()["line_spread"])


def test_intrinsic_keeps_all() -> None:
    kernels = kernels_for(observations(), "intrinsic")
    assert_allclose(kernels["epic"].psf, imager()["psf"].values[None])
    assert_allclose(kernels["resolve"].line_spread, spectrometer()["line_spread"])


def test_the_sharpest_of_two_imagers_is_the_target() -> None:
    case = {**observations(), "pn": imager(psf=gaussian_image(6, 1.5))}
    kernels = kernels_for(case)
    assert kernels["epic"].psf is None
    assert kernels["pn"].psf is not None
    assert_allclose(gaussian_sigmas(kernels["pn"].psf[0]), np.sqrt(1.25), rtol=1e-6)


def test_a_psf_of_energy_is_matched_at_its_nodes() -> None:
    nodes = {
        "psf": np.stack([gaussian_image(12, s) for s in (2.0, 3.0)]),
        "psf_energy": np.array([0.6, 0.9]),
    }
    kernels = kernels_for({"epic": imager(), "resolve": spectrometer(**nodes)})
    found = kernels["resolve"]
    assert found.psf is not None
    assert_allclose(found.psf_energy, nodes["psf_energy"])
    sigmas = [kernel_sigmas(psf)[0] for psf in found.psf]
    assert_allclose(sigmas, np.sqrt([3.0, 8.0]), rtol=1e-3)
    middle = found.psf_at(0.75)
    assert_allclose(middle, 0.5 * (found.psf[0] + found.psf[1]))


@pytest.mark.parametrize(
    "changes",
    [{"psf": None}, {"psf": gaussian_image(4, 0.8)}],
    ids=["none", "narrower"],
)
def test_a_spectrometer_sharper_than_the_imager_is_refused(
    changes: dict[str, Any],
) -> None:
    case = {"epic": imager(), "resolve": spectrometer(**changes)}
    with pytest.raises(HifredError, match="psf of resolve must be at least as broad"):
        kernels_for(case)


def test_a_matrix_is_used_as_it_is() -> None:
    matrix = {"line_spread": None, "redistribution": np.full((24, 24), 1 / 24)}
    kernels = kernels_for({"epic": imager(), "resolve": spectrometer(**matrix)})
    assert_allclose(kernels["epic"].line_spread, imager()["line_spread"])


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(SettingsError, match="did you mean 'matched'"):
        kernels_for(observations(), "match")


def test_a_second_spectrometer_leaves_the_first_its_sky() -> None:
    """Prepared at a spectrometer's resolution, the others' matrices lead from there."""
    prepared = {
        name: observation.assign_attrs(target_spectral="spectrometer")
        for name, observation in observations().items()
    }
    leader = prepared["resolve"]
    n_channels, n_energies = leader.sizes["channel"], leader.sizes["energy"]
    matrix = (("channel", "energy"), np.eye(n_channels, n_energies))
    other = leader.drop_vars("line_spread").assign(redistribution=matrix)
    kernels = kernels_for(prepared | {"other": other}, "matched")
    assert kernels["resolve"].line_spread is None
    assert kernels["other"].line_spread is None
    found = target_line_spread(prepared | {"other": other})
    assert found is not None
    assert_allclose(found, leader["line_spread"])
