"""The explorer without a browser: what every choice puts on the page."""

import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from hifred.explore.details import details_html
from hifred.explore.explorer import Explorer
from hifred.explore.maps_panel import FUSION_LESS_TRUTH, NO_TRUTH
from hifred.plots.regions import Region
from tests.made_up import make_collected


@pytest.fixture
def explorer(shelf):
    return shown_explorer(shelf)


def shown_explorer(shelf, query=""):
    explorer = Explorer(shelf, query)
    explorer.show()
    return explorer


def shown(explorer, role: str) -> np.ndarray:
    return explorer.spectra.sources[role].data["value"][:-1]


def image(explorer, view: str) -> np.ndarray:
    return explorer.maps.views[view].source.data["value"][0]


def stored_spectrum(shelf, trial: str, row: int, column: int) -> np.ndarray:
    result = shelf.trial(trial)
    width = np.diff(result["energy_edges"])
    return result["flux"].to_numpy()[:, row, column] / (width * 100.0)


def test_it_begins_with_the_best_trial(explorer, shelf) -> None:
    assert explorer.view.trial == shelf.table.frame["nmse_db"].idxmax()


def test_a_pixel_shows_its_own_spectrum(explorer, shelf) -> None:
    explorer.choose_region(Region.pixel(shelf.counts("demo")["imager"].y[3], 0.0))
    expected = stored_spectrum(shelf, explorer.view.trial, 3, 4)
    assert_allclose(shown(explorer, "fusion"), expected, rtol=1e-6)


def test_a_region_shows_its_mean(explorer, shelf) -> None:
    explorer.choose_region(Region((-16, 16), (-11, 11)))
    flux = shelf.trial(explorer.view.trial)
    chosen = flux.sel(y=slice(-16, 16), x=slice(-11, 11))["flux"]
    mean = chosen.mean(["y", "x"]).to_numpy() / (np.diff(flux["energy_edges"]) * 100)
    assert_allclose(shown(explorer, "fusion"), mean, rtol=1e-5)


def test_another_trial_changes_every_view(explorer) -> None:
    before = [image(explorer, view).copy() for view in ("fusion", "residual")]
    spectrum = shown(explorer, "fusion").copy()
    explorer.choose_trial("000000000000")
    for old, view in zip(before, ("fusion", "residual"), strict=True):
        assert not np.array_equal(old, image(explorer, view))
    assert not np.array_equal(spectrum, shown(explorer, "fusion"))
    assert "low_rank" in explorer.details.text
    assert explorer.trial_controls.settings["regularizer"].value == "low_rank"


def test_a_failed_trial_is_hatched_and_named(explorer) -> None:
    explorer.choose_trial("000000000006")
    for view in ("fusion", "residual"):
        assert explorer.maps.views[view].word == "failed"
        assert explorer.maps.views[view].source.data["value"] == []
    assert shown(explorer, "fusion").size == 0
    assert "none: the trial is failed" in explorer.details.text


def test_two_trials_are_compared(explorer) -> None:
    explorer.compare(True)
    explorer.choose_trial("000000000000", "B")
    difference = image(explorer, "second_fusion") - image(explorer, "fusion")
    assert_allclose(image(explorer, "difference"), difference)
    assert shown(explorer, "second_fusion").size == 24
    explorer.compare(False)
    assert explorer.view.second == ""
    assert shown(explorer, "second_fusion").size == 0


def test_another_model_takes_the_second_trial_with_it(explorer) -> None:
    explorer.compare(True)
    explorer.choose_trial("000000000017")
    assert explorer.shelf.model_of(explorer.view.trial) == "hot"
    assert explorer.shelf.model_of(explorer.view.second) == "hot"


def test_a_band_changes_the_maps(explorer) -> None:
    before = image(explorer, "fusion").copy()
    explorer.choose_band((0.9, 1.0))
    assert not np.array_equal(before, image(explorer, "fusion"))
    assert explorer.map_controls.band.value == (0.9, 1.0)


def test_maps_share_one_scale(explorer) -> None:
    views = ("truth", "imager", "spectrometer", "fusion")
    top = max(np.nanmax(image(explorer, view)) for view in views)
    assert explorer.maps.scale.highest == pytest.approx(top)


def test_the_residual_may_be_against_the_truth(explorer, shelf) -> None:
    explorer.map_controls.residual.value = FUSION_LESS_TRUTH
    difference = image(explorer, "fusion") - image(explorer, "truth")
    assert_allclose(image(explorer, "residual"), difference)


def test_the_grid_is_a_way_in(explorer) -> None:
    cells = explorer.grid.source.data
    index = next(i for i, text in enumerate(cells["text"]) if text == "22.42")
    explorer.grid.source.selected.indices = [index]
    assert explorer.view.trial == cells["trial"][index]
    assert explorer.grid.chosen.data["column"] == [cells["column"][index]]


def test_the_grid_names_what_is_missing(explorer) -> None:
    words = set(explorer.grid.source.data["text"])
    assert {"failed", "diverged", "pending", "not\nplanned"} <= words


def test_choosing_a_setting_finds_the_nearest_trial(explorer) -> None:
    explorer.trial_controls.settings["regularizer"].value = "w2d1d"
    row = explorer.shelf.row(explorer.view.trial)
    assert row["regularizer"] == "w2d1d"


