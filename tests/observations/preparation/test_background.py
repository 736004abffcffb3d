from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.observations.formats.detector_channels import DetectorChannels
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.formats.ogip_writers import write_pha
from hifred.observations.formats.pha import Spectrum
from hifred.observations.geometry.pixel_grid import PixelGrid, tangent_grid
from hifred.observations.preparation.background import (
    Background,
    read_background,
)
from hifred.observations.preparation.background_images import Exposed
from hifred.observations.preparation.instrument_settings import InstrumentSettings

# Ten detector channels of 0.1 keV; the counts have two of them to a channel, from 2.2.
LOW = np.linspace(2.0, 2.9, 10)
DETECTOR = DetectorChannels(np.arange(10), LOW, LOW + 0.1)
EDGES = np.array([2.2, 2.4, 2.6, 2.8])
GRID = tangent_grid(10, -30, pixel_size_arcsec=5, shape=(4, 5))


def background(
    path: Path,
    spectrum: Spectrum | None = None,
    *,
    exposed: int = 20,
    detector: DetectorChannels = DETECTOR,
    **more: object,
) -> Background:
    """Return the background; the first `exposed` pixels were, for 100 s."""
    declared = dict(more)
    if spectrum is not None:
        write_pha(path / "b.pha", spectrum)
        declared["spectrum"] = str(path / "b.pha")
    settings = InstrumentSettings("imager", counts="a", rmf="a", background=declared)
    pixels = np.arange(20).reshape(4, 5) < exposed
    found = read_background(
        "a", settings, EDGES, detector, Exposed(GRID, 100.0, pixels)
    )
    assert found is not None
    return found


def spectrum(first: int = 0, n: int = 10, **more: object) -> Spectrum:
    return Spectrum(np.arange(first, first + n), np.full(n, 40.0), 200.0, **more)


@pytest.mark.parametrize("column", [False, True])
def test_areascal_divides_the_counts(tmp_path: Path, column: bool) -> None:
    scale = np.full(10, 4.0) if column else 4.0
    found = background(tmp_path, spectrum(area_scale=scale)).counts
    # Two channels of 40 counts, half the exposure, a quarter of the area.
    assert_allclose(found.sum(axis=(1, 2)), 2 * 40 * 0.5 / 4)
    assert_allclose(found, found[0, 0, 0])


def test_channels_of_bad_quality_are_not_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quality = np.zeros(10, int)
    quality[[0, 5]] = 5
    found = background(tmp_path, spectrum(quality=quality))
    assert_array_equal(found.known_channels, [True, False, True])
    assert_allclose(found.counts.sum(axis=(1, 2)), [40, 20, 40])
    assert "bad QUALITY in 1 channels of the counts: they are masked" in caplog.text


def test_the_quality_keyword_holds_for_all_channels(tmp_path: Path) -> None:
    found = background(tmp_path, spectrum(quality=np.full(10, 1)))
    assert not found.known_channels.any()


def test_channel_numbers_are_those_of_the_response(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match=r"the 10 channels .* 0 to 9; it has 1 to 10"):
        background(tmp_path, spectrum(first=1))
    values = np.arange(14.0)
    shifted = Spectrum(np.arange(-2, 12), values, 100.0)
    found = background(tmp_path, shifted).counts.sum(axis=(1, 2))
    assert_allclose(found, [4 + 5, 6 + 7, 8 + 9])


def test_only_exposed_pixels_get_a_share(tmp_path: Path) -> None:
    found = background(tmp_path, spectrum(), exposed=8).counts
    assert_allclose(found.sum(axis=(1, 2)), 40)
    assert_allclose(found.reshape(3, 20)[:, :8], 5)


def test_a_spectrum_of_a_larger_image_keeps_its_share(tmp_path: Path) -> None:
    """The spectrum is of the whole image; a fifth of it lies on the grid."""
    wide = tangent_grid(10, -30, pixel_size_arcsec=5, shape=(10, 10))
    write_sky_image(tmp_path / "b.fits", SkyImage(np.ones((10, 10)), wide))
    found = background(tmp_path, spectrum(), image=str(tmp_path / "b.fits")).counts
    assert_allclose(found.sum(axis=(1, 2)), 40 * 20 / 100, rtol=1e-6)


