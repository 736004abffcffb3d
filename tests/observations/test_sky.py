"""The sky covers every field; its scale is positive."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose

from hifred.errors import SchemaError
from hifred.observations import build_sky_grid
from tests.observations.cases import ENERGY_EDGES, imager, observations, spectrometer


def test_the_sky_is_the_field_on_sky_pixels() -> None:
    sky = build_sky_grid(observations())
    assert sky.shape == (24, 6, 9)
    assert_allclose(sky.y, imager()["y"])
    assert_allclose(sky.energy_edges, ENERGY_EDGES)
    assert_allclose(sky.energy, imager()["energy"])


def test_a_larger_field_makes_a_larger_sky() -> None:
    large = imager(counts=np.ones((4, 10, 9), int))
    assert build_sky_grid({"epic": large, "resolve": spectrometer()}).shape[1:] == (
        10,
        9,
    )


def test_reference_exposure_is_the_mean() -> None:
    case = observations()
    sky = build_sky_grid(case)
    expected = 0.5 * (
        1000.0 * case["epic"]["effective_area"]
        + 5000.0 * case["resolve"]["effective_area"]
    )
    assert_allclose(sky.reference_exposure, expected)


def test_reference_exposure_is_positive_where_there_is_no_area() -> None:
    area = np.linspace(0.0, 1.0, 24)
    sky = build_sky_grid({"epic": imager(effective_area=area)})
    assert_allclose(sky.reference_exposure[0], 1e-6 * sky.reference_exposure.max())
    assert np.all(sky.reference_exposure > 0)


def test_reference_exposure_can_be_given() -> None:
    given = np.linspace(1.0, 2.0, 24)
    sky = build_sky_grid(observations(), reference_exposure=given)
    assert_allclose(sky.reference_exposure, given)
    with pytest.raises(SchemaError, match="reference_exposure must be above 0"):
        build_sky_grid(observations(), reference_exposure=given - 1.0)


def test_margins_extend_pixels_and_energies_evenly() -> None:
    sky = build_sky_grid(observations(), 2, 3)
    assert sky.shape == (30, 10, 13)
    assert_allclose(np.diff(sky.y), 10.0)
    assert_allclose(np.diff(sky.energy_edges), ENERGY_EDGES[1] - ENERGY_EDGES[0])
    assert_allclose(sky.energy_edges[3:-3], ENERGY_EDGES)
    assert_allclose(sky.reference_exposure[0], sky.reference_exposure[3])


SHIFTED = ENERGY_EDGES + 0.01
MATRIX = {
    "psf": None,
    "spatial_matrix": scipy.sparse.eye_array(54).tocsr(),
    "y_sky": imager()["y"].values,
    "x_sky": imager()["x"].values,
}


@pytest.mark.parametrize(
    ("changes", "margins", "message"),
    [
        ({"energy_edges": SHIFTED, "channel_edges": SHIFTED[::6]}, (0, 0),
         "must share one grid of true energies"),
        ({"sky_pixel_size_arcsec": 5.0}, (0, 0), "sky_pixel_size_arcsec must be the"),
        ({}, (-1, 0), "margin_pixels must not be negative"),
        ({}, (0, -1), "margin_channels must not be negative"),
        ({}, (0, 30), "margin_channels must leave energies above 0"),
        ({"line_spread": None, "redistribution": np.full((4, 24), 0.2)}, (0, 1),
         "margin_channels must be 0 where a redistribution"),
        (MATRIX, (1, 0), "margin_pixels must be 0 where a spatial matrix"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    changes: dict[str, Any], margins: tuple[int, int], message: str
) -> None:
    case = {"epic": imager(**changes), "resolve": spectrometer()}
    with pytest.raises(SchemaError, match=message):
        build_sky_grid(case, *margins)


def test_no_observation_is_refused() -> None:
    with pytest.raises(SchemaError, match="at least one observation"):
        build_sky_grid({})


def test_spatial_matrices_must_share_a_sky() -> None:
    other = {**MATRIX, "y_sky": MATRIX["y_sky"] + 10.0}
    case = {"one": imager(**MATRIX), "two": imager(**other)}
    with pytest.raises(SchemaError, match="must share one sky grid"):
        build_sky_grid(case)
