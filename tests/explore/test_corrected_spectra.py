"""Corrected spectra in the explorer are those of `hifred spectra`."""

import base64
from html import escape

import numpy as np
import pytest
from astropy.io import fits
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.explore import corrected_spectra
from hifred.explore.drawn_shape import Shape
from hifred.explore.explorer import Explorer
from hifred.explore.exports import shown_fits, spectra_csv
from hifred.explore.page_commands import PageCommands
from hifred.explore.place import pixels_of, shapes_text
from hifred.explore.view import CORRECTED
from hifred.plots.regions import Region
from hifred.plots.shelf import Shelf
from hifred.regions import box_region, fused_field, parse_regions
from hifred.spectra import region_flux
from hifred.store import save_draws
from tests.explore.test_errors_of_draws import copy_of, draws_of
from tests.shelves import make_input

REGIONS = "image\ncircle(4,5,2) # text={knot}\nellipse(7,8,2,3,0) # text={rim}"
CIRCLE = Shape("circle", (5.0, -10.0, 22.0))


@pytest.fixture
def explorer(shelf):
    explorer = Explorer(shelf)
    explorer.show()
    return explorer


def cube_of(explorer):
    """Return what is fused in trial A, its input, and its pixels."""
    result = explorer.shelf.trial(explorer.view.trial)
    fusion_input = explorer.shelf.input(explorer.model)
    return result, fusion_input, fused_field(result, fusion_input)


def shown_flux(explorer, view="fusion") -> np.ndarray:
    """Return what is shown as flux of the region, photon cm-2 s-1 per bin."""
    spectrum = explorer.shown_spectra()[view]
    assert_allclose(explorer.spectra.sources[view].data["value"][:-1], spectrum.values)
    layer = explorer.shelf.fusion(explorer.view.trial)
    pixels = pixels_of(explorer.place, layer)
    if isinstance(pixels, Region):
        rows, columns = pixels.slices(layer.y, layer.x)
        n_pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
    else:
        n_pixels = pixels.sum()
    return spectrum.values * np.diff(spectrum.edges) * n_pixels * layer.pixel_area


def note(explorer) -> str:
    return explorer.spectrum_controls.note.text


def test_regions_of_one_file_are_corrected_together(explorer) -> None:
    commands = PageCommands(explorer, explorer.show_rest)
    commands._read_region("value", "", base64.b64encode(REGIONS.encode()).decode())
    assert commands.message.text.startswith("2 shapes were read, each a region")
    assert "other numbers" not in commands.message.text
    controls = explorer.spectrum_controls
    controls.spectra.active = 1
    result, fusion_input, field = cube_of(explorer)
    regions = parse_regions(REGIONS, field)
    expected = region_flux(result, regions, fusion_input=fusion_input)["flux"].values
    assert_allclose(shown_flux(explorer), expected[0], rtol=1e-10)
    assert controls.among.visible
    controls.among.value = controls.among.options[1][0]
    assert_allclose(shown_flux(explorer), expected[1], rtol=1e-10)
    assert "with all 2 regions of its file and the sky around" in note(explorer)
    alone = region_flux(result, regions[1:], fusion_input=fusion_input)["flux"].values
    assert np.abs(alone[0] / expected[1] - 1).max() > 1e-6


def test_shapes_of_one_name_are_said_to_have_other_numbers(explorer) -> None:
    commands = PageCommands(explorer, explorer.show_rest)
    text = REGIONS.replace("{rim}", "{knot}")
    commands._read_region("value", "", base64.b64encode(text.encode()).decode())
    assert "takes them together, and has other numbers" in commands.message.text
    explorer.change(spectra=CORRECTED)
    assert "takes shapes of one name together" in note(explorer)
    assert "as by" not in note(explorer)
    names = [name for _, name in explorer.spectrum_controls.among.options]
    assert names == ["knot", "knot (2)"]


def test_a_box_alone_is_corrected_with_the_sky_around(explorer) -> None:
    y, x = (-40.0, 10.0), (-15.0, 25.0)  # edges of pixels
    explorer.choose_region(Region(y, x))
    summed = shown_flux(explorer)
    explorer.change(spectra=CORRECTED)
    result, fusion_input, field = cube_of(explorer)
    box = box_region("box", y, x, field)
    expected = region_flux(result, [box], fusion_input=fusion_input)["flux"].values
    assert_allclose(shown_flux(explorer), expected[0], rtol=1e-10)
    assert np.abs(summed / expected[0] - 1).max() > 1e-4
    assert "of its file" not in note(explorer)


