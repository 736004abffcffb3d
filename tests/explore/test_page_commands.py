"""What the page asks for beside its widgets: files, lists, steps of the keyboard."""

import base64
import csv
import io
import json

import html5lib
import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.explore.drawn_shape import Shape
from hifred.explore.explorer import Explorer
from hifred.explore.page_commands import LONGEST_ADDRESS, PageCommands
from hifred.explore.trial_list import trials_html


@pytest.fixture
def commands(shelf):
    explorer = Explorer(shelf)
    explorer.show()
    return PageCommands(explorer, explorer.show_rest)


def delivered(commands, word: str) -> bytes:
    commands.command.value = f"{word} 1"
    return base64.b64decode(json.loads(commands.delivery.value)["content"])


def test_csv_holds_the_spectra_that_are_shown(commands) -> None:
    lines = delivered(commands, "csv").decode().splitlines()
    facts = [line for line in lines if line.startswith("#")]
    assert f"# trial: {commands._explorer.view.trial}" in facts
    rows = list(csv.DictReader(io.StringIO("\n".join(lines[len(facts) :]))))
    found = [float(row["value"]) for row in rows if row["cube"] == "fusion"]
    shown = commands._explorer.spectra.sources["fusion"].data["value"][:-1]
    assert_allclose(found, shown, rtol=1e-15)


def test_fits_holds_the_maps_and_spectra_that_are_shown(commands) -> None:
    explorer = commands._explorer
    with fits.open(io.BytesIO(delivered(commands, "fits"))) as file:
        for name in ("truth", "fusion", "residual"):
            value = explorer.maps.views[name].source.data["value"][0]
            assert_allclose(file[name.upper()].data, value)
        assert file["FUSION"].header["E_LOW"] == explorer.view.band[0]
        table = file["SPECTRUM_FUSION"].data
        shown = explorer.spectra.sources["fusion"].data["value"][:-1]
        assert_allclose(table["value"], shown)
        assert file["RESIDUAL"].header["BUNIT"] == ""


def test_a_region_is_saved_and_opened_again(commands) -> None:
    explorer = commands._explorer
    shape = Shape("ellipse", (3.0, -8.0, 22.0, 12.0), 40.0)
    explorer.choose_region(shape)
    text = delivered(commands, "reg")
    explorer.choose_region(Shape("circle", (0.0, 0.0, 9.0)))
    commands._read_region("value", "", base64.b64encode(text).decode())
    assert explorer.place.kind == "ellipse"
    assert_allclose(explorer.place.numbers, shape.numbers, atol=1e-6)


def test_a_file_that_is_no_region_is_refused_in_words(commands) -> None:
    before = commands._explorer.view
    commands._read_region("value", "", base64.b64encode(b"nothing").decode())
    assert "Not read" in commands.message.text
    assert commands._explorer.view == before


@pytest.mark.parametrize(("n_shapes", "is_kept"), [(20, True), (800, False)])
def test_shapes_too_many_for_an_address_are_left_out(
    commands, n_shapes, is_kept
) -> None:
    lines = [f"circle({3 + n / 800},4,2) # text={{knot {n}}}" for n in range(n_shapes)]
    text = "\n".join(["image", *lines]).encode()
    commands._read_region("value", "", base64.b64encode(text).decode())
    explorer = commands._explorer
    assert bool(explorer.view.among) == is_kept
    assert ("too long for an address" in commands.message.text) != is_kept
    assert len(explorer.address.value) <= LONGEST_ADDRESS
    assert explorer.place.kind == "circle"


def test_a_file_writes_no_html_into_the_page(commands) -> None:
    harm = "<img src=x onerror=alert(1)>"
    for text in (f"image\n{harm}(1)", f"image\nannulus(5,5,1,2) # text={{{harm}}}"):
        commands._read_region("value", "", base64.b64encode(text.encode()).decode())
        assert "Not read" in commands.message.text
        assert "<img" not in commands.message.text
    assert "&lt;img" in commands.message.text


def test_arrow_keys_move_by_a_pixel(commands) -> None:
    explorer = commands._explorer
    x, y = explorer.shape.centre
    for word, step in (("left", (-10, 0)), ("down", (-10, -10)), ("up", (-10, 0))):
        commands.command.value = f"{word} {step}"
        assert np.subtract(explorer.shape.centre, (x, y)) == pytest.approx(step)


def test_an_unknown_command_does_nothing(commands) -> None:
    before = commands._explorer.view
    commands.command.value = "dance 1"
    assert commands._explorer.view == before
    assert commands.delivery.value == ""


def test_all_trials_are_listed_with_the_best_first(commands, shelf) -> None:
    page = trials_html(shelf.table)
    html5lib.HTMLParser(strict=True).parseFragment(page)
    assert page.count("<tr>") == len(shelf.table) + 1
    best = shelf.table.frame["nmse_db"].idxmax()
    assert page.index(f"?trial={best}") == page.index("?trial=")
    assert "failed" in page
    commands.command.value = "trials 1"
    assert commands.trials.text == page
