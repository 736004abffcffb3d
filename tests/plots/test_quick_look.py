"""Every kind of file is drawn as it is, with units on every axis."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.axes import Axes

from hifred.cli.inspect import inspect
from hifred.errors import HifredError
from hifred.observations.formats.fits_images import read_sky_image
from hifred.plots import plot_files
from hifred.plots.style import new_figure, save_figure
from tests.observations import instrument_case as case
from tests.observations.events.lists import events_hdu, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    case.write_case(folder)
    rng = np.random.default_rng(2)
    columns = {
        "X": rng.uniform(900, 1100, 500),
        "Y": rng.uniform(900, 1100, 500),
        "PI": rng.integers(2000, 8000, 500),
        "PATTERN": np.arange(500) % 20,
    }
    write(folder / "mos1.evt", events_hdu(columns))
    return folder


def drawn(path: Path) -> list[Axes]:
    return [axis for axis in plot_files([path]).axes if axis.axison]


def labels(path: Path) -> str:
    axes = drawn(path)
    return "\n".join(f"{axis.get_xlabel()}\n{axis.get_ylabel()}" for axis in axes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mos1.evt", ["x (sky pixel)", "counts", "energy (keV)", "counts keV$^{-1}$"]),
        ("mos1.fits", ["x (arcmin)", "count", "energy (keV)", "count keV$^{-1}$"]),
        ("expo.fits", ["x (arcmin)", "y (arcmin)", "s"]),
        ("mos1.rmf", ["photon energy (keV)", "channel energy (keV)", "keV$^{-1}$"]),
        ("mos1.arf", ["energy (keV)", "effective area (cm$^{2}$)"]),
        ("bkg.pi", ["channel (number)", "counts in a channel"]),
    ],
)
def test_axes_have_units(folder: Path, name: str, expected: list[str]) -> None:
    found = labels(folder / name)
    assert not [text for text in expected if text not in found]


def test_the_image_of_a_cube_is_the_sum_of_its_planes(folder: Path) -> None:
    image = drawn(folder / "mos1.fits")[0].get_images()[0]
    assert image.get_array().sum() == read_sky_image(folder / "mos1.fits").values.sum()
    half_x, half_y = (5 * n / 60 for n in (case.SKY.shape[1], case.SKY.shape[0]))
    np.testing.assert_allclose(
        image.get_extent(), [-half_x, half_x, -half_y, half_y], rtol=1e-6
    )


def test_only_the_events_that_are_kept_are_drawn(folder: Path) -> None:
    left, right = drawn(folder / "mos1.evt")[:2]
    kept = np.sum(np.arange(500) % 20 <= 12)
    assert left.get_images()[0].get_array().sum() == kept
    assert right.get_title() == f"{kept} events kept of 500"


def test_a_response_is_drawn_per_energy_of_the_channels(folder: Path) -> None:
    lines = drawn(folder / "mos1.rmf")[1].patches
    for line in lines:
        values, edges, _ = line.get_data()
        assert np.sum(values * np.diff(edges)) == pytest.approx(1, rel=1e-3)


def test_the_command_writes_the_figure(folder: Path, tmp_path: Path) -> None:
    files = [str(folder / "mos1.arf"), str(folder / "expo.fits")]
    look = tmp_path / "look.png"
    result = CliRunner().invoke(inspect, [*files, "--figure", str(look)])
    assert result.exit_code == 0, result.output
    assert look.read_bytes().startswith(b"\x89PNG")


def test_what_is_no_picture_is_told(tmp_path: Path) -> None:
    figure = new_figure(1, 1)
    with pytest.raises(HifredError, match=r"must end in \.png, \.pdf, \.svg; got"):
        save_figure(figure, tmp_path / "look.fits")
    with pytest.raises(HifredError, match="a figure must be written; got"):
        save_figure(figure, tmp_path / "no" / "look.png")
