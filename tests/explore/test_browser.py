"""The explorer in a real Chromium: clicks, drags, and what the page then shows."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.regions import fused_field, parse_regions
from hifred.spectra import region_flux

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("silent")]


@pytest.fixture(scope="module")
def page(serve, shelf, chromium):
    chromium.open(serve(shelf))
    return chromium


def spectrum(page, role="fusion") -> np.ndarray:
    return np.array(page.column(f"spectrum-{role}", "value"))[:-1]


def image(page, view: str) -> np.ndarray:
    return np.array(page.column(f"{view}-data", "value")[0])


def shown_trial(page) -> str:
    return page.run(
        "return hifred.model('spectrum').center.find((m) => m.type === 'Legend').items"
        ".map((item) => item.label.value).join('|')"
    )


def stored(shelf, trial: str, row: int, column: int) -> np.ndarray:
    result = shelf.trial(trial)
    width = np.diff(result["energy_edges"])
    return result["flux"].to_numpy()[:, row, column] / (width * 100.0)


def wait_for_change(page, expression: str, before) -> None:
    page.wait_for(f"return JSON.stringify({expression}) !== {before!r}")


def test_the_page_opens_and_asks_nobody_else(page) -> None:
    addresses = [a for a in page.requests() if a.startswith(("http:", "https:"))]
    assert addresses
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)
    if folder := os.environ.get("HIFRED_SCREENSHOTS"):
        page.screenshot(Path(folder) / "explorer.png")


def test_the_page_begins_with_the_verdicts(page, shelf) -> None:
    page.wait_for("return hifred.model('verdicts').text.includes('Take ')")
    top = page.run(
        "return [hifred.view('verdicts'), hifred.view('fusion'), hifred.view('grid')]"
        ".map((view) => view.el.getBoundingClientRect().top)"
    )
    assert top[0] < min(top[1:])
    said = page.run("return hifred.view('verdicts').shadow_el.textContent")
    for verdict in shelf.verdicts():
        assert verdict.sentence in said


@pytest.mark.parametrize(("row", "column"), [(2, 5), (9, 1)])
def test_clicking_a_pixel_shows_that_pixels_spectrum(page, shelf, row, column) -> None:
    layer = shelf.counts("demo")["imager"]
    before = page.run("return JSON.stringify(hifred.column('spectrum-fusion','value'))")
    page.click("fusion", layer.x[column], layer.y[row])
    wait_for_change(page, "hifred.column('spectrum-fusion','value')", before)
    best = str(shelf.table.frame["nmse_db"].idxmax())
    assert_allclose(spectrum(page), stored(shelf, best, row, column), rtol=1e-6)
    truth = shelf.input("demo").truth
    width = np.diff(truth["energy_edges"]) * 100.0
    assert_allclose(
        spectrum(page, "truth"), truth["flux"].to_numpy()[:, row, column] / width
    )


def test_dragging_a_region_shows_its_mean_spectrum(page, shelf) -> None:
    before = page.run("return JSON.stringify(hifred.column('spectrum-truth','value'))")
    page.drag("truth", (-23.0, -33.0), (22.0, 34.0))
    wait_for_change(page, "hifred.column('spectrum-truth','value')", before)
    truth = shelf.input("demo").truth.sel(x=slice(-23, 22), y=slice(-33, 34))
    width = np.diff(truth["energy_edges"]) * 100.0
    mean = truth["flux"].mean(["y", "x"]).to_numpy() / width
    assert_allclose(spectrum(page, "truth"), mean, rtol=1e-6)


def test_spectra_of_fusions_are_corrected_when_asked(page, shelf) -> None:
    page.open(page.address("?region=circle 5 -10 20 0"))
    before, truth = spectrum(page), spectrum(page, "truth")
    page.run("hifred.view('spectra').shadow_el.querySelectorAll('.bk-btn')[1].click()")
    page.wait_for(
        "return hifred.view('note-on-spectra').shadow_el.textContent"
        ".includes('fusion A: corrected with the sky around')"
    )
    assert ", corrected|" in shown_trial(page)
    best, fusion_input = str(shelf.table.frame["nmse_db"].idxmax()), shelf.input("demo")
    result = shelf.trial(best)
    field = fused_field(result, fusion_input)
    regions = parse_regions("image\ncircle(5.5,5.5,2)", field)
    flux = region_flux(result, regions, fusion_input=fusion_input)["flux"].to_numpy()
    area = regions[0].n_pixels * 100.0
    expected = flux[0] / (np.diff(result["energy_edges"]) * area)
    assert_allclose(spectrum(page), expected, rtol=1e-9)
    assert np.abs(spectrum(page) / before - 1).max() > 1e-4
    assert_allclose(spectrum(page, "truth"), truth)
    if folder := os.environ.get("HIFRED_SCREENSHOTS"):
        page.screenshot(Path(folder) / "explorer-corrected.png")


def test_clicking_a_cell_changes_all_views(page) -> None:
    before = [image(page, view) for view in ("fusion", "residual")]
    line = spectrum(page)
    cells = page.column("grid-data", "text")
    index = cells.index("22.42")
    column, row = (page.column("grid-data", name)[index] for name in ("column", "row"))
    state = page.run("return JSON.stringify(hifred.column('fusion-data','value'))")
    page.click("grid", f"'{column}'", f"'{row}'")
    wait_for_change(page, "hifred.column('fusion-data','value')", state)
    page.wait_for("return hifred.column('grid-chosen','column')[0] == " + repr(column))
    time.sleep(0.5)
    for old, view in zip(before, ("fusion", "residual"), strict=True):
        assert not np.array_equal(old, image(page, view))
    assert not np.array_equal(line, spectrum(page))
    assert f"mu {column} rank {row}" in shown_trial(page)


def test_clicking_a_failed_cell_says_so(page) -> None:
    cells = page.column("grid-data", "text")
    index = cells.index("failed")
    column, row = (page.column("grid-data", name)[index] for name in ("column", "row"))
    page.click("grid", f"'{column}'", f"'{row}'")
    page.wait_for("return hifred.model('fusion-word').text === 'failed'")
    assert page.column("fusion-data", "value") == []
    if folder := os.environ.get("HIFRED_SCREENSHOTS"):
        page.screenshot(Path(folder) / "explorer-failed.png")


def test_back_and_refresh_bring_the_view_back(page) -> None:
    page.open(page.address("?trial=000000000000&group=2"))
    assert "token" not in page.run("return location.search")
    before = page.run("return JSON.stringify(hifred.column('fusion-data','value'))")
    cells = page.column("grid-data", "trial")
    page.run("explorer.go('?trial=000000000001&group=2')")
    wait_for_change(page, "hifred.column('fusion-data','value')", before)
    page.wait_for("return location.search.includes('000000000001')")
    page.driver.back()
    page.wait_for("return hifred.model('address').value.includes('000000000000')")
    same = f"JSON.stringify(hifred.column('fusion-data','value')) === {before!r}"
    page.wait_for(f"return {same}")
    page.open(page.run("return location.href"))
    assert page.run(f"return {same}")
    assert page.column("grid-data", "trial") == cells


def test_dragging_on_the_spectrum_chooses_the_band(page) -> None:
    before = page.run("return JSON.stringify(hifred.column('imager-data','value'))")
    top = page.run("return hifred.model('spectrum').y_range.end")
    page.drag("spectrum", (0.8, top / 2), (1.0, top / 2))
    wait_for_change(page, "hifred.column('imager-data','value')", before)
    left, right = page.run(
        "const b = hifred.model('spectrum').center"
        ".find((m) => m.type === 'BoxAnnotation'); return [b.left, b.right]"
    )
    assert 0.78 < left < 0.82
    assert 0.98 < right < 1.02
