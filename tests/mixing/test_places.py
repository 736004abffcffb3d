"""Instruments that bring a matrix: their pixels are where their WCS says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.mixing import light_from_elsewhere, mixing
from hifred.observations import FusionInput
from hifred.observations.geometry.overlap import spatial_matrix
from hifred.observations.geometry.pixel_grid import PixelGrid, tangent_grid
from hifred.regions import fused_field, parse_regions
from tests.mixing.scene import (
    FACTOR,
    PIXEL,
    REGIONS,
    SKY,
    make_input,
    make_result,
    psfs,
)

SKY_GRID = tangent_grid(83.6, 22.0, pixel_size_arcsec=PIXEL, shape=SKY)
COARSE = (SKY[0] // FACTOR, SKY[1] // FACTOR)


def detector(roll_deg: float) -> PixelGrid:
    return tangent_grid(83.6, 22.0, pixel_size_arcsec=PIXEL * FACTOR, shape=COARSE,
                        roll_deg=roll_deg)  # fmt: skip


def with_matrix(roll_deg: float, *, has_wcs: bool = True) -> FusionInput:
    grid = detector(roll_deg)
    y, x = SKY_GRID.offsets
    ready = make_input(
        psf=None, psf_energy=None, vignetting=None, y_sky=y, x_sky=x,
        spatial_matrix=spatial_matrix(grid, SKY_GRID, psfs()[1]),
        wcs=grid.header_text if has_wcs else None,
    )  # fmt: skip
    return FusionInput(ready.observations, attrs={"sky_wcs": SKY_GRID.header_text})


def test_a_matrix_mixes_as_the_psf_that_it_was_made_from() -> None:
    result = make_result()
    regions = parse_regions(REGIONS, fused_field(result))
    plain = make_input(psf=psfs()[1], psf_energy=None, vignetting=None)
    expected = mixing(result, plain, regions)
    found = mixing(result, with_matrix(0.0), regions)
    assert_array_equal(found.groups.labels, expected.groups.labels)
    assert_allclose(found.data["share"], expected.data["share"], atol=1e-6)
    assert_allclose(
        light_from_elsewhere(with_matrix(0.0))["elsewhere"],
        light_from_elsewhere(plain)["elsewhere"],
        atol=1e-5,
    )


def test_a_detector_that_is_turned_has_the_pixels_of_its_own_place() -> None:
    result = make_result()
    ready = with_matrix(90.0)
    regions = parse_regions(REGIONS, fused_field(result, ready))
    found = mixing(result, ready, regions)
    middle = SKY_GRID.sky_of(3.0, 4.0)  # of the circle of the region "knot"
    row, column = (round(float(at)) for at in detector(90.0).pixel_of(middle))
    assert found.groups.labels[row, column] == 0
    assert_allclose(found.data["share"].sum("group") + found.data["lost"], 1)


def test_regions_on_pixels_of_no_known_place_are_refused() -> None:
    result, ready = make_result(), with_matrix(0.0, has_wcs=False)
    regions = parse_regions(REGIONS, fused_field(result))
    with pytest.raises(HifredError, match="must have a place on the sky"):
        mixing(result, ready, regions)
    found = mixing(result, ready, regions, is_by_pixel=True)
    assert len(found.groups.names) == np.prod(COARSE)
