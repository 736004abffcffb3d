"""An input that nothing is fused from yet: its counts, spectra and areas."""

import csv

import numpy as np
import pytest
from bokeh.document import Document
from numpy.testing import assert_allclose

from hifred.explore.exports import shown_fits, spectra_csv
from hifred.explore.page import Page
from hifred.explore.server import _opened
from hifred.store import save_fusion_input
from tests.shelves import make_input


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    path = tmp_path_factory.mktemp("input") / "made.zarr"
    save_fusion_input(path, make_input(with_truth=False))
    shelf, name = _opened(path, None)
    assert name == "made"
    return shelf


@pytest.fixture(scope="module")
def page(shelf):
    page = Page(shelf, "made")
    page.open(Document())
    page.fill()
    return page


def test_the_page_says_whether_the_responses_agree(page) -> None:
    assert "the responses agree" in page.verdicts.text
    assert "spectrometer (spectrometer): " in page.verdicts.text
    assert "No trial" not in page.verdicts.text


def test_maps_spectra_and_areas_are_those_of_the_input(page, shelf) -> None:
    explorer = page.explorer
    observations = shelf.input("made").observations
    for role, observation in observations.items():
        shown = explorer.maps.views[role].source.data["value"][0]
        assert_allclose(shown, shelf.counts("made")[role].image(explorer.view.band))
        area = explorer.areas.sources[role].data["value"][:-1]
        assert_allclose(area, observation["effective_area"])
    assert set(explorer.shown_spectra()) == {"imager", "spectrometer"}


def test_velocities_turn_the_areas_round(shelf) -> None:
    explorer = Page(shelf, "made", "line=O VIII Ly-alpha&axis=velocity").explorer
    explorer.show()
    area = shelf.input("made").observations["imager"]["effective_area"]
    shown = explorer.areas.sources["imager"].data
    assert np.all(np.diff(shown["x"]) > 0)
    assert_allclose(shown["value"][:-1], area.to_numpy()[::-1])


def test_what_is_shown_is_saved_without_a_fusion(page) -> None:
    rows = spectra_csv(page.explorer).decode().splitlines()
    cubes = {row[0] for row in csv.reader(rows) if not row[0].startswith("#")}
    assert cubes == {"cube", "imager", "spectrometer"}
    assert shown_fits(page.explorer).startswith(b"SIMPLE")


@pytest.mark.browser
class TestInChromium:
    @pytest.fixture
    def opened(self, serve, shelf, chromium):
        chromium.open(serve(shelf))
        return chromium

    def test_only_what_an_input_has_is_on_the_page(self, opened, shelf) -> None:
        shown = opened.run(
            "return [...document.querySelectorAll('.map')]"
            ".filter((box) => box.offsetParent).map((box) => box.dataset.map)"
        )
        assert shown == ["imager", "spectrometer"]
        assert opened.run("return document.querySelector('aside').offsetParent") is None
        assert opened.run("return hifred.view('areas').el.offsetParent !== null")
        layer = shelf.counts("made")["imager"]
        before = opened.column("spectrum-imager", "value")
        opened.click("imager", layer.x[1], layer.y[2])
        opened.wait_for(
            "return JSON.stringify(hifred.column('spectrum-imager', 'value')) !== "
            f"JSON.stringify({before})"
        )
        counts = layer.values[:, 2, 1]
        value = np.array(opened.column("spectrum-imager", "value"))[:-1]
        assert_allclose(value == 0, counts == 0)
        assert not [line for line in opened.console() if "WebGL" not in line]
