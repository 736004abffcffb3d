"""Observations: labelled as documented, and impossible ones refused."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import SchemaError
from hifred.observations import (
    background_of,
    check_observation,
    mask_of,
    redistribution_of,
    spatial_matrix_of,
)
from hifred.observations.observation import DESCRIPTIONS
from tests.observations.cases import ENERGY_EDGES, gaussian_image, imager, spectrometer


def test_every_variable_has_dims_units_and_a_long_name() -> None:
    observation = imager(background=1.0, mask=np.ones((6, 9), bool))
    assert observation["counts"].dims == ("channel", "y", "x")
    assert observation["psf"].dims == ("psf_y", "psf_x")
    assert observation["line_spread"].dims == ("energy_offset",)
    assert observation["effective_area"].dims == ("energy",)
    for name in observation.variables:
        attrs = observation[name].attrs
        assert (attrs["units"], attrs["long_name"]) == DESCRIPTIONS[str(name)]
    assert observation["energy_edges"].attrs["units"] == "keV"
    assert observation["y"].attrs["units"] == "arcsec"


def test_fields_are_centred_by_default() -> None:
    assert_allclose(imager()["y"], [-25, -15, -5, 5, 15, 25])
    assert_allclose(spectrometer()["x"], [-30, 0, 30])


def test_whole_counts_become_integers() -> None:
    counts = np.full((4, 6, 9), 3.0)
    assert imager(counts=counts)["counts"].dtype.kind == "i"


def test_one_value_or_image_fills_the_cube() -> None:
    mask = np.eye(6, 9) == 0
    observation = imager(background=0.25, mask=mask)
    assert_array_equal(background_of(observation), np.full((4, 6, 9), 0.25))
    assert_array_equal(mask_of(observation)[2], mask)


def test_what_is_not_given_is_nothing() -> None:
    observation = imager()
    assert not background_of(observation).any()
    assert mask_of(observation).all()
    assert redistribution_of(observation) is None
    assert spatial_matrix_of(observation) is None


def test_a_sparse_redistribution_stays_sparse() -> None:
    matrix = scipy.sparse.csr_array(np.kron(np.eye(4), np.full((1, 6), 0.5)))
    found = redistribution_of(imager(line_spread=None, redistribution=matrix))
    assert isinstance(found, scipy.sparse.csr_array)
    assert_array_equal(found.toarray(), matrix.toarray())


def changed_counts(value: float) -> np.ndarray:
    counts = np.ones((4, 6, 9))
    counts[1, 2, 3] = value
    return counts


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"counts": changed_counts(-1)}, r"counts must be finite and not negative; got -1"),
    ({"counts": changed_counts(np.nan)}, r"not negative; got nan at \(1, 2, 3\)"),
    ({"counts": changed_counts(0.5)}, r"counts must be whole numbers; got 0\.5"),
    ({"counts": np.ones((6, 9))}, r"counts must have dims \(channel, y, x\)"),
    ({"counts": np.ones((5, 6, 9))}, "one entry more than there are bins; got 5 edges"),
    ({"counts": np.ones((0, 6, 9))}, "none of them empty"),
    ({"role": "telescope"}, "role must be imager or spectrometer"),
    ({"exposure_time": 0.0}, "exposure_time must be above 0"),
    ({"exposure_time": np.inf}, "exposure_time must be finite"),
    ({"effective_area": np.ones(23)}, "arrays of one observation must agree in shape"),
    ({"effective_area": -1.0}, "effective_area must be finite and not negative"),
    ({"pixel_size_arcsec": -10.0}, "pixel_size_arcsec must be above 0"),
    ({"background": np.full((4, 6, 9), -0.1)}, "background must be finite"),
    ({"background": np.ones((4, 6, 8))}, "must agree in shape"),
    ({"mask": np.ones((4, 6, 9))}, "mask must be bool"),
    ({"expected_counts": np.full((4, 6, 9), np.nan)}, "expected_counts must be finite"),
    ({"energy_edges": ENERGY_EDGES[::-1]}, "energy_edges must be finite and increase"),
    ({"energy_edges": ENERGY_EDGES - 0.6}, "energy_edges must be above 0 keV"),
    ({"channel_edges": [0.4, 0.5, 0.6, 0.7, 0.8]}, "must lie within energy_edges"),
    ({"y": np.arange(6) * 9.0}, "y must increase in steps of the pixel size"),
    ({"y": -10.0 * np.arange(6)}, "y must increase in steps of the pixel size"),
    ({"psf": np.ones((4, 5)) / 20}, "psf must have odd side lengths"),
    ({"psf": gaussian_image(4, 1.0) * 0.9}, r"psf must sum to 1; got 0\.9"),
    ({"psf": -gaussian_image(4, 1.0)}, "psf must be finite and not negative"),
    ({"psf": np.ones(5) / 5}, r"psf must have dims \(psf_energy, psf_y, psf_x\)"),
    ({"psf": gaussian_image(4, 1.0)[None]}, "psf_energy must be given with a PSF"),
    ({"psf_energy": np.array([0.6])}, "psf_energy must be given with a PSF"),
    ({"line_spread": np.ones(4) / 4}, "line_spread must be 1-D with an odd length"),
    ({"line_spread": np.ones(5)}, "line_spread must sum to 1; got 5"),
    (
        {"energy_edges": np.geomspace(0.5, 0.98, 25)},
        "energy_edges must be evenly spaced where a line_spread",
    ),
    (
        {"redistribution": np.zeros((4, 24))},
        "give line_spread or redistribution, not both",
    ),
    (
        {"line_spread": None, "redistribution": np.full((4, 24), 0.5)},
        "redistribution must hold probabilities",
    ),
    (
        {"line_spread": None, "redistribution": np.zeros((24, 4))},
        "must agree in shape",
    ),
    (
        {"spatial_matrix": scipy.sparse.eye_array(54)},
        "give psf or spatial_matrix, not both",
    ),
    (
        {"psf": None, "spatial_matrix": scipy.sparse.eye_array(50)},
        "spatial must be a matrix of shape",
    ),
    ({"vignetting": np.full((6, 9), 1.5)}, "vignetting must be between 0 and 1"),
]


@pytest.mark.parametrize(
    ("changes", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED]
)
def test_impossible_values_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        imager(**changes)


def test_what_is_no_observation_is_refused() -> None:
    with pytest.raises(SchemaError, match="must have schema 'hifred-observation'"):
        check_observation(xr.Dataset())
    newer = imager().assign_attrs(schema_version=2)
    with pytest.raises(SchemaError, match="version 2"):
        check_observation(newer)
    with pytest.raises(SchemaError, match="must have effective_area"):
        check_observation(imager().drop_vars("effective_area"))
    turned = imager().transpose("channel", "x", "y", ...)
    with pytest.raises(SchemaError, match="in this order"):
        check_observation(turned)
