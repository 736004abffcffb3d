"""What the page does by itself in a real Chromium: reading, zooming, saving."""

import base64
import time
from pathlib import Path

import html5lib
import numpy as np
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.explore.test_browser import wait_for_change

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("silent")]

WIDTHS = (390, 1000, 1400, 2500)


@pytest.fixture(scope="module")
def page(serve, placed_shelf, chromium):
    chromium.open(serve(placed_shelf))
    return chromium


def readout(page) -> str:
    return page.run("return document.getElementById('readout').textContent")


def open_view(page, query: str = "") -> None:
    page.open(page.address(f"?{query}"))


def test_the_read_out_says_place_value_and_error(page, placed_shelf) -> None:
    layer = placed_shelf.counts("demo")["imager"]
    page.point("imager", layer.x[2], layer.y[7])
    page.wait_for("return document.getElementById('readout').textContent.match(/ ± /)")
    said = readout(page)
    band = layer.energy_range
    value, error = layer.image(band)[7, 2], layer.image_error(band)[7, 2]
    found = [float(word) for word in said.split(" · ")[3].split(" ± ")[0].split()[:1]]
    assert found == pytest.approx([value], rel=1e-3)
    told = float(said.split(" ± ")[1].split()[0])
    assert told == pytest.approx(error, rel=1e-3)
    sky = placed_shelf.place.sky_of(7, 2).icrs
    ra = sky.ra.to_string(unit="hour", sep=":", precision=2, pad=True)
    dec = sky.dec.to_string(sep=":", precision=1, pad=True, alwayssign=True)
    assert f"RA {ra}, Dec {dec.replace('-', '−')}" in said
    assert "0.5-1.4 keV" in said


def test_the_spectra_are_read_where_the_mouse_is(page) -> None:
    top = page.run("return hifred.model('spectrum').y_range.end")
    page.point("spectrum", 0.95, top / 2)
    page.wait_for("return document.getElementById('readout').textContent.match(/keV/)")
    value = page.column("spectrum-truth", "value")[12]
    said = readout(page)
    told = [part for part in said.split(" · ") if part.startswith("truth ")]
    assert float(told[0].split()[1]) == pytest.approx(value, rel=1e-3)


def test_the_wheel_zooms_all_maps_and_a_drag_moves_them(page) -> None:
    span = "hifred.model('truth').x_range.end - hifred.model('truth').x_range.start"
    before = page.run(f"return {span}")
    page.wheel("fusion", 0.0, 0.0)
    page.wait_for(f"return {span} < 0.95 * {before}")
    page.run("hifred.model('drag').active = 4")
    start = page.run("return hifred.model('fusion').x_range.start")
    region = page.run("return JSON.stringify(hifred.column('selection', 'x'))")
    page.drag("fusion", (0.0, 0.0), (10.0, 5.0))
    page.wait_for(f"return hifred.model('fusion').x_range.start < {start} - 4")
    assert page.run("return JSON.stringify(hifred.column('selection', 'x'))") == region
    page.run("hifred.model('drag').active = 0")


@pytest.mark.parametrize(("kind", "mode"), [("circle", 1), ("ellipse", 2)])
def test_a_shape_is_drawn_by_dragging(page, kind, mode) -> None:
    open_view(page)
    page.run(f"hifred.model('drag').active = {mode}")
    page.drag("truth", (-20.0, -20.0), (20.0, 12.0))
    page.wait_for(f"return hifred.model('spectrum').title.text.startsWith('{kind}')")
    page.wait_for(f"return location.search.includes('region={kind}')")


def test_two_quick_clicks_are_two_and_a_late_drag_is_a_drag(page) -> None:
    open_view(page)
    page.click("imager", -20.0, -30.0)
    page.click("imager", 20.0, 30.0)
    page.wait_for("return hifred.column('selection', 'x').every((x) => x > 10)")
    page.drag("truth", (-20.0, -20.0), (20.0, 12.0), hold=0.4)
    page.wait_for("return hifred.column('selection', 'x').some((x) => x < -10)")


def test_arrow_keys_move_the_pixel(page) -> None:
    open_view(page, "region=5 5 0 0")
    x = page.column("selection", "x")
    box = page.driver.find_elements("css selector", ".map")[0]
    box.send_keys(Keys.ARROW_RIGHT)
    page.wait_for(f"return hifred.column('selection','x')[0] > {x[0]} + 9")


def test_every_control_is_reached_by_the_keyboard(page) -> None:
    open_view(page)
    page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
    reached = set()
    for _ in range(90):
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        reached.add(
            page.run("""
            let at = document.activeElement
            while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
            return at?.tagName + '|' + (at?.id || at?.textContent?.slice(0, 20))""")
        )
    kinds = {name.split("|")[0] for name in reached}
    assert {"SELECT", "INPUT", "BUTTON", "SUMMARY", "A"} <= kinds
    for name in ("png", "filter"):
        assert any(name in entry for entry in reached) or name == "filter"
    assert sum(entry.startswith("SELECT") for entry in reached) >= 1


def test_every_text_has_the_contrast_of_aa(page) -> None:
    open_view(page, "second=000000000000")
    script = (Path(__file__).parent / "contrast.js").read_text("utf-8")
    assert page.run(script) == []
    page.run("document.querySelector('h1').style.color = '#aaa'")
    (found,) = page.run(script)
    assert "H1" in found


