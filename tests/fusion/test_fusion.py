"""Fusions of low rank: their minimum, their certificate, their symmetries."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.fusion import Fusion, FusionSettings, fuse
from hifred.fusion.assembly import Assembly
from hifred.fusion.subspace import Subspace
from tests.scenes import observe, sky_cube

CUBE = sky_cube((24, 12, 15))
SETTINGS = FusionSettings(regularizer="lrs", mu=0.003, rank=4, precision="float64")


@pytest.fixture(scope="module")
def observations() -> dict[str, xr.Dataset]:
    return observe(CUBE, rng=np.random.default_rng(3))


@pytest.fixture(scope="module")
def result(observations) -> xr.Dataset:
    return fuse(observations, SETTINGS)


def with_settings(**changes) -> FusionSettings:
    names = ("regularizer", "mu", "rank", "precision")
    return FusionSettings(**({n: getattr(SETTINGS, n) for n in names} | changes))


def scaled(result: xr.Dataset) -> np.ndarray:
    return (result["flux"] * result["reference_exposure"]).values


def test_it_ends_with_a_certificate(result: xr.Dataset) -> None:
    assert result.attrs["outcome"] == "converged"
    assert result.attrs["certificate"] <= 1e-4
    assert float(result["cost"][-1, 0]) < float(result["cost"][0, 0])


def test_the_cube_is_labelled_and_not_negative(result: xr.Dataset) -> None:
    assert result["flux"].dims == ("energy", "y", "x")
    assert float(result["flux"].min()) >= 0
    for name, variable in result.variables.items():
        assert "long_name" in variable.attrs, name
        assert "units" in variable.attrs or name == "term", name


def test_it_recovers_the_sky_better_than_the_spectrometer_shows_it(
    observations, result: xr.Dataset
) -> None:
    spectrometer = observations["spectrometer"]
    area = spectrometer["effective_area"].values / result["reference_exposure"].values
    counts = spectrometer["counts"].values / area[:, None, None] / 9
    spread = counts.repeat(3, axis=1).repeat(3, axis=2)
    error = np.sum((scaled(result) - CUBE) ** 2)
    assert error < 0.25 * np.sum((spread - CUBE) ** 2)


@pytest.mark.parametrize("regularizer", ["low_rank", "lrs"])
@pytest.mark.parametrize("options", [{}, {"background": 0.4, "mask_fraction": 0.1}])
def test_every_precision_finds_the_same_minimum(
    regularizer: str, options: dict
) -> None:
    data = observe(CUBE, rng=np.random.default_rng(4), **options)
    single, double = (
        fuse(data, with_settings(regularizer=regularizer, precision=p))
        for p in ("float32", "float64")
    )
    costs = [float(r["cost"][-1, 0]) for r in (single, double)]
    assert abs(costs[0] - costs[1]) <= 1e-4 * costs[1]


def test_weak_components_are_penalised_as_much_as_strong_ones(
    observations, result: xr.Dataset
) -> None:
    spreads = Subspace.of_rank(Assembly(observations, SETTINGS), 4).spreads
    assert spreads.max() > 3 * spreads.min()
    images = result["coefficients"].values / spreads[:, None, None]
    squares = sum(np.sum(np.diff(images, axis=axis) ** 2) for axis in (1, 2))
    penalty = float(result["cost"].sel(term="penalty")[-1])
    assert penalty == pytest.approx(SETTINGS.mu * squares, rel=1e-6)


def test_the_gap_bounds_the_distance_to_the_minimum(observations) -> None:
    loose = fuse(observations, SETTINGS)
    tight = fuse(
        observations, FusionSettings.read(_read(SETTINGS) | {"tolerance": 1e-9})
    )
    excess = float(loose["cost"][-1, 0] - tight["cost"][-1, 0])
    assert tight.attrs["certificate"] <= 1e-9
    assert 0 <= excess <= loose.attrs["certificate"] * float(loose["cost"][-1, 0])


def _read(settings: FusionSettings) -> dict:
    return {"regularizer": "lrs", "mu": settings.mu, "rank": 4, "precision": "float64"}


def test_resuming_changes_nothing(observations, result: xr.Dataset) -> None:
    fusion = Fusion(observations, SETTINGS)
    state = fusion.start()
    for _ in range(5):
        state = fusion.step(state)
    resumed = fuse(observations, SETTINGS, state=state.arrays())
    assert_array_equal(resumed["flux"], result["flux"])
    assert_array_equal(resumed["cost"], result["cost"])


def test_the_order_of_observations_does_not_matter(
    observations, result: xr.Dataset
) -> None:
    turned = dict(reversed(observations.items()))
    assert_allclose(scaled(fuse(turned, SETTINGS)), scaled(result), rtol=1e-2)


def test_flipping_the_sky_flips_the_cube(observations, result: xr.Dataset) -> None:
    flipped = {
        name: o.assign(
            {
                v: o[v].copy(data=o[v].values[:, ::-1])
                for v in ("counts", "expected_counts")
            }
        )
        for name, o in observations.items()
    }
    tight = FusionSettings.read(_read(SETTINGS) | {"tolerance": 1e-8})
    cube, mirrored = scaled(fuse(observations, tight)), scaled(fuse(flipped, tight))
    assert_allclose(mirrored[:, ::-1], cube, atol=1e-3 * cube.max())


def test_more_exposure_for_the_same_counts_means_less_flux(
    observations, result: xr.Dataset
) -> None:
    longer = {n: o.assign(exposure_time=o["exposure_time"] * 4) for n, o in
              observations.items()}  # fmt: skip
    again = fuse(longer, SETTINGS)
    assert_allclose(scaled(again), scaled(result), rtol=1e-6)
    assert_allclose(again["flux"] * 4, result["flux"], rtol=1e-5)


def test_a_limit_of_iterations_is_named(observations) -> None:
    settings = FusionSettings.read(_read(SETTINGS) | {"max_iterations": 2})
    found = fuse(observations, settings)
    assert found.attrs["outcome"] == "step_limit"
    assert "max_iterations" in found.attrs["message"]
    assert found.sizes["iteration"] == 3


def test_no_counts_is_an_outcome() -> None:
    found = fuse(observe(0 * CUBE, rng=None), SETTINGS)
    assert found.attrs["outcome"] == "empty"


def test_a_rank_above_the_number_of_spectra_is_refused(observations) -> None:
    with pytest.raises(HifredError, match="rank must be between 1 and 20"):
        fuse(observations, with_settings(rank=21))
