"""Guided fusions: choices from the counts, the minimum, symmetries, hard inputs."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import SettingsError
from hifred.fusion import Fusion, FusionSettings, fuse
from hifred.simulation import simulate_model
from tests.scenes import observe, sky_cube

CUBE = sky_cube((24, 12, 15))
SETTINGS = FusionSettings(regularizer="guided", precision="float64")


@pytest.fixture(scope="module")
def observations() -> dict[str, xr.Dataset]:
    return observe(CUBE, rng=np.random.default_rng(3))


@pytest.fixture(scope="module")
def result(observations) -> xr.Dataset:
    return fuse(observations, SETTINGS)


def scaled(result: xr.Dataset) -> np.ndarray:
    return (result["flux"] * result["reference_exposure"]).values


def error(result: xr.Dataset) -> float:
    return float(np.sum((scaled(result) - CUBE) ** 2) / np.sum(CUBE**2))


def test_it_ends_with_a_certificate(result: xr.Dataset) -> None:
    assert result.attrs["outcome"] == "converged"
    assert result.attrs["certificate"] <= 1e-4
    assert float(result["flux"].min()) >= 0


def test_what_was_chosen_is_told_and_gives_the_same_again(
    observations, result: xr.Dataset
) -> None:
    chosen = {"mu": float(result["chosen_mu"]), "rank": int(result["chosen_rank"])}
    # And one shifted spectrum for two.
    assert result.sizes["component"] == chosen["rank"] + chosen["rank"] // 2
    again = fuse(observations, SETTINGS.changed(**chosen))
    assert_allclose(again["flux"], result["flux"], rtol=1e-6)


def test_nothing_chosen_is_as_near_to_the_sky_as_the_best_of_smooth_images(
    observations, result: xr.Dataset
) -> None:
    smooth = [
        error(fuse(observations, FusionSettings(regularizer="lrs", mu=mu, rank=rank)))
        for mu in (1e-4, 1e-3, 1e-2)
        for rank in (2, 4)
    ]
    # Chosen by the truth, which knows that there are two spectra.
    assert error(result) < 1.1 * min(smooth)
    assert error(result) < np.median(smooth)


def test_a_strong_penalty_leaves_one_spectrum(observations) -> None:
    strong = scaled(fuse(observations, SETTINGS.changed(mu=1e6, rank=3)))
    shapes = strong / strong.sum(axis=0)
    assert_allclose(shapes, np.broadcast_to(shapes[:, :1, :1], shapes.shape), rtol=1e-2)


def test_resuming_changes_nothing(observations, result: xr.Dataset) -> None:
    fusion = Fusion(observations, SETTINGS)
    state = fusion.start()
    for _ in range(4):
        state = fusion.step(state)
    resumed = fuse(observations, SETTINGS, state=state.arrays())
    assert_array_equal(resumed["flux"], result["flux"])
    assert_array_equal(resumed["cost"], result["cost"])


def test_a_start_near_by_finds_the_same_minimum(
    observations, result: xr.Dataset
) -> None:
    warm = fuse(observations, SETTINGS, initial=result)
    assert warm.attrs["n_iterations"] < result.attrs["n_iterations"]
    costs = [float(r["cost"][-1, 0]) for r in (warm, result)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-4)


def test_the_order_of_observations_does_not_matter(
    observations, result: xr.Dataset
) -> None:
    turned = fuse(dict(reversed(observations.items())), SETTINGS)
    assert_allclose(scaled(turned), scaled(result), atol=1e-6 * CUBE.max())


@pytest.mark.parametrize(
    "mirror", [np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[:, ::-1, ::-1]]
)
def test_mirroring_the_sky_mirrors_the_cube(
    observations, result: xr.Dataset, mirror: tuple[slice, ...]
) -> None:
    turned = {
        name: o.assign(counts=o["counts"].copy(data=o["counts"].values[mirror]))
        for name, o in observations.items()
    }
    found = fuse(turned, SETTINGS)
    assert found["chosen_rank"] == result["chosen_rank"]
    assert_allclose(scaled(found)[mirror], scaled(result), atol=1e-4 * CUBE.max())


def test_more_exposure_for_the_same_counts_means_less_flux(
    observations, result: xr.Dataset
) -> None:
    longer = {n: o.assign(exposure_time=o["exposure_time"] * 4) for n, o in
              observations.items()}  # fmt: skip
    again = fuse(longer, SETTINGS)
    assert_allclose(again["flux"] * 4, result["flux"], rtol=1e-5)


HARD = {
    "background and mask": {"background": 0.4, "mask_fraction": 0.1},
    "few counts": {"level": 0.01},
}


@pytest.mark.parametrize("options", HARD.values(), ids=HARD)
@pytest.mark.parametrize("margin", [0, 2])
def test_hard_inputs_converge(options: dict, margin: int) -> None:
    level = options.get("level", 1.0)
    more = {name: value for name, value in options.items() if name != "level"}
    data = observe(level * CUBE, rng=np.random.default_rng(4), **more)
    found = fuse(data, SETTINGS.changed(margin_pixels=margin))
    assert found.attrs["outcome"] == "converged"
    assert np.isfinite(found["flux"]).all()


def test_two_imagers_and_empty_pixels_are_fused(observations) -> None:
    dark = CUBE.copy()
    dark[:, :4] = 0
    data = observe(dark, rng=np.random.default_rng(4))
    second = data["imager"].assign_attrs(instrument="second")
    found = fuse({**data, "second": second}, SETTINGS)
    assert found.attrs["outcome"] == "converged"
    assert scaled(found)[:, :2].mean() < 0.1 * CUBE.mean()


def test_a_hole_of_the_imager_is_no_hole_of_the_cube(observations) -> None:
    hole = np.s_[:, 4:7, 6:9]
    mask = np.ones(observations["imager"]["counts"].shape, bool)
    mask[hole] = False
    imager = observations["imager"]
    imager = imager.assign(mask=(imager["counts"].dims, mask))
    found = scaled(fuse({**observations, "imager": imager}, SETTINGS))
    assert abs(found[hole].sum() / CUBE[hole].sum() - 1) < 0.2


def test_no_counts_is_an_outcome() -> None:
    found = fuse(observe(0 * CUBE, rng=None), SETTINGS)
    assert found.attrs["outcome"] == "empty"


def test_it_has_no_published_algorithm() -> None:
    with pytest.raises(SettingsError, match="solver"):
        SETTINGS.changed(solver="paper")
    with pytest.raises(SettingsError, match="mu"):
        SETTINGS.changed(mu=-1.0)


def test_the_strength_is_that_of_exact_solves(monkeypatch) -> None:
    # Or it would depend on rounding, and so on the number of threads.
    given = {"shape": (15, 12), "n_energies": 120, "counts": 2e5, "seed": 1}
    data = simulate_model("gaussian_1kev_rebinned", **given)
    chosen = float(fuse(data.observations, SETTINGS)["chosen_mu"])
    for name in ("unbiased_risk.TRACE", "unbiased_risk.IMAGE", "shape_variation.CG"):
        monkeypatch.setattr(f"hifred.solvers.{name}_TOLERANCE", 1e-8)
    exact = float(fuse(data.observations, SETTINGS)["chosen_mu"])
    assert_allclose(chosen, exact, rtol=0.02)
