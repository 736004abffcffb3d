"""Starting near an earlier result: the same minimum, or a refusal that says why."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.fusion import Fusion, FusionSettings, fuse
from hifred.fusion.warm_start import SHARE_OF_DEFAULT, lifted_cube, lifted_images
from tests.scenes import observe, sky_cube

CUBE = sky_cube((16, 9, 12))
# The regulariser with the mu of the earlier fusion and of the one that starts there.
PATHS = [
    ("none", None, None),
    ("low_rank", None, None),
    ("lrs", 0.1, 0.01),
    ("lrs", 0.001, 0.1),
    ("lrw2d", 2.0, 1.0),
    ("w2d1d", 2.0, 1.0),
    ("w2d1d", 1.0, "varying"),
]


@pytest.fixture(scope="module")
def observations() -> dict[str, xr.Dataset]:
    return observe(CUBE, rng=np.random.default_rng(3))


@pytest.fixture(scope="module")
def earlier(observations) -> xr.Dataset:
    return fuse(observations, settings_of("lrs", 0.1))


def settings_of(regularizer: str, mu, **changes) -> FusionSettings:
    table = {"regularizer": regularizer, "mu": mu, "rank": 3, "energy_scales": 2}
    return FusionSettings.read(table | changes)


def last_cost(result: xr.Dataset) -> float:
    return float(result["cost"][-1, 0])


@pytest.mark.parametrize(("regularizer", "first", "second"), PATHS)
def test_a_warm_start_finds_the_minimum_of_a_cold_one(
    regularizer, first, second, observations
):
    before = fuse(observations, settings_of(regularizer, first))
    settings = settings_of(regularizer, second)
    cold = fuse(observations, settings)
    warm = fuse(observations, settings, initial=before)
    assert warm.attrs["outcome"] == "converged"
    # Both lie above the minimum by at most their certificate, a share of the cost.
    allowed = max(cold.attrs["certificate"], warm.attrs["certificate"])
    assert abs(last_cost(warm) - last_cost(cold)) <= allowed * last_cost(cold)


@pytest.mark.parametrize(
    ("regularizer", "first", "second"),
    [
        ("none", None, None),
        ("low_rank", None, None),
        ("lrs", 0.1, 0.05),
        ("lrw2d", 2.0, 1.5),
        ("w2d1d", 2.0, 1.5),
    ],
)
def test_a_start_near_by_saves_iterations(regularizer, first, second, observations):
    # Nearer the minimum wavelet cubes take the same long last stretch from anywhere.
    limits = {"tolerance": 1e-3} if regularizer == "w2d1d" else {}
    before = fuse(observations, settings_of(regularizer, first, **limits))
    settings = settings_of(regularizer, second, **limits)
    cold = fuse(observations, settings).attrs["n_iterations"]
    warm = fuse(observations, settings, initial=before).attrs["n_iterations"]
    assert warm < cold


@pytest.mark.parametrize(
    ("regularizer", "mu"), [("none", None), ("w2d1d", 1.0), ("lrs", 0.1), ("lrw2d", 1)]
)
def test_the_paper_goes_on_from_the_estimate(regularizer, mu, observations):
    limits = {"solver": "paper", "max_iterations": 5, "tolerance": 1e-12}
    settings = settings_of(regularizer, mu, precision="float64", **limits)
    before = fuse(observations, settings)
    fusion = Fusion(observations, settings)
    first = fusion.result(fusion.start(before))
    # The flux of a result is in single precision.
    assert_allclose(first["flux"], before["flux"], rtol=1e-6, atol=1e-9)
    data = slice(1, -1)
    assert_allclose(first["cost"][-1, data], before["cost"][-1, data], rtol=1e-5)


def test_a_result_of_the_paper_starts_the_interior_point(observations):
    paper = fuse(
        observations, settings_of("lrs", 0.1, solver="paper", max_iterations=5)
    )
    settings = settings_of("lrs", 0.1)
    warm = fuse(observations, settings, initial=paper)
    assert warm.attrs["outcome"] == "converged"
    cold = last_cost(fuse(observations, settings))
    assert abs(last_cost(warm) - cold) <= 1e-4 * cold


def test_the_same_spectra_rotated_are_the_same_start(observations, earlier):
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    rotated = earlier.copy()
    for name in ("spectral_basis", "coefficients"):
        turned = np.tensordot(rotation, earlier[name].values, axes=1)
        rotated[name] = earlier[name].copy(data=turned)
    fusion = Fusion(observations, settings_of("lrs", 0.01))
    starts = [fusion.start(given).images for given in (earlier, rotated)]
    assert_allclose(starts[1], starts[0], rtol=1e-9)


def test_lifted_images_make_a_positive_cube():
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(np.column_stack([np.ones(6), rng.random((6, 1))]))[0]
    default = np.multiply.outer(basis.T @ np.ones(6), np.ones((2, 3)))
    images = rng.standard_normal((2, 2, 3))
    assert np.tensordot(basis, images, axes=1).min() < 0
    lifted = np.tensordot(basis, lifted_images(images, default, basis), axes=1)
    assert_allclose(lifted.min(), SHARE_OF_DEFAULT, rtol=1e-9)
    kept = lifted_images(2 * default, default, basis)
    assert_allclose(kept, (2 - SHARE_OF_DEFAULT) * default)


def test_a_lifted_cube_keeps_what_is_bright():
    cube, default = np.array([0.0, 5.0]), np.array([1.0, 1.0])
    assert_allclose(lifted_cube(cube, default), [SHARE_OF_DEFAULT, 5.0])


def spoilt(result: xr.Dataset, name: str, value: float) -> xr.Dataset:
    values = result[name].values.copy()
    values.flat[3] = value
    return result.assign({name: result[name].copy(data=values)})


REFUSED = {
    "NaN flux": (lambda r: spoilt(r, "flux", np.nan), "finite flux"),
    "infinity": (lambda r: spoilt(r, "coefficients", np.inf), "finite coefficients"),
    "other shape": (lambda r: r.isel(y=slice(1, None)), r"shape \(16, 9, 12\)"),
    "turned": (lambda r: r.transpose(..., "y"), r"shape \(16, 9, 12\)"),
    "other sky": (lambda r: r.assign_coords(x=r["x"] + 1), "the sky's x"),
    "other energies": (
        lambda r: r.assign_coords(energy=r["energy"] * 1.1),
        "the sky's energy",
    ),
    "other rank": (lambda r: r.isel(component=slice(2)), "of 3 spectra; got one of 2"),
    "no rank": (lambda r: r.drop_vars("coefficients"), "low rank"),
    "other basis": (
        lambda r: spoilt(r, "spectral_basis", 1.0),
        "spectral basis of these observations",
    ),
    "no result": (lambda r: r.drop_vars("flux"), "without flux"),
    "no exposure": (
        lambda r: spoilt(r, "reference_exposure", 0.0),
        "reference_exposure above 0",
    ),
}


@pytest.mark.parametrize("solver", ["fast", "paper"])
@pytest.mark.parametrize("case", REFUSED)
def test_a_start_that_does_not_fit_is_refused(case, solver, observations, earlier):
    change, message = REFUSED[case]
    fusion = Fusion(observations, settings_of("lrs", 0.1, solver=solver))
    with pytest.raises(HifredError, match=f"initial must .*{message}"):
        fusion.start(change(earlier))


@pytest.mark.parametrize("solver", ["fast", "paper"])
def test_free_cubes_refuse_what_does_not_fit(solver, observations, earlier):
    fusion = Fusion(observations, settings_of("w2d1d", 1.0, solver=solver))
    with pytest.raises(HifredError, match="finite flux"):
        fusion.start(spoilt(earlier, "flux", np.nan))
    with pytest.raises(HifredError, match="shape"):
        fusion.start(earlier.isel(x=slice(3)))
    assert fusion.start(earlier).iteration == 0
