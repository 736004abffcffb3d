import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.posterior import Draws
from hifred.posterior import draws as draws_module
from tests.posterior.made_up_draws import made_up_draws


@pytest.fixture
def draws() -> Draws:
    return made_up_draws()


def cube_of(draws: Draws, images: np.ndarray) -> np.ndarray:
    spectra = draws.data["spectral_basis"].to_numpy()
    cube = np.einsum("ce,cyx->eyx", spectra, images)
    return cube / draws.data["reference_exposure"].to_numpy()[:, None, None]


def test_fit_and_cubes_are_spectra_times_images(draws):
    assert draws.count == 6
    assert draws.fit.dims == ("energy", "y", "x")
    assert draws.fit.attrs["units"] == "photon cm-2 s-1"
    assert_allclose(draws.fit, cube_of(draws, draws.data["coefficients"].to_numpy()))
    cubes = list(draws.cubes())
    images = draws.data["drawn_coefficients"].to_numpy()
    assert len(cubes) == 6
    for i, cube in enumerate(cubes):
        assert_allclose(cube, cube_of(draws, images[..., i]))
        assert set(cube.coords) == {"energy", "y", "x"}


def test_voxels_below_zero_do_not_move_sums():
    # Spectra that are left out of a fit are as often below as above zero.
    rng = np.random.default_rng(5)
    draws = made_up_draws(40)
    drawn = draws.data["coefficients"].expand_dims({"draw": 40}, -1).copy()
    drawn = drawn + 30 * rng.standard_normal(drawn.shape)
    wide = Draws(draws.data.assign(drawn_coefficients=drawn))
    assert min(float(cube.min()) for cube in wide.cubes()) < 0
    region = {"y": slice(0, 2), "x": slice(0, 3)}
    sums = wide.each(lambda cube: cube.isel(region).sum())
    off = sums.mean() - draws.fit.isel(region).sum()
    assert abs(off) < 3 * sums.std() / np.sqrt(40)


def test_voxels_of_the_fit_and_bounds_of_voxels_are_not_negative(draws):
    lowered = {
        name: draws.data[name] - 20 for name in ("coefficients", "drawn_coefficients")
    }
    low = Draws(draws.data.assign(lowered))
    assert float(low.fit.max()) == 0
    assert float(low.interval().max()) == 0
    assert low.fit.attrs["units"] == "photon cm-2 s-1"


def test_what_a_function_gives_is_stacked(draws):
    bands = draws.each(lambda cube: cube.sel(energy=slice(0.6, 0.9)).sum("energy"))
    assert bands.dims == ("draw", "y", "x")
    numbers = draws.each(lambda cube: float(cube.sum()))
    assert numbers.dims == ("draw",)
    assert_allclose(numbers, [float(cube.sum()) for cube in draws.cubes()])


def test_errors_of_a_region_know_correlations(draws):
    # All pixels move together: the error of the sum is the sum of the errors.
    factors = xr.DataArray(1 + 0.1 * np.arange(6), dims="draw")
    moved = draws.data["coefficients"] * factors
    together = Draws(draws.data.assign(drawn_coefficients=moved))
    total = together.standard_error(lambda cube: cube.sum())
    assert_allclose(total, together.standard_error().sum(), rtol=1e-10)


@pytest.mark.parametrize("most_at_once", [2**23, 100])
def test_errors_of_voxels_are_the_same_in_parts(draws, monkeypatch, most_at_once):
    monkeypatch.setattr(draws_module, "MOST_AT_ONCE", most_at_once)
    stacked = np.stack(list(draws.cubes()))
    errors, (lower, upper) = draws.standard_error(), draws.interval(level=0.5)
    assert_allclose(errors, stacked.std(axis=0, ddof=1))
    assert_allclose(lower, np.quantile(stacked, 0.25, axis=0))
    assert_allclose(upper, np.quantile(stacked, 0.75, axis=0))
    assert errors.dims == lower.dims == ("energy", "y", "x")
    assert errors.attrs["n_draws"] == 6


def test_interval_of_a_function(draws):
    bounds = draws.interval(lambda cube: cube.sum("energy"), level=0.8)
    values = np.stack([cube.sum("energy") for cube in draws.cubes()])
    assert list(bounds["bound"].values) == ["lower", "upper"]
    assert_allclose(bounds.sel(bound="upper"), np.quantile(values, 0.9, axis=0))


@pytest.mark.parametrize("level", [0.0, 1.0, 68.0])
def test_levels_are_shares(draws, level):
    with pytest.raises(
        HifredError, match=f"level must be above 0 and below 1; got {level}"
    ):
        draws.interval(level=level)


def test_one_draw_has_no_spread(draws):
    with pytest.raises(HifredError, match="at least 2 draws; got 1"):
        Draws(draws.data.isel(draw=[0]))


@pytest.mark.parametrize("name", ["spectral_basis", "drawn_coefficients"])
def test_missing_variables_are_named(draws, name):
    with pytest.raises(HifredError, match=f"draws must have {name} with dims"):
        Draws(draws.data.drop_vars(name))