def test_another_shape_than_those_of_the_file_is_alone(explorer) -> None:
    among = {"a": CIRCLE, "b": CIRCLE.moved(0.0, 30.0)}
    explorer.change(region=CIRCLE.text, among=shapes_text(among.items()))
    explorer.choose_region(CIRCLE.moved(1.0, 0.0))
    assert explorer.view.among == ""
    assert not explorer.spectrum_controls.among.visible


def test_the_address_brings_correction_and_file_back(explorer) -> None:
    among = {"a": CIRCLE, "b": CIRCLE.moved(0.0, 30.0)}
    explorer.change(
        region=CIRCLE.text, among=shapes_text(among.items()), spectra=CORRECTED
    )
    again = Explorer(explorer.shelf, explorer.address.value)
    again.show()
    assert again.view == explorer.view
    assert_allclose(shown_flux(again), shown_flux(explorer), rtol=1e-12)


def test_an_address_of_no_numbers_is_left_out(explorer) -> None:
    query = "region=nan+nan+nan+nan&among=circle+nan+nan+nan+0+%23+b&spectra=corrected"
    again = Explorer(explorer.shelf, query)
    again.show()
    assert (again.view.region, again.view.among) == ("", "")
    assert "corrected with the sky around" in note(again)


def test_both_fusions_are_corrected_and_nothing_else_is(explorer) -> None:
    explorer.compare(True)
    explorer.choose_trial("000000000000", "B")
    explorer.choose_region(CIRCLE)
    sums = explorer.shown_spectra()
    explorer.change(spectra=CORRECTED)
    corrected = explorer.shown_spectra()
    differing = {view for view in sums if sums[view] is not corrected[view]}
    assert differing == {"fusion", "second_fusion"}
    labels = [item.label["value"] for _, item in explorer.spectra._legend_items]
    assert sum(label.endswith(", corrected") for label in labels) == 2
    explorer.change(spectra="sums")
    assert explorer.shown_spectra() == sums
    assert note(explorer) == ""


def test_joined_bins_hold_the_flux_of_their_parts(explorer) -> None:
    explorer.change(region=CIRCLE.text, spectra=CORRECTED)
    single = shown_flux(explorer)
    explorer.change(group=8)
    assert_allclose(shown_flux(explorer), single.reshape(-1, 8).sum(axis=1))


def test_without_an_input_the_sum_is_shown_and_the_reason_told(
    explorer, monkeypatch
) -> None:
    def gone(self, model: str):
        raise HifredError(f"input must be there; <{model}> is gone.")

    explorer.choose_region(CIRCLE)
    summed = shown_flux(explorer)
    monkeypatch.setattr(Shelf, "input", gone)
    explorer.change(spectra=CORRECTED)
    assert_allclose(shown_flux(explorer), summed)
    told = "not corrected: input must be there; &lt;demo&gt; is gone."
    assert note(explorer).endswith(told)
    assert b"# fusion: sum over the pixels" in spectra_csv(explorer)


@pytest.mark.parametrize(
    ("owner", "name", "error"),
    [
        (Shelf, "input", OSError("the disk is <gone>")),
        (corrected_spectra, "region_flux", np.linalg.LinAlgError("singular <matrix>")),
        (corrected_spectra, "region_flux", MemoryError("no <room>")),
    ],
)
def test_any_error_is_told_and_logged(
    explorer, monkeypatch, caplog, owner, name, error
) -> None:
    def fail(*_, **__):
        raise error

    explorer.choose_region(CIRCLE)
    summed = shown_flux(explorer)
    monkeypatch.setattr(owner, name, fail)
    explorer.change(spectra=CORRECTED)
    assert explorer.address.value == explorer.view.query
    assert_allclose(shown_flux(explorer), summed)
    told = escape(f"not corrected: {type(error).__name__}: {error}")
    assert told in note(explorer)
    assert caplog.records[-1].exc_info[1] is error