def test_two_trials_blink(page) -> None:
    open_view(page, "second=000000000000")
    page.wait_for("return !document.getElementById('blink').hidden")
    page.run("document.getElementById('blink').click()")
    page.wait_for("return hifred.model('fusion').title.text === 'fusion B'")
    page.wait_for("return hifred.model('fusion').title.text === 'fusion A'")
    page.run("document.getElementById('blink').click()")


def test_the_picture_is_a_png_with_something_on_it(page) -> None:
    page.run("""
        window.saved = null
        const create = URL.createObjectURL
        URL.createObjectURL = (blob) => {
          const reader = new FileReader()
          reader.onload = () => { window.saved = reader.result }
          reader.readAsDataURL(blob)
          return create(blob)
        }
        document.getElementById('png').click()""")
    saved = page.wait_for("return window.saved")
    content = base64.b64decode(saved.split(",")[1])
    assert content.startswith(b"\x89PNG")
    assert len(content) > 20_000


def test_all_trials_are_sorted_and_filtered(page) -> None:
    page.run("document.getElementById('all-trials').open = true")
    rows = (
        "[...hifred.view('trials').shadow_el.querySelectorAll('tbody tr')]"
        ".filter((row) => !row.hidden).map((row) => row.cells[4].textContent)"
    )
    page.wait_for(f"return {rows}.length === 32")
    heads = "hifred.view('trials').shadow_el.querySelectorAll('th button')"
    page.wait_for(f"{heads}[4].click(); return {rows}[0] === '0.001'")
    mu = page.run(f"return {rows}")
    numbers = [float(text) for text in mu if text != "–"]
    assert numbers == sorted(numbers)
    assert mu[-1] == "–"
    page.run(
        "const f = document.getElementById('filter'); f.value = 'lrs 0.03 hot';"
        "f.dispatchEvent(new Event('input'))"
    )
    assert page.run(f"return {rows}") == ["0.03", "0.03"]


def test_a_lost_server_is_told(page) -> None:
    page.run("explorer.lose()")
    said = page.run(
        "const b = document.getElementById('banner'); return b.hidden || b.textContent"
    )
    assert "hifred explore" in said
    page.run("explorer.find()")
    assert page.run("return document.getElementById('banner').hidden")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_the_window(page, width) -> None:
    open_view(page)
    device = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    try:
        page.wait_for("return document.documentElement.scrollWidth <= innerWidth")
        sides = "hifred.model('fusion').frame_width"
        least = 100 if width == 390 else 80
        page.wait_for(f"return {sides} >= {least}")
        frame = page.run(
            "const f = hifred.model('fusion');"
            "return [f.frame_width / f.frame_height, f.x_range.reset_end / "
            "f.y_range.reset_end]"
        )
        assert frame[0] == pytest.approx(frame[1], rel=0.03)
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_html_is_valid(page) -> None:
    text = page.run(
        "const r = new XMLHttpRequest(); r.open('GET', location.href, false);"
        "r.send(); return r.responseText"
    )
    html5lib.HTMLParser(strict=True).parse(text)
    assert "What the sweep says" in text


def test_a_change_elsewhere_leaves_maps_alone(page) -> None:
    open_view(page)
    before = page.run("return JSON.stringify(hifred.column('spectrum-fusion','value'))")
    page.run("window.kept = hifred.model('fusion-data').data")
    page.click("fusion", 0.0, 0.0)
    wait_for_change(page, "hifred.column('spectrum-fusion','value')", before)
    assert page.run("return window.kept === hifred.model('fusion-data').data")
    assert np.isfinite(page.column("spectrum-fusion", "value")).all()


COUNT_PAINTS = """
window.paints = {}
const plot = Bokeh.require('models/plots/plot_canvas').PlotView.prototype
if (!plot.unwatched) {
  plot.unwatched = plot._actual_paint
  plot._actual_paint = function () {
    paints[this.model.name] = (paints[this.model.name] ?? 0) + 1
    this.unwatched()
  }
}
"""


def test_another_trial_paints_what_it_changes_once(page) -> None:
    open_view(page, "trial=000000000001")
    page.run(COUNT_PAINTS)
    before = page.run("return JSON.stringify(hifred.column('spectrum-fusion','value'))")
    page.run("explorer.go('?trial=000000000002')")
    wait_for_change(page, "hifred.column('spectrum-fusion','value')", before)
    page.wait_for("return paints.spectrum")
    time.sleep(1.0)  # for a second paint, which there must not be
    paints = page.run("return paints")
    assert paints["fusion"] == paints["spectrum"] == 1
    assert "000000000002" in page.run(
        "return document.getElementById('details').textContent"
    )
    assert not {"truth", "imager", "spectrometer"} & set(paints)


def test_a_button_of_the_legend_hides_its_line_everywhere(page) -> None:
    open_view(page)
    button = page.driver.find_element(
        "xpath", "//*[@id='legend']/button[normalize-space()='imager']"
    )
    visible = (
        "['spectrum', 'residual-spectrum'].flatMap((name) => hifred.model(name)"
        ".renderers).filter((line) => line.tags.includes('line-imager'))"
        ".map((line) => line.visible)"
    )
    assert page.run(f"return {visible}") == [True, True, True]
    button.send_keys(Keys.ENTER)
    assert page.run(f"return {visible}") == [False, False, False]
    assert button.get_attribute("aria-pressed") == "false"
    button.send_keys(Keys.ENTER)
    assert page.run(f"return {visible}") == [True, True, True]
    names = page.run(
        "return [...document.querySelectorAll('#legend button:not([hidden])')]"
        ".map((button) => button.textContent)"
    )
    assert names[-1].startswith("fusion: ")
