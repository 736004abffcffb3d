"""The forward model: adjoints, photons, and the published operators."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import SchemaError
from hifred.observations import (
    build_observation,
    build_responses,
    build_sky_grid,
)
from hifred.operators.matrix import Diagonal, Identity
from tests.laws import assert_adjoint
from tests.observations.cases import (
    ENERGY_EDGES,
    gaussian_image,
    imager,
    observations,
    spectrometer,
)


def redistribution() -> np.ndarray:
    """Return (4 channels, 24 energies), wider at higher energies, losing 10 %."""
    edges = np.linspace(-0.5, 23.5, 5)
    middle, width = np.arange(24), np.linspace(1.0, 3.0, 24)
    reached = scipy.stats.norm.cdf((edges[:, None] - middle) / width)
    return 0.9 * np.diff(reached, axis=0)


def per_energy_vignetting() -> np.ndarray:
    y, x = np.mgrid[:6, :9]
    radius = np.hypot(y - 2.5, x - 4.0) / 5.0
    return 1 - 0.3 * radius**2 * np.linspace(0.5, 1.5, 24)[:, None, None]


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "no_kernels": {"psf": None, "line_spread": None},
    "redistribution": {"line_spread": None, "redistribution": redistribution()},
    "sparse_redistribution": {
        "line_spread": None,
        "redistribution": scipy.sparse.csr_array(redistribution()),
    },
    "vignetting": {"vignetting": np.linspace(0.4, 1.0, 54).reshape(6, 9)},
    "energy_vignetting": {"vignetting": per_energy_vignetting()},
    "psf_of_energy": {
        "psf": np.stack([gaussian_image(4, s) for s in (1.0, 1.2, 1.4)]),
        "psf_energy": np.array([0.5, 0.7, 0.9]),
    },
    "spatial_matrix": {
        "psf": None,
        "spatial_matrix": scipy.sparse.random_array((54, 54), density=0.1, rng=1),
        "y_sky": imager()["y"].values,
        "x_sky": imager()["x"].values,
    },
    "masked": {"mask": np.eye(6, 9) == 0},
    "general_psf": {
        "psf": np.random.default_rng(4).dirichlet(np.ones(35)).reshape(5, 7)
    },
}
MATRICES = ("redistribution", "sparse_redistribution")


@pytest.mark.parametrize("boundary", ["zero", "reflect"])
@pytest.mark.parametrize("margin", [0, 2])
@pytest.mark.parametrize("target", ["intrinsic", "as_given"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_response_has_its_exact_adjoint(
    variant: str, target: str, margin: int, boundary: str
) -> None:
    sky_margin = 0 if variant == "spatial_matrix" else margin
    energy_margin = 0 if variant in MATRICES else margin + 1
    case = {"epic": imager(**VARIANTS[variant]), "resolve": spectrometer()}
    sky = build_sky_grid(case, sky_margin, energy_margin)
    responses = build_responses(case, sky, target_resolution=target, boundary=boundary)
    for name, response in responses.items():
        assert response.input_shape == sky.shape
        assert response.output_shape == case[name]["counts"].shape
        assert_adjoint(response, np.random.default_rng(7))


def apply_one(observation: xr.Dataset, flux: np.ndarray, **options: Any) -> np.ndarray:
    """Return the expected counts of a single observation for a flux cube."""
    case = {"one": observation}
    sky = build_sky_grid(case)
    scaled = flux * sky.reference_exposure[:, None, None]
    return build_responses(case, sky, **options)["one"].apply(scaled)


def test_photons_are_kept() -> None:
    """All that the area lets through is counted, far from every edge."""
    flux = np.zeros((24, 6, 9))
    flux[11:13, 3, 4] = 2.0
    observation = imager(
        psf=gaussian_image(1, 0.5), effective_area=np.linspace(1, 2, 24)
    )
    counts = apply_one(observation, flux, target_resolution="intrinsic")
    area = observation["effective_area"].values[11:13]
    assert_allclose(counts.sum(), 2.0 * 1000.0 * area.sum(), rtol=1e-12)


def test_flux_times_area_times_time_is_counted_where_nothing_blurs() -> None:
    observation = spectrometer(psf=None, line_spread=None)
    flux = np.random.default_rng(3).random((24, 6, 9))
    counts = apply_one(observation, flux)
    summed = flux.reshape(24, 2, 3, 3, 3).sum(axis=(2, 4))
    area = observation["effective_area"].values[:, None, None]
    assert_allclose(counts, 5000.0 * area * summed, rtol=1e-12)


def test_redistribution_acts_after_the_area() -> None:
    matrix = redistribution()
    observation = imager(psf=None, line_spread=None, redistribution=matrix)
    flux = np.random.default_rng(3).random((24, 6, 9))
    area = observation["effective_area"].values[:, None, None]
    expected = np.tensordot(matrix, 1000.0 * area * flux, axes=1)
    assert_allclose(apply_one(observation, flux), expected, rtol=1e-12)


def test_dense_and_sparse_redistributions_agree() -> None:
    flux = np.random.default_rng(3).random((24, 6, 9))
    dense, sparse = (apply_one(imager(**VARIANTS[name]), flux) for name in MATRICES)
    assert_allclose(sparse, dense, rtol=1e-12)


def test_vignetting_weights_the_sky() -> None:
    vignetting = per_energy_vignetting()
    flux = np.random.default_rng(3).random((24, 6, 9))
    plain = apply_one(imager(), vignetting * flux, target_resolution="intrinsic")
    found = apply_one(
        imager(vignetting=vignetting), flux, target_resolution="intrinsic"
    )
    assert_allclose(found, plain, rtol=1e-8)


def test_a_psf_of_energy_is_interpolated() -> None:
    observation = imager(
        **VARIANTS["psf_of_energy"],
        line_spread=None,
        channel_edges=ENERGY_EDGES,
        counts=np.ones((24, 6, 9), int),
    )
    flux = np.zeros((24, 6, 9))
    flux[:, 3, 4] = 1.0
    counts = apply_one(observation, flux, target_resolution="intrinsic")
    share = counts[:, 3, 4] / (1000.0 * observation["effective_area"].values)
    peaks = VARIANTS["psf_of_energy"]["psf"][:, 4, 4]
    expected = np.interp(observation["energy"].values, [0.5, 0.7, 0.9], peaks)
    assert_allclose(share, expected, rtol=1e-12)


def test_a_spatial_matrix_is_used_as_it_is() -> None:
    observation = imager(**VARIANTS["spatial_matrix"])
    case = {"epic": observation}
    response = build_responses(case, build_sky_grid(case))["epic"]
    expected = VARIANTS["spatial_matrix"]["spatial_matrix"].toarray()
    assert_allclose(response.pairs[0][1].to_dense(), expected)


def test_masks_do_not_enter_the_operator() -> None:
    flux = np.random.default_rng(3).random((24, 6, 9))
    masked = apply_one(imager(**VARIANTS["masked"]), flux)
    assert_allclose(masked, apply_one(imager(), flux), rtol=0)


def test_matched_responses_have_no_blur_where_the_target_is_set() -> None:
    case = observations()
    responses = build_responses(case, build_sky_grid(case))
    assert isinstance(responses["epic"].pairs[0][1], Identity)
    spectral = responses["resolve"].pairs[0][0]
    assert isinstance(spectral, Diagonal)


def test_order_of_the_observations_does_not_matter() -> None:
    case = observations()
    turned = dict(reversed(case.items()))
    first = build_responses(case, build_sky_grid(case))
    second = build_responses(turned, build_sky_grid(turned))
    flux = np.random.default_rng(3).random((24, 6, 9))
    for name in case:
        assert_allclose(first[name].apply(flux), second[name].apply(flux), rtol=1e-14)


def test_a_margin_lets_flux_leak_in_and_changes_nothing_else() -> None:
    case = observations()
    bare, wide = build_sky_grid(case), build_sky_grid(case, 3, 4)
    assert wide.shape == (32, 12, 15)
    flux = np.random.default_rng(3).random(wide.shape)
    inside = flux.copy()
    inside[:4] = inside[-4:] = 0
    inside[:, :3] = inside[:, -3:] = inside[:, :, :3] = inside[:, :, -3:] = 0
    for name in case:
        one = build_responses(case, bare, target_resolution="intrinsic")[name]
        two = build_responses(case, wide, target_resolution="intrinsic")[name]
        core = inside[4:-4, 3:-3, 3:-3] * bare.reference_exposure[:, None, None]
        scaled = wide.reference_exposure[:, None, None]
        assert_allclose(two.apply(inside * scaled), one.apply(core), rtol=1e-12)
        assert two.apply(flux * scaled).sum() > one.apply(core).sum()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixel_size_arcsec": 27.0}, "must be a whole multiple of the sky pixels"),
        ({"y": np.array([-10.0, 20.0])}, "pixels of resolve must be aligned"),
    ],
)
def test_pixels_that_do_not_fit_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    case = {"epic": imager(), "resolve": spectrometer(**changes)}
    with pytest.raises(SchemaError, match=message):
        build_responses(case, build_sky_grid(case))


def reference_case(arrays: Any) -> dict[str, xr.Dataset]:
    """Return the observations of a published operator, in its conventions."""
    n_energies, n_channels = len(arrays["Y"]), len(arrays["X"])
    edges = 0.5 + 0.001 * np.arange(n_energies + 1)
    ratio = arrays["X"].shape[1] // arrays["Y"].shape[1]
    common = {"energy_edges": edges, "exposure_time": 1.0, "sky_pixel_size_arcsec": 1.0}
    spread, psf = arrays["kernel1D_X"], arrays["kernel2D_Y"]
    return {
        "imager": build_observation(
            **common,
            instrument="imager",
            role="imager",
            counts=arrays["X"],
            channel_edges=edges[:: n_energies // n_channels],
            effective_area=arrays.get("ARF_X", 1.0),
            pixel_size_arcsec=1.0,
            line_spread=spread / spread.sum(),
        ),
        "spectrometer": build_observation(
            **common,
            instrument="spectrometer",
            role="spectrometer",
            counts=arrays["Y"],
            effective_area=arrays.get("ARF_Y", 1.0),
            pixel_size_arcsec=float(ratio),
            psf=psf / psf.sum(),
        ),
    }


@pytest.mark.parametrize("name", ["rebinned", "same_grid"])
def test_forward_agrees_with_the_published_operators(
    shared_data: Path, name: str
) -> None:
    arrays = np.load(
        shared_data / "reference_operators" / f"{name}.npz", allow_pickle=False
    )
    case = reference_case(arrays)
    reference = arrays.get("ARF_Z", np.ones(len(arrays["Z"])))
    sky = build_sky_grid(case, reference_exposure=reference)
    responses = build_responses(
        case, sky, target_resolution="as_given", boundary="reflect"
    )
    models = {key: responses[key].apply(arrays["Z"]) for key in case}
    assert_allclose(models["imager"], arrays["Z_X"], rtol=1e-10)
    assert_allclose(models["spectrometer"], arrays["Z_Y"], rtol=1e-10)
    likelihood = sum(
        np.sum(model - case[key]["counts"].values * np.log(model))
        for key, model in models.items()
    )
    assert_allclose(likelihood, arrays["neg_log_likelihood"], rtol=1e-10)
