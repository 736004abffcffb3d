import numpy as np
import pytest
import xarray as xr
from astropy import units
from astropy.wcs import WCS
from numpy.testing import assert_allclose
from spectral_cube import SpectralCube

from hifred.errors import HifredError
from hifred.products import band_ratio, moment_map


def made_up_cube(seed: int = 3) -> xr.DataArray:
    energy = 0.6005 + 0.001 * np.arange(40)
    flux = np.random.default_rng(seed).gamma(2.0, size=(40, 5, 7))
    return xr.DataArray(
        flux,
        {"energy": energy, "y": np.arange(5.0), "x": np.arange(7.0)},
        ("energy", "y", "x"),
    )


@pytest.mark.parametrize("order", [0, 1, 2])
def test_moments_are_those_of_spectral_cube(order) -> None:
    cube = made_up_cube()
    # It takes moments along frequencies only: 1 keV stands as 1 GHz.
    wcs = WCS(naxis=3)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN", "FREQ"]
    wcs.wcs.cunit = ["deg", "deg", "Hz"]
    wcs.wcs.cdelt = [-0.01, 0.01, 1e6]
    wcs.wcs.crval = [10.0, 20.0, 0.6005e9]
    wcs.wcs.crpix = [3, 3, 1]
    theirs = SpectralCube(cube.to_numpy() * units.Jy, wcs).with_spectral_unit("GHz")
    slab = theirs.spectral_slab(0.6055 * units.GHz, 0.6295 * units.GHz)
    expected = slab.moment(order=order).value
    if order == 0:
        expected = expected / 0.001  # an integral over the bins, not a sum
    found = moment_map(cube, (0.605, 0.630), order)
    assert_allclose(found, expected, rtol=1e-6)


def test_moments_have_units_and_places() -> None:
    cube = made_up_cube()
    units_found = [
        moment_map(cube, (0.6, 0.64), order).attrs["units"] for order in (0, 1, 2)
    ]
    assert units_found == ["photon cm-2 s-1", "keV", "keV2"]
    assert moment_map(cube, (0.6, 0.64)).coords["x"].equals(cube["x"])


def test_a_dark_pixel_has_no_centroid() -> None:
    cube = made_up_cube()
    cube[:, 2, 3] = 0.0
    assert moment_map(cube, (0.6, 0.64), 0)[2, 3] == 0.0
    assert np.isnan(moment_map(cube, (0.6, 0.64), 1)[2, 3])
    assert np.isnan(band_ratio(cube, (0.6, 0.62), (0.62, 0.64))[2, 3])


def test_a_ratio_is_that_of_the_sums() -> None:
    cube = made_up_cube().transpose("y", "energy", "x")
    found = band_ratio(cube, (0.62, 0.64), (0.6, 0.62))
    values = cube.transpose("energy", "y", "x").to_numpy()
    assert_allclose(found, values[20:].sum(axis=0) / values[:20].sum(axis=0))
    assert found.attrs["units"] == "1"


def test_a_band_outside_the_cube_is_told() -> None:
    with pytest.raises(HifredError, match=r"0\.6005 to 0\.6395 keV; got 1 to 2 keV"):
        moment_map(made_up_cube(), (1.0, 2.0))


def test_another_order_is_told() -> None:
    with pytest.raises(HifredError, match="order must be 0, 1 or 2; got 3"):
        moment_map(made_up_cube(), (0.6, 0.64), 3)  # type: ignore[arg-type]
