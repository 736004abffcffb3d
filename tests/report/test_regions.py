"""Regions and lines that a report is asked for."""

from pathlib import Path

import html5lib
import numpy as np
import pytest
from click.testing import CliRunner

from hifred.cli.pages import report
from hifred.errors import HifredError, SettingsError
from hifred.fusion import FusionSettings, fuse
from hifred.plots import plot_sky_regions
from hifred.plots.shelf import open_shelf
from hifred.products.settings import read_lines
from hifred.regions import fused_field, parse_regions
from hifred.report import write_report
from hifred.report.page import render_page
from hifred.report.regions import Asked, _cell
from hifred.simulation import simulate_model
from hifred.spectra import region_flux
from hifred.store import save_draws, save_fusion_input
from hifred.store.fusion_input import observations_digest
from hifred.store.fusion_result import save_result
from hifred.sweep import run_sweep
from tests.posterior.made_up_draws import draws_around
from tests.sweep.test_line_products import SWEEP, declared

TOY = {"shape": (9, 6), "n_energies": 40, "counts": 4e5, "band_kev": (0.5, 1.0)}
REGIONS = (
    "image\ncircle(3,3,2) # text={<b>knot</b> $\\frac{\n-circle(3,3,1)\nbox(3,7,4,2,0)"
)
LINES = "[lines.oxygen]\nenergy_kev = 0.654\nwindow_kev = [0.6, 0.7]\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    toy = simulate_model("gaussian_1kev_rebinned", **TOY)
    save_fusion_input(folder / "toy.zarr", toy)
    settings = {"regularizer": "low_rank", "rank": 2, "max_iterations": 5}
    result = fuse(toy.observations, FusionSettings.read(settings))
    result.attrs["observations_digest"] = observations_digest(toy.observations)
    save_result(folder / "fused.zarr", result)
    save_draws(folder / "draws.zarr", draws_around(result, 6))
    (folder / "snr.reg").write_text(REGIONS)
    (folder / "lines.toml").write_text(LINES)
    return folder


@pytest.mark.slow
def test_a_report_of_a_fusion_tells_of_regions_and_of_lines_in_them(
    folder: Path,
) -> None:
    told = CliRunner().invoke(
        report,
        [str(folder / "fused.zarr"), "--input", str(folder / "toy.zarr"),
         "--draws", str(folder / "draws.zarr"), "--regions", str(folder / "snr.reg"),
         "--lines", str(folder / "lines.toml"), "-o", str(folder / "page.html")],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    page = (folder / "page.html").read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "Not drawn" not in page
    assert "Regions: corrected for what the prior moved between them" in page
    assert "&lt;b&gt;knot&lt;/b&gt;" in page
    assert "<b>knot" not in page
    assert "Line oxygen, 0.654 keV at velocity 0" in page
    assert page.count("Maps of flux, velocity, width and equivalent width") == 1
    assert " ± " in page


def test_a_report_without_the_input_says_that_regions_are_sums(folder: Path) -> None:
    alone = folder / "elsewhere"
    alone.mkdir()
    (folder / "fused.zarr").rename(alone / "fused.zarr")
    try:
        page = write_report(alone / "fused.zarr", regions=folder / "snr.reg")
        assert "Regions: sums over the cube" in page.read_text("utf-8")
    finally:
        (alone / "fused.zarr").rename(folder / "fused.zarr")


def test_regions_are_outlined_and_their_spectra_drawn(folder: Path) -> None:
    toy = simulate_model("gaussian_1kev_rebinned", **TOY)
    settings = {"regularizer": "low_rank", "rank": 2, "max_iterations": 5}
    result = fuse(toy.observations, FusionSettings.read(settings))
    sky = fused_field(result, toy)
    regions = parse_regions(REGIONS, sky)
    spectra = region_flux(result, regions, draws_around(result, 4))
    figure = plot_sky_regions(result, regions, sky, spectra)
    figure.draw_without_rendering()
    image, *panels = [axis for axis in figure.axes if axis.get_title() or axis.patches]
    assert [text.get_text() for text in image.texts] == ["1", "2"]
    assert len(image.lines) == 3  # a ring has two edges
    assert panels[1].get_title(loc="left") == "2: region-2"
    width = np.diff(result["energy_edges"])
    drawn = panels[1].patches[0].get_data().values
    np.testing.assert_allclose(drawn, spectra["flux"][1] / width)


def test_numbers_have_two_digits_of_their_error() -> None:
    row = {"a": 1234.567, "a_error": 0.0567, "b": -3.0, "b_error": 215.0, "c": np.nan,
           "d": 2.5e-6, "d_error": 3e-8, "e": 3.14159}  # fmt: skip
    cells = [_cell(row, name) for name in "abcde"]
    assert cells == ["1234.567 ± 0.057", "-3 ± 215", "–", "2.5e-06 ± 3e-08", "3.142"]


def test_what_cannot_be_told_of_is_refused(folder: Path) -> None:
    with pytest.raises(HifredError, match=r"regions must be a file; got none\.reg"):
        write_report(folder / "fused.zarr", regions="none.reg")
    with pytest.raises(SettingsError, match=r"regions and lines must be of a fused"):
        write_report(folder / "toy.zarr", regions=folder / "snr.reg")
    with pytest.raises(SettingsError, match="lines must be of one fusion"):
        write_report(folder, lines=folder / "lines.toml")
    (folder / "bands.toml").write_text("[moments.all]\nband_kev = [0.5, 1.0]\n")
    with pytest.raises(SettingsError, match=r"bands\.toml has bands alone"):
        write_report(folder / "fused.zarr", lines=folder / "bands.toml")
    (folder / "far.reg").write_text("image\ncircle(99,5,2)")
    with pytest.raises(HifredError, match="lies beyond it"):
        write_report(folder / "fused.zarr", regions=folder / "far.reg")


@pytest.mark.slow
def test_the_report_of_a_sweep_has_regions_of_each_model(tmp_path: Path) -> None:
    one = SWEEP.replace("[0.001, 0.1]", "0.1")
    root = tmp_path / "run"
    run_sweep(declared(tmp_path, sweep=one), directory=root, executor="inline")
    (tmp_path / "snr.reg").write_text("image\ncircle(2,2,1.5) # text={knot}")
    page = write_report(root, regions=tmp_path / "snr.reg").read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "Regions: corrected" in page
    assert "Line oxygen, " in page
    assert page.count("Maps of flux, velocity, width and equivalent width") == 1
    (tmp_path / "far.reg").write_text("image\ncircle(99,5,2)")
    asked = Asked(tmp_path / "far.reg", read_lines(root / "lines.toml"))
    refused = render_page(open_shelf(root), name="toy", asked=asked)
    assert "Not drawn: region &#39;region-1&#39; must lie in the field" in refused
