from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose
from scipy.special import erf

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.observations.matching.kernels import kernel_sigmas
from hifred.observations.preparation.psf import (
    PsfSettings,
    build_psf,
    build_psfs,
)
from hifred.observations.preparation.psf_images import regrid_psf


def check_convention(psf: np.ndarray) -> None:
    assert psf.sum() == pytest.approx(1)
    assert psf.shape[0] % 2 == psf.shape[1] % 2 == 1
    for axis in (0, 1):
        half = psf.shape[axis] // 2
        along = psf.sum(axis=1 - axis)
        assert along @ (np.arange(len(along)) - half) == pytest.approx(0, abs=1e-9)


def test_a_gaussian_is_integrated_over_pixels() -> None:
    psf = build_psf(PsfSettings(gaussian_sigma_arcsec=6.0), 4.0)
    check_convention(psf)
    edges = (np.arange(psf.shape[0] + 1) - psf.shape[0] / 2) * 4 / 6 / np.sqrt(2)
    along = np.diff(erf(edges))
    assert_allclose(psf.sum(axis=0), along / along.sum(), atol=2e-4)


def test_full_width_and_sigma_agree() -> None:
    one = build_psf(PsfSettings(gaussian_sigma_arcsec=6.0), 4.0)
    other = build_psf(PsfSettings(gaussian_fwhm_arcsec=6 * 2.3548200450309493), 4.0)
    assert_allclose(one, other, rtol=1e-9)


def test_a_king_profile_holds_the_flux_it_should() -> None:
    settings = PsfSettings(king_core_arcsec=5, king_slope=1.5, radius_arcsec=150)
    psf = build_psf(settings, 1.0)
    check_convention(psf)
    y, x = np.indices(psf.shape) - psf.shape[0] // 2
    inside = np.hypot(y, x) < 20

    def enclosed(r: float) -> float:
        return 1 - (1 + (r / 5) ** 2) ** -0.5

    # The square of half side 150 holds more than the circle of that radius.
    assert psf[inside].sum() == pytest.approx(enclosed(20) / enclosed(165), rel=0.01)


def test_a_profile_is_read_from_a_table(tmp_path: Path) -> None:
    radius = np.arange(0, 40, 0.25)
    columns = [
        fits.Column("R", "E", unit="arcsec", array=radius),
        fits.Column("PSF", "E", array=np.exp(-0.5 * (radius / 6) ** 2)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="PSF")
    table.writeto(tmp_path / "psf.fits")
    settings = PsfSettings(profile=str(tmp_path / "psf.fits"), radius_arcsec=27)
    expected = build_psf(PsfSettings(gaussian_sigma_arcsec=6.0, radius_arcsec=27), 4.0)
    assert_allclose(build_psf(settings, 4.0), expected, atol=1e-4)


@pytest.mark.parametrize("with_wcs", [True, False])
def test_an_image_is_regridded_and_centred(tmp_path: Path, with_wcs: bool) -> None:
    fine = build_psf(PsfSettings(gaussian_sigma_arcsec=6.0, radius_arcsec=25), 1.0)
    shifted = np.pad(fine, ((3, 0), (0, 8)))
    hdu = fits.PrimaryHDU(shifted)
    if with_wcs:
        grid = tangent_grid(0, 0, pixel_size_arcsec=1, shape=shifted.shape)
        hdu.header.update(grid.wcs.to_header())
    else:
        hdu.header.update(CDELT1=1.0, CUNIT1="arcsec")
    hdu.writeto(tmp_path / "psf.fits")
    settings = PsfSettings(image=str(tmp_path / "psf.fits"), radius_arcsec=24)
    psf = build_psf(settings, 4.0)
    check_convention(psf)
    expected = build_psf(PsfSettings(gaussian_sigma_arcsec=6.0, radius_arcsec=24), 4.0)
    # Pixels of 1 arcsec widen it a little.
    assert_allclose(psf, expected, atol=6e-4)


def test_an_image_without_a_pixel_size_is_told(tmp_path: Path) -> None:
    fits.PrimaryHDU(np.ones((5, 5))).writeto(tmp_path / "psf.fits")
    with pytest.raises(HifredError, match="must tell its pixel size"):
        build_psf(PsfSettings(image=str(tmp_path / "psf.fits")), 4.0)


def test_psfs_of_several_energies_are_stacked_in_order() -> None:
    several = [
        PsfSettings(gaussian_sigma_arcsec=8, energy_kev=6.0),
        PsfSettings(gaussian_sigma_arcsec=5, energy_kev=1.0),
    ]
    psfs, energies = build_psfs(several, 4.0)
    assert_allclose(energies, [1, 6])
    for psf in psfs:
        check_convention(psf)
    assert np.all(kernel_sigmas(psfs[0]) < kernel_sigmas(psfs[1]))
    with pytest.raises(HifredError, match="must have energy_kev"):
        build_psfs([PsfSettings(gaussian_sigma_arcsec=5)], 4.0)


def test_regridding_keeps_the_width() -> None:
    fine = build_psf(PsfSettings(gaussian_sigma_arcsec=10.0), 1.0)
    coarse = regrid_psf(fine, 1.0, 3.3)
    assert_allclose(3.3 * kernel_sigmas(coarse), 10, rtol=0.02)


@pytest.mark.parametrize(
    "settings",
    [
        PsfSettings(),
        PsfSettings(king_core_arcsec=5),
        PsfSettings(gaussian_sigma_arcsec=5, image="a.fits"),
    ],
)
def test_a_psf_has_one_description(settings: PsfSettings) -> None:
    with pytest.raises(HifredError, match="a psf must have one description"):
        build_psf(settings, 4.0)


@pytest.mark.parametrize(
    "settings",
    [
        PsfSettings(gaussian_sigma_arcsec=1e6),
        PsfSettings(king_core_arcsec=5, king_slope=1.5, radius_arcsec=1e5),
    ],
)
def test_a_giant_psf_is_told_before_it_is_made(settings: PsfSettings) -> None:
    with pytest.raises(HifredError, match=r"at most 801 sky pixels .* Check its unit"):
        build_psf(settings, 4.0)
