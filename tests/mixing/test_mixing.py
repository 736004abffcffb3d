"""Mixing: against photons drawn one by one, what must add up, and bad input."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

from hifred.errors import HifredError
from hifred.mixing import (
    Mixing,
    light_from_elsewhere,
    mixing,
    pixel_groups,
    region_groups,
    region_shares,
    view_of,
)
from hifred.observations import FusionInput
from hifred.products import CubeSet
from hifred.regions import SkyRegion, fused_field, parse_regions
from tests.mixing.scene import (
    EDGES,
    FACTOR,
    REGIONS,
    SKY,
    N,
    make_input,
    make_result,
    psfs,
    vignetting,
)

N_PHOTONS = 1_000_000


def regions_of(result: xr.Dataset, text: str = REGIONS) -> list[SkyRegion]:
    return parse_regions(text, fused_field(result))


def landed_photons(
    image: np.ndarray, psf: np.ndarray, seed: int, n: int = N_PHOTONS
) -> tuple[np.ndarray, np.ndarray]:
    """Draw photons from an image; return where from and on which pixel, -1 for none."""
    rng = np.random.default_rng(seed)
    start = rng.choice(image.size, n, p=(image / image.sum()).ravel())
    step = rng.choice(psf.size, n, p=psf.ravel())
    y, x = np.unravel_index(start, SKY)
    dy, dx = (s - m // 2 for s, m in zip(np.unravel_index(step, psf.shape),
                                          psf.shape, strict=True))  # fmt: skip
    seen = rng.random(n) < vignetting()[y, x]
    y, x = y + dy, x + dx
    inside = seen & (y >= 0) & (y < SKY[0]) & (x >= 0) & (x < SKY[1])
    pixel = (y // FACTOR) * (SKY[1] // FACTOR) + x // FACTOR
    return start, np.where(inside, pixel, -1)


def psf_at(energy: float) -> np.ndarray:
    share = (energy - 6.0) / 0.3
    return (1 - share) * psfs()[0] + share * psfs()[1]


@pytest.mark.parametrize("i_energy", [0, N - 1])
def test_shares_are_those_of_photons_drawn_one_by_one(i_energy: int) -> None:
    result = make_result()
    view = view_of(result, make_input())
    regions = regions_of(result)
    groups = region_groups(view, regions)
    found = region_shares(result, view, regions, groups, n_bands=N).isel(
        energy=i_energy
    )
    psf = psf_at(float(result["energy"][i_energy]))
    labels = np.append(groups.labels.ravel(), -1)
    for seed, region in enumerate(regions):
        image = result["flux"].values[i_energy] * region.weights.values
        _, pixel = landed_photons(image, psf, seed)
        own = found.sel(region=region.name)
        for number, group in enumerate(groups.names):
            drawn = np.mean(labels[pixel] == number)
            noise = np.sqrt(drawn * (1 - drawn) / N_PHOTONS)
            assert abs(float(own["share"].sel(group=group)) - drawn) < 4 * noise
        lost = np.mean(labels[pixel] == -1)
        assert abs(float(own["lost"]) - lost) < 4 * np.sqrt(lost / N_PHOTONS)


def test_what_lands_and_what_is_lost_is_all_that_there_is() -> None:
    result = make_result()
    view = view_of(result, make_input())
    regions = regions_of(result)
    for groups in (region_groups(view, regions), pixel_groups(view)):
        found = region_shares(result, view, regions, groups)
        total = found["share"].sum("group") + found["lost"]
        assert_allclose(total, 1, rtol=0, atol=1e-6)
        assert float(found["share"].min()) >= 0
        assert float(found["lost"].min()) > 0
        # With vignetting of 1 at best, no more than the light itself is seen.
        assert float(found["share"].sum("group").max()) < 1


def test_all_regions_and_elsewhere_make_the_expected_counts() -> None:
    from hifred.observations import predicted_counts

    result, ready = make_result(), make_input()
    view = view_of(result, ready)
    regions = regions_of(result)
    groups = region_groups(view, regions)
    found = region_shares(result, view, regions, groups, n_bands=N)
    full = make_input(line_spread=np.ones(1), background=None).observations
    expected = predicted_counts(result, full)["resolve"].sum(axis=0)
    for number, group in enumerate(groups.names):
        total = expected[groups.labels == number].sum()
        assert_allclose(found["counts"].sel(group=group).sum(), total, rtol=1e-10)
    mixed = Mixing(found, view, regions, groups)
    assert_allclose(mixed.origins.sum(axis=0), 1, rtol=1e-12)
    assert_allclose(mixed.shares.sum(axis=1), 1, rtol=1e-12)


def test_bands_have_one_spread_each_and_the_psf_of_each_energy() -> None:
    result = make_result()
    view = view_of(result, make_input())
    regions = regions_of(result)
    groups = region_groups(view, regions)
    one = region_shares(result, view, regions, groups, n_bands=1)
    grey = result.assign(
        flux=(result["flux"].dims, np.broadcast_to(
            result["flux"].values.sum(axis=0), result["flux"].shape))
    )  # fmt: skip
    expected = region_shares(grey, view, regions, groups)["share"]
    assert_allclose(one["share"], expected, rtol=1e-10)
    # The PSF broadens with energy.
    own = one["share"].sel(region="knot", group="knot")
    assert float(own[0]) > float(own[-1])
    three = region_shares(result, view, regions, groups, n_bands=3)
    assert_allclose(three["share"].sum("group") + three["lost"], 1, atol=1e-12)
    with pytest.raises(HifredError, match="bands must number 1 to 6; got 7"):
        region_shares(result, view, regions, groups, n_bands=7)


def test_where_a_region_is_dark_its_light_spreads_as_that_of_all_energies() -> None:
    result = make_result()
    view = view_of(result, make_input(psf=psfs()[0], psf_energy=None))
    regions = regions_of(result)
    groups = region_groups(view, regions)
    dark = result.copy(deep=True)
    dark["flux"][2] = np.where(regions[0].weights > 0, 0, dark["flux"][2])
    found = region_shares(dark, view, regions, groups, n_bands=N)
    band = region_shares(dark, view, regions, groups, n_bands=1)
    own = found["share"].sel(region="knot")
    assert_allclose(own.isel(energy=2), band["share"].sel(region="knot")[:, 2])


def test_a_pixel_goes_with_its_larger_part() -> None:
    result = make_result()
    view = view_of(result, make_input())
    text = "image\nbox(4,3.5,5,6,0) # text={large}\ncircle(11.2,8.2,0.6) # text={small}"
    groups = region_groups(view, regions_of(result, text))
    assert groups.names == ("large", "small", "elsewhere")
    expected = np.full((4, 5), 2)
    expected[0:2, 0:2] = 0  # two thirds of the first column, all of the second
    expected[2, 3] = 1  # a region smaller than half a pixel has the one it lies in
    assert_array_equal(groups.labels, expected)


def test_pixels_that_are_not_used_are_in_no_group(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = make_result()
    mask = np.ones((N, 4, 5), bool)
    mask[:, 0, 0], mask[2, 1, 1], mask[3] = False, False, False
    view = view_of(result, make_input(mask=mask))
    groups = pixel_groups(view)
    assert len(groups.names) == 18
    assert groups.names[0] == "pixel-1-2"
    assert_array_equal(np.argwhere(groups.labels < 0), [[0, 0], [1, 1]])
    assert "1 pixels of resolve are masked in some channels only" in caplog.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (REGIONS.replace("rim", "elsewhere"), "none of them 'elsewhere'"),
        (REGIONS.replace("rim", "lost"), "or 'lost'"),
        (REGIONS + "circle(6,4,2) # text={more}", "regions must not overlap"),
    ],
)
def test_regions_that_cannot_be_told_apart_are_refused(text: str, told: str) -> None:
    result = make_result()
    view = view_of(result, make_input())
    with pytest.raises(HifredError, match=told):
        region_shares(result, view, regions_of(result, text), pixel_groups(view))


def test_nothing_lost_is_nothing_and_not_rounding() -> None:
    result, ready = make_result(), make_input()
    view = view_of(result, ready, "epic")
    found = region_shares(result, view, regions_of(result), pixel_groups(view))
    lost = found["lost"].to_numpy()
    assert lost.min() >= 0
    assert not ((lost > 0) & (lost < 1e-12)).any()
    total = found["share"].sum("group") + found["lost"]
    np.testing.assert_allclose(total, 1, atol=1e-12)


def test_other_bad_input_is_told() -> None:
    result, ready = make_result(), make_input()
    view = view_of(result, ready)
    regions = regions_of(result)
    with pytest.raises(HifredError, match="must be fused from this input"):
        view_of(result.isel(y=slice(1, None)), ready)
    with pytest.raises(HifredError, match="unknown instrument 'xrism'"):
        view_of(result, ready, "xrism")
    alone = FusionInput({"epic": ready.observations["epic"]})
    with pytest.raises(HifredError, match=r"must have one spectrometer.*it has none"):
        view_of(result, alone)
    dark = result.assign(flux=result["flux"] * (regions[0].weights.values == 0))
    with pytest.raises(HifredError, match="'knot' must have light"):
        region_shares(dark, view, regions, pixel_groups(view))
    crowded = "\n".join(f"image;circle({x},2,0.4) # text={{r{x}}}" for x in (1, 2, 3))
    with pytest.raises(HifredError, match="must have a pixel of resolve of its own"):
        region_groups(view, regions_of(result, crowded))
    short = [SkyRegion("a", regions[0].weights[1:])]
    with pytest.raises(HifredError, match="must lie on the cube's pixels"):
        region_shares(result, view, short, pixel_groups(view))


def test_light_from_elsewhere_is_that_of_photons_drawn_one_by_one() -> None:
    ready = make_input(psf=psfs()[1], psf_energy=None)
    found = light_from_elsewhere(ready)
    image = ready.observations["epic"]["counts"].values.sum(axis=0)
    start, pixel = landed_photons(image, psfs()[1], seed=8)
    y, x = np.unravel_index(start, SKY)
    origin = (y // FACTOR) * (SKY[1] // FACTOR) + x // FACTOR
    for at, share in enumerate(found["elsewhere"].values.ravel()):
        here = pixel == at
        drawn = np.mean(origin[here] != at)
        assert abs(share - drawn) < 4.5 * np.sqrt(drawn * (1 - drawn) / here.sum())
    counts = np.bincount(pixel[pixel >= 0], minlength=20)
    assert_allclose(found["expected"].values.ravel(), counts / counts.mean(), rtol=0.03)


def test_without_a_blur_no_light_comes_from_elsewhere() -> None:
    found = light_from_elsewhere(make_input(psf=None, psf_energy=None))
    assert_allclose(found["elsewhere"], 0, atol=1e-12)


def test_an_imager_without_counts_is_told() -> None:
    ready = make_input()
    epic = ready.observations["epic"].copy(deep=True)
    epic["counts"][:] = 0
    dark = FusionInput({**ready.observations, "epic": epic})
    with pytest.raises(HifredError, match="epic must have counts"):
        light_from_elsewhere(dark)


def test_energies_are_those_of_the_cube() -> None:
    result = make_result()
    view = view_of(result, make_input())
    found = region_shares(
        result, view, regions_of(result), pixel_groups(view), n_bands=2
    )
    assert_array_equal(found["energy_edges"], EDGES)


def test_errors_of_shares_are_their_scatter_over_draws() -> None:
    result, ready = make_result(), make_input()
    regions = regions_of(result)
    flux = result["flux"]
    brighter = flux * (1 + 0.3 * np.arange(SKY[1]) / SKY[1])
    found = mixing(result, ready, regions, draws=CubeSet(flux, [flux, brighter]))
    one, two = (
        mixing(result, ready, regions),
        mixing(result.assign(flux=brighter), ready, regions),
    )
    assert one.share_errors is None
    pairs = ((found.share_errors, one.shares, two.shares),
             (found.origin_errors, one.origins, two.origins))  # fmt: skip
    for errors, first, second in pairs:
        assert errors is not None
        assert_allclose(errors, np.abs(first - second) / np.sqrt(2), atol=1e-12)
        assert errors.to_numpy().max() > 1e-3


def test_draws_of_another_cube_give_no_errors() -> None:
    result = make_result()
    other = CubeSet(2 * result["flux"], [result["flux"]] * 2)
    with pytest.raises(HifredError, match="draws must be of the cube itself"):
        mixing(result, make_input(), regions_of(result), draws=other)
