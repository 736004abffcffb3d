"""Draws of a trial give its spectra and maps errors, and say what these are worth."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.explore.explorer import Explorer
from hifred.explore.page import Page
from hifred.plots.regions import Region
from hifred.plots.shelf import Shelf
from hifred.posterior import Draws
from hifred.posterior.self_check import SelfCheck
from hifred.store import save_draws

CHECK = SelfCheck({"bands": {68: 0.66, 95: 0.94}}, 3, ("Two components stay unseen.",))


def draws_of(result: xr.Dataset) -> Draws:
    flux, rng = result["flux"].to_numpy(), np.random.default_rng(3)
    spread = 1 + 0.1 * rng.standard_normal((*flux.shape, 5))
    data = xr.Dataset(
        {
            "spectral_basis": (("component", "energy"), np.eye(len(flux))),
            "coefficients": (("component", "y", "x"), flux),
            "drawn_coefficients": (
                ("component", "y", "x", "draw"), flux[..., None] * spread
            ),
            "reference_exposure": ("energy", np.ones(len(flux))),
        },
        coords={name: result[name] for name in ("energy", "y", "x")},
    )  # fmt: skip
    return Draws(data).checked(CHECK)


def copy_of(shelf: Shelf, draws_path) -> Shelf:
    return Shelf(
        shelf.table,
        open_trial=shelf._open_trial,
        open_input=shelf.input,
        draws_path=draws_path,
    )


@pytest.fixture(scope="module")
def drawn(shelf, tmp_path_factory):
    folder = tmp_path_factory.mktemp("draws")
    explorer = Explorer(copy_of(shelf, lambda trial: folder / trial))
    best = explorer.view.trial
    save_draws(folder / best, draws_of(shelf.trial(best)))
    explorer.show()
    return explorer


def test_the_band_of_a_spectrum_holds_the_spectra_of_draws(drawn) -> None:
    layer = drawn.shelf.fusion(drawn.view.trial)
    drawn.choose_region(Region((layer.y[2], layer.y[5]), (layer.x[1], layer.x[3])))
    shown = drawn.spectra.sources["fusion"].data
    area = np.diff(layer.edges) * layer.pixel_area
    each = [
        cube.to_numpy()[:, 2:6, 1:4].mean(axis=(1, 2)) / area
        for cube in layer.draws.cubes()
    ]
    for name, share in (("lower", 0.15865), ("upper", 0.84135)):
        expected = np.quantile(each, share, axis=0)
        assert_allclose(shown[name][:-1], expected, rtol=1e-4)
    assert len(drawn.spectra._areas["fusion"].data["x"])


def test_the_error_of_a_pixel_of_the_map_is_that_of_its_draws(drawn) -> None:
    layer = drawn.shelf.fusion(drawn.view.trial)
    band = drawn.view.band
    each = [cube.to_numpy().sum(axis=0) for cube in layer.draws.cubes()]
    expected = np.std(each, axis=0, ddof=1) / ((band[1] - band[0]) * layer.pixel_area)
    (error,) = drawn.maps.views["fusion"].source.data["error"]
    assert_allclose(error, expected)


def test_the_self_check_is_among_the_verdicts_and_beside_the_trial(drawn) -> None:
    page = Page(drawn.shelf, "sweep")
    page.explorer.show_first()
    page.fill()
    assert f"Errors are taken from 5 draws. {CHECK.sentence}" in page.verdicts.text
    for text in (page.verdicts.text, drawn.details.value):
        assert CHECK.warnings[0] in text


def test_draws_of_another_fusion_are_told_and_not_shown(shelf, tmp_path) -> None:
    explorer = Explorer(copy_of(shelf, lambda _: tmp_path / "draws"))
    draws = draws_of(shelf.trial(explorer.view.trial))
    other = draws.data.assign(coefficients=2 * draws.data["coefficients"])
    save_draws(tmp_path / "draws", Draws(other))
    explorer.show()
    assert not len(explorer.spectra._areas["fusion"].data["x"])
    (said,) = explorer.shelf.draw_verdicts(explorer.view.trial)
    assert said.level == "fault"
    assert said.text.startswith("No errors are shown. ")
    assert str(tmp_path / "draws") in said.text
