"""Several instruments of one role: each has its own map, spectrum and residuals."""

import io
from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from bokeh.document import Document
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.explore.explorer import Explorer
from hifred.explore.exports import shown_fits, spectra_csv
from hifred.explore.instrument_views import instrument_views
from hifred.explore.page import Page
from hifred.explore.server import _opened
from hifred.plots.regions import Region
from hifred.plots.shelf import Shelf
from hifred.store import save_fusion_input
from hifred.store.fusion_input import instrument_roles
from tests.made_up import make_collected, make_observation
from tests.shelves import make_input

VIEWS = {
    "mos1": "imager",
    "hard": "spectrometer",
    "mos2": "imager_2",
    "soft": "spectrometer_2",
}


@pytest.fixture(scope="module")
def several():
    """Return an input with two imagers and two spectrometers, of different counts."""
    found = make_input()
    observations = {
        name: make_observation(found.truth, view.split("_")[0], seed).assign_attrs(
            instrument=name
        )
        for seed, (name, view) in enumerate(VIEWS.items())
    }
    return replace(found, observations=observations)


@pytest.fixture(scope="module")
def several_shelf(shelf, several):
    """Return the sweep, whose model hot has two instruments of each role, demo one."""
    inputs = {"demo": shelf.input("demo"), "hot": several}
    return Shelf(
        make_collected(), open_trial=shelf._open_trial, open_input=inputs.__getitem__
    )


@pytest.fixture(scope="module")
def explorer(several_shelf):
    table = several_shelf.table
    trial = table.select({"model": "hot"}).take(table.select({"model": "hot"}).is_done)
    explorer = Explorer(several_shelf, f"trial={trial.trials[0]}")
    explorer.show()
    explorer.choose_region(Region.pixel(15.0, 20.0))
    return explorer


@pytest.mark.parametrize("name", VIEWS)
def test_maps_spectra_and_residuals_are_those_of_each(explorer, name: str) -> None:
    shelf, view = explorer.shelf, VIEWS[name]
    data = shelf.counts("hot")[name]
    drawn = explorer.maps.views[view].source.data["value"][0]
    assert_allclose(drawn, data.image(explorer.view.band))
    spectrum = explorer.spectra.sources[view].data["value"][:-1]
    pixel = Region.pixel(15.0, 20.0)
    assert_allclose(spectrum, data.spectrum(pixel).values)
    model = shelf.predictions(explorer.view.trial)[name]
    expected = (data.total(pixel) - model.total(pixel)) / np.sqrt(model.total(pixel))
    deviation = explorer.residuals.sources[view].data["value"][:-1]
    assert_allclose(deviation, expected, rtol=1e-6)


def test_names_tell_instruments_of_one_role_apart(explorer) -> None:
    for name, view in VIEWS.items():
        label = f"{name} ({view.split('_')[0]})"
        assert explorer.maps.views[view].title == name
        assert (view, name) in explorer.map_controls.contours.options
        legend = dict(explorer.spectra._legend_items)
        assert legend[view].label.value == label
    colours = {
        line.glyph.line_color
        for line in explorer.spectra.figure.renderers
        if line.data_source in explorer.spectra.sources.values()
    }
    assert len(colours) == len(explorer.spectra.sources)


def test_a_model_with_fewer_instruments_says_so(several_shelf) -> None:
    explorer = Explorer(several_shelf, "trial=000000000000")
    explorer.show()
    assert explorer.model == "demo"
    assert explorer.maps.views["imager"].title == "imager"
    assert explorer.maps.views["imager_2"].word == "no imager 2"
    assert "imager_2" not in explorer.shown_spectra()


def test_a_model_whose_input_is_gone_hides_no_other(shelf) -> None:
    def open_input(model):
        if model != "demo":
            raise HifredError("gone")
        return shelf.input(model)

    left = Shelf(make_collected(), open_trial=shelf._open_trial, open_input=open_input)
    assert list(left.roles()) == ["demo"]
    assert "imager" in Explorer(left, "trial=000000000000").shown_spectra()


def test_what_is_saved_names_every_instrument(explorer) -> None:
    lines = spectra_csv(explorer).decode().splitlines()
    assert "# imager_2: mos2 (imager)" in lines
    assert {line.split(",")[0] for line in lines} >= set(VIEWS.values())
    with fits.open(io.BytesIO(shown_fits(explorer))) as parts:
        for name, view in VIEWS.items():
            for extension in (view, f"SPECTRUM_{view}"):
                assert parts[extension].header["INSTRUME"].startswith(f"{name} (")


def test_an_input_shows_every_instrument(several, tmp_path) -> None:
    path = save_fusion_input(tmp_path / "made.zarr", several)
    page = Page(_opened(path, None)[0], "made")
    page.open(Document())
    page.fill()
    areas = page.explorer.areas
    named = {str(item.label.value) for item in areas.figure.legend[0].items}
    assert named == set(VIEWS)
    for name, view in VIEWS.items():
        area = several.observations[name]["effective_area"]
        assert_allclose(areas.sources[view].data["value"][:-1], area)
    assert page._layers_of_input == ["truth", *sorted(VIEWS.values())]


def test_roles_are_read_without_the_arrays(several, tmp_path) -> None:
    path = save_fusion_input(tmp_path / "made.zarr", several)
    assert instrument_roles(path) == [view.split("_")[0] for view in VIEWS.values()]


def test_there_are_views_for_the_most_of_each_role() -> None:
    inputs = [["imager"], ["spectrometer", "imager", "imager"], []]
    assert instrument_views(inputs) == ("imager", "imager_2", "spectrometer")
    assert instrument_views([]) == ("imager", "spectrometer")