def test_a_cube_of_another_input_is_told_so(explorer, monkeypatch) -> None:
    other = make_input((15, 12))
    monkeypatch.setattr(Shelf, "input", lambda self, model: other)
    explorer.change(region=CIRCLE.text, spectra=CORRECTED)
    assert "the cube must be fused from this input" in note(explorer)
    assert "fusion" in explorer.shown_spectra()


def test_a_failed_trial_has_nothing_to_correct(explorer) -> None:
    explorer.change(spectra=CORRECTED)
    explorer.choose_trial("000000000006")
    assert "fusion" not in explorer.shown_spectra()
    assert "Nothing to correct" in note(explorer)


def test_a_place_beyond_the_field_has_nothing_to_correct(explorer) -> None:
    explorer.change(region=CIRCLE.moved(500.0, 0.0).text, spectra=CORRECTED)
    assert explorer.shown_spectra() == {}
    assert "Nothing to correct" in note(explorer)
    assert b"# fusion" not in spectra_csv(explorer)


def test_the_sum_stays_until_the_correction_has_come(explorer) -> None:
    waiting = []
    explorer.corrected.work.begin = lambda work, then: waiting.append((work, then))
    explorer.choose_region(CIRCLE)
    summed = shown_flux(explorer)
    explorer.change(spectra=CORRECTED)
    assert_allclose(shown_flux(explorer), summed)
    assert "on its way" in note(explorer)
    ((work, then),) = waiting
    then(work())
    assert np.abs(shown_flux(explorer) / summed - 1).max() > 1e-4
    assert "on its way" not in note(explorer)


def test_what_is_corrected_already_is_not_corrected_again(explorer) -> None:
    explorer.change(region=CIRCLE.text, spectra=CORRECTED)
    before = explorer.shown_spectra()["fusion"]
    explorer.corrected.work.begin = lambda work, then: pytest.fail("corrected again")
    explorer.change(spectra="sums")
    explorer.change(spectra=CORRECTED)
    assert explorer.shown_spectra()["fusion"] is before


def test_what_is_shown_is_kept_though_it_is_old(explorer, monkeypatch) -> None:
    monkeypatch.setattr(corrected_spectra, "MOST_KEPT", 2)
    places = [CIRCLE.moved(10.0 * n, 0.0) for n in range(3)]
    for place in places[:2]:
        explorer.change(region=place.text, spectra=CORRECTED)
    waiting = []
    explorer.corrected.work.begin = lambda work, then: waiting.append((work, then))
    for place in (places[2], places[0]):  # the last is known, and shown at once
        explorer.change(region=place.text)
    ((work, then),) = waiting
    then(work())
    assert "on its way" not in note(explorer)
    assert set(explorer.corrected.of(explorer.view, explorer.place)) == {"fusion"}


def test_a_corrected_spectrum_has_no_band_and_says_so(shelf, tmp_path) -> None:
    explorer = Explorer(copy_of(shelf, lambda trial: tmp_path / trial))
    best = explorer.view.trial
    save_draws(tmp_path / best, draws_of(shelf.trial(best)))
    explorer.show()
    assert explorer.shown_spectra()["fusion"].has_errors
    explorer.change(spectra=CORRECTED)
    assert not explorer.shown_spectra()["fusion"].has_errors
    assert not len(explorer.spectra._areas["fusion"].data["x"])
    assert "without errors" in note(explorer)


def test_files_hold_what_is_shown_and_say_which(explorer, tmp_path) -> None:
    explorer.choose_region(CIRCLE)
    assert b"# fusion: sum over the pixels of the cube\n" in spectra_csv(explorer)
    explorer.change(spectra=CORRECTED)
    lines = spectra_csv(explorer).decode().splitlines()
    assert "# fusion: corrected with the sky around, as by `hifred spectra`" in lines
    values = [float(row.split(",")[3]) for row in lines if row.startswith("fusion,")]
    shown = explorer.spectra.sources["fusion"].data["value"][:-1]
    assert_allclose(values, shown, rtol=1e-12)
    (tmp_path / "shown.fits").write_bytes(shown_fits(explorer))
    with fits.open(tmp_path / "shown.fits") as file:
        assert_allclose(file["SPECTRUM_FUSION"].data["value"], shown)
        said = {
            n: file[f"SPECTRUM_{n}"].header["CORRECTD"] for n in ("FUSION", "TRUTH")
        }
    assert said == {"FUSION": True, "TRUTH": False}
