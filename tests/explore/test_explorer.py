"""The explorer without a browser: what every choice puts on the page."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from astropy import units
from astropy.wcs import WCS
from bokeh.document import Document
from numpy.testing import assert_allclose

from hifred.explore.details import details_html
from hifred.explore.drawn_shape import Shape
from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.explorer import Explorer
from hifred.explore.maps_panel import FUSION_LESS_TRUTH, NO_TRUTH
from hifred.explore.smoothing import smoothed
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
    assert "low_rank" in explorer.details.value
    assert explorer.trial_controls.settings["regularizer"].value == "low_rank"


def test_a_failed_trial_is_hatched_and_named(explorer) -> None:
    explorer.choose_trial("000000000006")
    for view in ("fusion", "residual"):
        assert explorer.maps.views[view].word == "failed"
        assert explorer.maps.views[view].source.data["value"] == []
    assert shown(explorer, "fusion").size == 0
    assert explorer.details.value.count("none: the trial is failed") == 1


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
    changed = set()
    document = Document()
    for model in (explorer.maps.shared.selection, explorer.moment.map.source):
        document.add_root(model)
    document.on_change(lambda event: changed.add(event.model.name))
    explorer.choose_trial("000000000000")
    assert not changed
    assert explorer.spectra.sources["truth"].data["value"] is truth
    assert image(explorer, "fusion") is not before["fusion"]


@pytest.mark.parametrize("kind", ["circle", "ellipse"])
def test_a_shape_that_is_drawn_gives_its_spectrum(explorer, shelf, kind) -> None:
    explorer.map_controls.drag.active = ["box", "circle", "ellipse"].index(kind)
    explorer.gestures.drag_map(
        {"type": "rect", "x0": -25, "x1": 25, "y0": -30, "y1": 14}
    )
    shape = Shape.within(kind, Region((-30, 14), (-25, 25)))
    assert explorer.place == shape
    flux = shelf.trial(explorer.view.trial)["flux"].to_numpy().astype(float)
    shares = shape.shares(shelf.fusion(explorer.view.trial))
    width = np.diff(shelf.fusion(explorer.view.trial).edges)
    expected = (flux * shares).sum(axis=(1, 2)) / (shares.sum() * 100 * width)
    assert_allclose(shown(explorer, "fusion"), expected, rtol=1e-6)


def test_a_polygon_is_drawn_by_its_corners(explorer) -> None:
    explorer.map_controls.drag.active = 3
    explorer.gestures.tap_map(0.0, 0.0)
    before = explorer.view
    explorer.gestures.drag_map({"type": "poly", "x": [-20, 20, 0], "y": [-20, -20, 30]})
    assert explorer.view != before
    assert explorer.place == Shape("polygon", (-20, -20, 20, -20, 0, 30))


def test_residual_spectra_are_data_less_prediction_in_noise(explorer, shelf) -> None:
    explorer.choose_region(Region.pixel(15.0, 20.0))
    trial = explorer.view.trial
    for name, data in shelf.counts("demo").items():
        rows, columns = Region.pixel(15.0, 20.0).slices(data.y, data.x)
        counts, model = (
            cube[:, rows.start, columns.start].astype(float)
            for cube in (data.values, shelf.predictions(trial)[name].values)
        )
        drawn = explorer.residuals.sources[data.role].data["value"][:-1]
        assert_allclose(drawn, (counts - model) / np.sqrt(model), rtol=1e-6)


def test_moments_are_those_of_spectral_cube(explorer, shelf) -> None:
    cubes = pytest.importorskip("spectral_cube")
    explorer.choose_band((0.8, 1.0))
    flux = shelf.trial(explorer.view.trial)["flux"].sel(energy=slice(0.8, 1.0))
    wcs = WCS(naxis=3)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN", "FREQ"]
    wcs.wcs.cunit = ["deg", "deg", "Hz"]
    wcs.wcs.cdelt = [-1e-3, 1e-3, 0.0375]
    wcs.wcs.crpix = [1, 1, 1]
    wcs.wcs.crval = [0, 0, float(flux["energy"][0])]
    cube = cubes.SpectralCube(flux.to_numpy().astype(float) * units.ph, wcs)
    for moment, order in (("mean energy", 1), ("variance of the energy", 2)):
        explorer.change(moment=moment)
        expected = cube.moment(order=order).to(units.Hz**order).value
        drawn = explorer.moment.map.source.data["value"][0]
        assert_allclose(drawn, expected, rtol=1e-6)


def test_a_line_is_marked_and_its_band_mapped(explorer) -> None:
    controls = explorer.spectrum_controls
    assert "Ne IX He-alpha" in [name for name, _ in controls.line.options]
    controls.line.value = "Ne IX He-alpha"
    low, high = explorer.view.band
    assert low < EnergyAxis("Ne IX He-alpha").observed_kev < high
    assert explorer.spectra.mark.visible
    controls.axis.active = 1
    x = explorer.spectra.sources["truth"].data["x"]
    assert (np.diff(x) > 0).all()
    assert explorer.spectra.figure.xaxis.axis_label.startswith("velocity of Ne IX")
    explorer.gestures.tap_energy(SimpleNamespace(x=0.0))
    assert explorer.view.band[0] == pytest.approx(
        EnergyAxis("Ne IX He-alpha").observed_kev
    )


def test_maps_are_smoothed_and_say_so(explorer) -> None:
    before = image(explorer, "fusion")
    explorer.change(smooth=25.0)
    assert_allclose(image(explorer, "fusion"), smoothed(before, 2.5))
    assert explorer.maps.views["fusion"].figure.title.text == "fusion A, 25″"
    assert explorer.maps.views["imager"].source.data["error"] == [None]


def test_counts_have_errors_beside_their_values(explorer, shelf) -> None:
    data = shelf.counts("demo")["imager"]
    counts = data.native_image(explorer.view.band)
    drawn = explorer.maps.views["imager"].source.data
    relative = drawn["error"][0] / drawn["value"][0]
    assert_allclose(relative, 1 / np.sqrt(counts), rtol=0.2)


def test_contours_of_one_map_are_drawn_on_all(explorer) -> None:
    assert explorer.maps.shared.contours.data["xs"] == []
    explorer.change(contours="truth")
    assert len(explorer.maps.shared.contours.data["xs"]) > 2
    explorer.change(contours="")
    assert explorer.maps.shared.contours.data["xs"] == []


def test_a_place_beyond_the_field_is_told(explorer) -> None:
    explorer.choose_region(Shape("circle", (900.0, 0.0, 5.0)))
    assert explorer.spectra.figure.title.text.endswith("beyond the field")
    assert shown(explorer, "fusion").size == 0
