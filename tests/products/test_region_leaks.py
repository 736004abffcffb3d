"""The correction of region spectra, against dense matrices and known leaks."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations import FusionInput
from hifred.observations.prediction import predicted_counts
from hifred.products.region_leaks import RegionLeaks
from hifred.products.region_spectra import RegionSpectra
from hifred.regions import SkyRegion, fused_field, parse_regions
from tests.mixing.scene import EDGES, REGIONS, SKY, N, make_input, make_result

SCALE = 1e3  # counts enough to round


def seen(result: xr.Dataset) -> FusionInput:
    """Return an input whose counts are what is expected of a cube, but for rounding."""
    ready = make_input()
    expected = predicted_counts(result, ready.observations)
    return recorded({n: np.rint(mean).astype(int) for n, mean in expected.items()})


def recorded(counts: dict[str, np.ndarray], **spectrometer: object) -> FusionInput:
    """Return an input with these counts of both instruments."""
    ready = make_input(counts=counts["resolve"], **spectrometer)
    epic = ready.observations["epic"]
    told = epic.assign(counts=(epic["counts"].dims, counts["epic"]))
    return FusionInput({**ready.observations, "epic": told})


def counts_of(ready: FusionInput) -> dict[str, np.ndarray]:
    return {n: o["counts"].values.copy() for n, o in ready.observations.items()}


def bright(leak: float = 0.0) -> xr.Dataset:
    """Return a knot and a rim of other spectra, a share of which is exchanged."""
    result = make_result()
    knot, rim = weights(regions(result))
    spectra = np.stack([np.linspace(1, 3, N), np.linspace(3, 1, N)])
    mixed = (1 - leak) * spectra + leak * spectra[::-1]
    flux = np.einsum("re,ryx->eyx", mixed, np.stack([knot, rim]) + 0.01)
    return result.assign(flux=(result["flux"].dims, SCALE * 1e-3 * flux))


def regions(result: xr.Dataset) -> list[SkyRegion]:
    return parse_regions(REGIONS, fused_field(result, make_input()))


def weights(chosen: list[SkyRegion]) -> np.ndarray:
    return np.stack([region.weights.to_numpy() for region in chosen])


def dense(
    result: xr.Dataset, ready: FusionInput
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return curvature and score in white unknowns, and the map from these to spectra.

    Column by column, through the one prediction of counts.
    """
    chosen = regions(result)
    flux = result["flux"].values
    shares = weights(chosen).reshape(2, -1)
    images = np.vstack([shares, around(shares)]) * flux.sum(axis=0).ravel()
    brightness = images.sum(axis=1, keepdims=True)
    images /= brightness
    expected = predicted_counts(result, ready.observations)
    # Variances are those of one spectrum for each image.
    flat = separable(flux, np.vstack([shares, around(shares)]), images)
    variances = predicted_counts(
        result.assign(flux=(result["flux"].dims, flat)), ready.observations
    )
    columns, spectra = [], []
    for energy in range(N):
        for image, share in zip(images, brightness / brightness.sum(), strict=True):
            moved = flux.copy()
            moved[energy] += share * flux[energy].sum() * image.reshape(SKY)
            seen_there = predicted_counts(
                result.assign(flux=(result["flux"].dims, moved)), ready.observations
            )
            columns.append(stacked(seen_there) - stacked(expected))
            spectra.append((moved - flux).reshape(N, -1) @ shares.T)
    design = np.stack(columns, axis=1)
    floors = {n: np.maximum(v, 0.02 * v.mean()) for n, v in variances.items()}
    weight = 1 / stacked(floors)
    left = stacked(counts_of(ready)) - stacked(expected)
    curvature = np.eye(design.shape[1]) + design.T @ (weight[:, None] * design)
    to_spectra = np.stack(spectra, axis=-1).transpose(1, 0, 2)  # region, energy, column
    return curvature, design.T @ (weight * left), to_spectra


def around(shares: np.ndarray) -> np.ndarray:
    """Return the sky in no region by the region whose pixels are nearest."""
    places = np.stack([c.ravel() for c in np.indices(SKY)], axis=1)
    distance = [
        np.linalg.norm(places[:, None] - places[share > 0], axis=2).min(axis=1)
        for share in shares
    ]
    is_nearest = np.argmin(distance, axis=0) == np.arange(len(shares))[:, None]
    return is_nearest * (1 - shares.sum(axis=0))


def separable(flux: np.ndarray, shares: np.ndarray, images: np.ndarray) -> np.ndarray:
    light = flux.reshape(N, -1) @ shares.T
    return (light @ images).reshape(flux.shape)


