import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_array_equal

from hifred.fusion import Fusion, FusionSettings, fuse
from tests.scenes import observe, sky_cube

CUBE = sky_cube((16, 9, 12))
FREE = [("none", None), ("w2d1d", 1.0), ("w2d1d", "varying")]
PAPER = [*FREE, ("low_rank", None), ("lrs", 0.003), ("lrw2d", 1.0)]


@pytest.fixture(scope="module")
def observations() -> dict[str, xr.Dataset]:
    return observe(CUBE, rng=np.random.default_rng(3))


def settings_of(regularizer: str, mu, **changes) -> FusionSettings:
    table = {"regularizer": regularizer, "mu": mu, "rank": 3, "energy_scales": 2}
    return FusionSettings.read(table | changes)


@pytest.mark.parametrize(("regularizer", "mu"), FREE)
def test_free_cubes_end_with_a_certificate(regularizer, mu, observations):
    result = fuse(observations, settings_of(regularizer, mu, tolerance=1e-3))
    assert result.attrs["outcome"] == "converged"
    assert result.attrs["certificate"] <= 1e-3
    assert float(result["flux"].min()) >= 0


def test_a_penalty_brings_the_cube_nearer_to_the_sky(observations):
    errors = []
    for regularizer, mu in FREE[:2]:
        found = fuse(observations, settings_of(regularizer, mu, tolerance=1e-3))
        cube = found["flux"] * found["reference_exposure"]
        errors.append(float(np.sum((cube.values - CUBE) ** 2)))
    assert errors[1] < errors[0]


@pytest.mark.parametrize(("regularizer", "mu"), PAPER)
def test_the_paper_keeps_near_the_data(regularizer, mu, observations):
    settings = settings_of(
        regularizer, mu, solver="paper", max_iterations=20, tolerance=1e-12
    )
    result = fuse(observations, settings)
    assert result.attrs["outcome"] == "step_limit"
    data = result["cost"][:, 1:-1].sum("term")
    assert float(data.min()) < 3 * max(float(data[0]), 1000)
    assert not np.array_equal(data[0], data[-1])


@pytest.mark.parametrize("solver", ["fast", "paper"])
def test_resuming_changes_nothing(solver, observations):
    settings = settings_of("w2d1d", 1.0, solver=solver, max_iterations=8)
    whole = fuse(observations, settings)
    fusion = Fusion(observations, settings)
    state = fusion.start()
    for _ in range(3):
        state = fusion.step(state)
    resumed = fuse(observations, settings, state=state.arrays())
    assert_array_equal(resumed["flux"], whole["flux"])
    assert_array_equal(resumed["cost"], whole["cost"])


def test_no_counts_is_an_outcome():
    found = fuse(observe(0 * CUBE, rng=None), settings_of("none", None))
    assert found.attrs["outcome"] == "empty"
