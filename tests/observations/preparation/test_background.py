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
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.observations.preparation.background import (
    Background,
    Exposed,
    read_background,
)
from hifred.observations.preparation.instrument_settings import InstrumentSettings

# Ten detector channels of 0.1 keV; the counts have two of them to a channel, from 2.2.
LOW = np.linspace(2.0, 2.9, 10)
DETECTOR = DetectorChannels(np.arange(10), LOW, LOW + 0.1)
EDGES = np.array([2.2, 2.4, 2.6, 2.8])
GRID = tangent_grid(10, -30, pixel_size_arcsec=5, shape=(4, 5))


def background(
    path: Path, spectrum: Spectrum | None = None, *, exposed: int = 20, **more: object
) -> Background:
    """Return the background; the first `exposed` pixels were, for 100 s."""
    declared = dict(more)
    if spectrum is not None:
        write_pha(path / "b.pha", spectrum)
        declared["spectrum"] = str(path / "b.pha")
    settings = InstrumentSettings("imager", counts="a", rmf="a", background=declared)
    pixels = np.arange(20).reshape(4, 5) < exposed
    found = read_background(
        "a", settings, EDGES, DETECTOR, Exposed(GRID, 100.0, pixels)
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