def test_a_measure_that_needs_the_truth_is_refused_with_the_reason(real_shelf) -> None:
    explorer = shown_explorer(real_shelf)
    assert explorer.maps.views["truth"].word == NO_TRUTH
    explorer.trial_controls.measure.value = "nmse_db"
    assert "whose truth nobody knows" in explorer.trial_controls.note.text
    assert explorer.grid.source.data["trial"] == []
    explorer.map_controls.residual.value = FUSION_LESS_TRUTH
    assert explorer.maps.views["residual"].word == NO_TRUTH


def test_details_escape_what_they_show(shelf) -> None:
    table = make_collected()
    table["message"] = "trial", ["<script>"] * table.sizes["trial"]
    shelf_with = type(shelf)(
        table, open_trial=shelf._open_trial, open_input=lambda _: shelf.input("demo")
    )
    assert "&lt;script&gt;" in details_html(shelf_with, "000000000000")


@pytest.mark.parametrize("slot", ["A", "B"])
def test_both_trials_are_of_one_model_whichever_changes(explorer, slot: str) -> None:
    explorer.compare(True)
    explorer.choose_trial("000000000017", slot)
    trials = explorer.view.trial, explorer.view.second
    assert {explorer.shelf.model_of(trial) for trial in trials} == {"hot"}
    assert explorer.view.band == explorer.energy_range()


def test_the_grid_keeps_every_other_setting_of_the_trial(shelf) -> None:
    table = make_collected()
    doubled = xr.concat(
        [
            table.assign_coords(space_scales=("trial", np.full(32, 2.0))),
            table.assign_coords(
                space_scales=("trial", np.full(32, 3.0)),
                trial=[f"{i + 100:012x}" for i in range(32)],
            ),
        ],
        "trial",
    )
    sliced = type(shelf)(
        doubled,
        open_trial=lambda trial: shelf._open_trial(f"{int(trial, 16) % 100:012x}"),
        open_input=shelf.input,
    )
    explorer = shown_explorer(sliced)
    assert "space_scales" in explorer.choices.names
    cells = explorer.grid.source.data
    assert not any("best of" in text for text in cells["text"])
    explorer.trial_controls.settings["space_scales"].value = "3"
    shown = {trial for trial in explorer.grid.source.data["trial"] if trial}
    assert {float(sliced.row(trial)["space_scales"]) for trial in shown} == {3.0}


def test_equal_trials_differ_by_nothing_and_look_so(explorer) -> None:
    explorer.compare(True)
    view, mapper = explorer.maps.views["difference"], explorer.maps._difference
    assert not image(explorer, "difference").any()
    assert view.word == ""
    assert mapper.high == pytest.approx(0.02 * explorer.maps.scale.highest)


def test_an_address_opens_its_view(shelf) -> None:
    query = "trial=00000000000d&second=000000000007&slot=B&band=0.8 1&group=2"
    explorer = shown_explorer(shelf, query)
    assert explorer.view.trial == "00000000000d"
    assert explorer.trial_controls.slot.active == 1
    assert explorer.map_controls.typed_band.value == "0.8-1"
    assert explorer.spectra.sources["truth"].data["value"].size == 13
    assert shown_explorer(shelf, explorer.view.query).view == explorer.view


@pytest.mark.parametrize("query", ["trial=gone&second=gone&stretch=x&residual=y"])
def test_an_address_that_names_nothing_known_opens_all_the_same(shelf, query) -> None:
    explorer = shown_explorer(shelf, query)
    assert explorer.view == shown_explorer(shelf).view


def test_back_shows_what_was_shown(explorer) -> None:
    before, first = explorer.view, image(explorer, "fusion").copy()
    explorer.choose_trial("000000000000")
    explorer.address.value = f"?{before.query}"
    assert explorer.view == before
    assert_allclose(image(explorer, "fusion"), first)


def test_a_typed_band_is_taken_or_refused(explorer) -> None:
    typed = explorer.map_controls.typed_band
    typed.value = "0.9 – 0.8 keV"
    assert explorer.view.band == (0.8, 0.9)
    typed.value = "0.95"
    assert explorer.view.band == (0.95, 0.95)
    typed.value = "bright"
    assert explorer.view.band == (0.95, 0.95)
    assert typed.placeholder == "not a band: bright"


def test_other_sides_of_the_grid_are_shown_and_sliced(explorer) -> None:
    explorer.change(columns="rank", rows="mu")
    cells = explorer.grid.source.data
    settings = explorer.choices.settings(explorer.view.trial)
    index = cells["trial"].index(explorer.view.trial)
    assert cells["column"][index] == f"{settings['rank']:.4g}"
    assert explorer.grid.figure.xaxis.axis_label == "rank (components)"


def test_only_what_changed_is_drawn_again(explorer) -> None:
    before = {view: image(explorer, view) for view in ("truth", "imager", "fusion")}
    explorer.choose_region(Region.pixel(0.0, 0.0))
    for view, old in before.items():
        assert image(explorer, view) is old
    truth = explorer.spectra.sources["truth"].data["value"]
    explorer.choose_trial("000000000000")
    assert explorer.spectra.sources["truth"].data["value"] is truth
    assert image(explorer, "fusion") is not before["fusion"]