def stacked(observed: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([observed[name].ravel() for name in ("epic", "resolve")])


def test_the_correction_is_that_of_dense_matrices() -> None:
    # The cube has no line spread left: each energy is corrected on its own.
    result = bright(0.05)
    ready = seen(bright())
    curvature, score, to_spectra = dense(result, ready)
    found = RegionLeaks(result, regions(result), ready).found(result["flux"].values)
    wanted = to_spectra @ np.linalg.solve(curvature, score)
    assert_allclose(found, wanted, atol=5e-3 * np.abs(wanted).max())


def test_draws_of_the_correction_scatter_as_the_curvature_says() -> None:
    result, ready = bright(0.05), seen(bright())
    curvature, _, to_spectra = dense(result, ready)
    leaks = RegionLeaks(result, regions(result), ready)
    flux = result["flux"].values
    drawn = [leaks.found(flux, np.random.default_rng(i)) for i in range(300)]
    covariance = np.linalg.inv(curvature)
    wanted = np.sqrt(np.einsum("rek,kl,rel->re", to_spectra, covariance, to_spectra))
    assert_allclose(np.std(drawn, axis=0), wanted, rtol=0.2)
    assert_allclose(np.mean(drawn, axis=0), leaks.found(flux), atol=0.3 * wanted.max())


def test_light_that_was_moved_between_regions_comes_back() -> None:
    true, leaked = bright(), bright(0.05)
    chosen = regions(true)
    ready = seen(true)
    wanted = RegionSpectra.begin(true, chosen).of(true["flux"])
    before = RegionSpectra.begin(leaked, chosen).of(leaked["flux"])
    after = RegionSpectra.begin(leaked, chosen, ready).of(leaked["flux"])
    assert np.abs(after - wanted).max() < 0.1 * np.abs(before - wanted).max()


def test_what_is_wrong_around_one_region_is_not_mended_around_all() -> None:
    true = bright()
    chosen = regions(true)
    # The rim's light reaches too far, into sky that is in no region.
    _, rim = weights(chosen)
    beyond = around(weights(chosen).reshape(2, -1))[1].reshape(SKY)
    halo = np.roll(rim, 2, axis=0) * beyond
    cube = true["flux"].values.copy()
    cube[0] += 0.3 * cube[0].max() * halo
    spoilt = true.assign(flux=(true["flux"].dims, cube))
    found = RegionLeaks(spoilt, chosen, seen(true)).found(cube)
    of_halo = 0.3 * true["flux"].values[0].max() * halo.sum()
    knot = np.abs(found[0, 0])
    assert of_halo > 0
    assert knot < 0.02 * of_halo


def test_nothing_is_corrected_where_nothing_is_left_over() -> None:
    result = bright()
    found = RegionLeaks(result, regions(result), seen(result)).found(
        result["flux"].values
    )
    assert np.abs(found).max() < 1e-3 * result["flux"].values.sum(axis=(1, 2)).max()


def test_masked_pixels_say_nothing() -> None:
    result = bright()
    ready = seen(result)
    spoilt = counts_of(ready)
    spoilt["resolve"][:, 1, 1] += 1000
    mask = np.ones(spoilt["resolve"].shape, bool)
    mask[:, 1, 1] = False
    masked = recorded(spoilt, mask=mask)
    found = RegionLeaks(result, regions(result), masked).found(result["flux"].values)
    assert np.abs(found).max() < 1e-3 * result["flux"].values.sum(axis=(1, 2)).max()


def test_noise_of_one_energy_is_spread_as_a_line_is() -> None:
    # In faint light; of a bright one, more is known than the line spread.
    flux = bright()["flux"] * 1e-8
    result = bright().assign(flux=flux, line_spread=("offset", [0.2, 0.6, 0.2]))
    counts = counts_of(seen(result))
    spike = counts["resolve"] + (np.arange(N) == 3)[:, None, None]
    before, after = (
        RegionLeaks(result, regions(result), recorded(c)).found(flux.values)
        for c in (counts, {**counts, "resolve": spike})
    )
    found = after - before
    assert found.shape == (2, len(EDGES) - 1)
    assert np.all(found[:, [2, 4]] > 0.2 * found[:, [3]])
    assert np.all(found[:, 3] > found[:, 2])


def test_the_cube_of_another_input_is_told() -> None:
    result = bright()
    with pytest.raises(HifredError, match="must be fused from this input, whose sky"):
        RegionLeaks(result.isel(energy=slice(3)), regions(result), seen(result))