def test_a_backscal_that_is_not_used_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    background(tmp_path, spectrum(background_scale=4.0))
    assert "BACKSCAL of 4, which is not used" in caplog.text
    caplog.clear()
    background(tmp_path, spectrum(background_scale=4.0), scale=0.25)
    assert not caplog.text


def image_file(
    path: Path, values: np.ndarray, grid: PixelGrid = GRID, **more: object
) -> str:
    edges = more.pop("edges", None)
    unit = str(more.pop("unit", "count"))
    write_sky_image(path / "b.fits", SkyImage(values, grid, unit, edges, more))
    return str(path / "b.fits")


FLAT = np.full((4, 5), 3.0)


def test_an_image_is_counts_of_the_band(tmp_path: Path) -> None:
    found = background(tmp_path, image=image_file(tmp_path, FLAT))
    assert_allclose(found.counts, 1.0)
    assert found.known.all()
    none = background(tmp_path, image=image_file(tmp_path, 0 * FLAT))
    assert_allclose(none.counts, 0.0)


def test_what_an_image_does_not_know_is_masked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holes = FLAT.copy()
    holes[0] = np.nan
    found = background(tmp_path, image=image_file(tmp_path, holes))
    assert_array_equal(found.known[:, 0], [False, True, True, True])
    assert_allclose(found.counts.sum(), 3 * 15)
    assert "b.fits is undefined in 5 pixels of a: they are masked" in caplog.text


def test_the_planes_of_a_cube_are_summed_to_the_channels(tmp_path: Path) -> None:
    """Of a cube of 2 to 3 keV in 0.1 keV, the counts take 2.2 to 2.8 in 0.2."""
    values = np.arange(10.0)[:, None, None] * np.ones((4, 5))
    edges = np.linspace(2, 3, 11)
    found = background(tmp_path, image=image_file(tmp_path, values, edges=edges))
    assert_allclose(found.counts[:, 1, 1], [2 + 3, 4 + 5, 6 + 7])
    values[4, 2] = np.nan
    holes = background(tmp_path, image=image_file(tmp_path, values, edges=edges))
    assert np.argwhere(~holes.known[:, :, 0]).tolist() == [[1, 2]]
    other = image_file(tmp_path, values, edges=edges + 0.05)
    with pytest.raises(HifredError, match=r"3 from 2.2 to 2.8 keV; b.fits has 10 from"):
        background(tmp_path, image=other)


@pytest.mark.parametrize(
    ("values", "more", "message"),
    [
        (FLAT, {"unit": "count/s"}, "b.fits must be .* counts; got BUNIT 'count/s'"),
        (-FLAT, {}, "b.fits: a background must not be negative; got -3"),
        (
            FLAT,
            {"grid": tangent_grid(10, -29, pixel_size_arcsec=5, shape=(4, 5))},
            "b.fits must have counts on the instrument's pixels; .* 60 arcmin from",
        ),
    ],
)
def test_an_image_that_is_no_background_is_told(
    tmp_path: Path, values: np.ndarray, more: dict, message: str
) -> None:
    with pytest.raises(HifredError, match=message):
        background(tmp_path, image=image_file(tmp_path, values, **more))


def test_the_exposure_and_the_reach_of_an_image_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = image_file(tmp_path, FLAT, EXPOSURE=1e4)
    background(tmp_path, image=path)
    assert "EXPOSURE of 10000 s where the counts have 100 s" in caplog.text
    assert "background.scale = 0.01" in caplog.text
    caplog.clear()
    background(tmp_path, image=path, scale=0.01)
    assert not caplog.text
    small = tangent_grid(10, -30, pixel_size_arcsec=5, shape=(2, 1))
    background(tmp_path, image=image_file(tmp_path, np.ones((2, 1)), small))
    assert "b.fits does not reach 18 of the 20 pixels of a" in caplog.text


def test_a_spectrum_of_other_channels_is_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match=r"b.pha must .* CHANTYPE PHA; got PI"):
        background(tmp_path, spectrum(), detector=replace(DETECTOR, kind="PHA"))
