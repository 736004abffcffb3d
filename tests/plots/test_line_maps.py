import numpy as np
import pytest

from hifred.errors import HifredError
from hifred.plots import line_maps, plot_line_maps
from hifred.products import CountDraws, measure_lines
from tests.products.made_up_lines import line_cube

SETTINGS = {"lines": {"iron": {"energy_kev": 6.7}}, "reach_km_s": 2500.0}


def test_a_line_has_a_map_of_each_quantity_and_its_error() -> None:
    cube, velocity = line_cube((3, 5))
    maps = measure_lines(cube, SETTINGS, draws=CountDraws(cube, 4))
    figure = plot_line_maps(maps, "iron")
    titles = [axis.get_title() for axis in figure.axes]
    assert [t for t in titles if t] == [
        "flux", "velocity", "width", "equivalent width", "standard error of flux",
        "standard error of velocity", "standard error of width",
        "standard error of\nequivalent width",
    ]  # fmt: skip
    image = figure.axes[1].images[0]
    assert image.norm.vmin < velocity[0] < velocity[-1] < image.norm.vmax
    assert image.norm.vmin == -image.norm.vmax
    labels = [axis.get_ylabel() for axis in figure.axes]
    assert sum("km s" in label for label in labels) == 4
    assert labels.count("eV") == 2


def test_velocities_far_from_rest_are_told_from_their_middle() -> None:
    cube, _ = line_cube((3, 5))
    maps = measure_lines(cube, SETTINGS | {"redshift": 0.005})
    norm = plot_line_maps(maps, "iron").axes[1].images[0].norm
    assert norm.vmax < 0
    middle = 0.5 * (norm.vmin + norm.vmax)
    assert middle == pytest.approx(float(maps["velocity"].median()))


def test_a_map_at_rest_has_a_scale() -> None:
    scale, _ = line_maps._scale("velocity", np.zeros(4))
    assert (scale.vmin, scale.vmax) == (-1, 1)


def test_faint_pixels_are_not_shown() -> None:
    cube, _ = line_cube((2, 3))
    cube["flux"][:, 1, 2] = cube["flux"][:, 1, 2].mean()
    figure = plot_line_maps(measure_lines(cube, SETTINGS))
    assert figure.axes[1].images[0].get_array().mask[1, 2]
    assert "1 of 6 pixels not shown" in figure._suptitle.get_text()


def test_no_velocity_is_told_from_the_middle_of_the_velocities() -> None:
    cube, _ = line_cube((2, 3))
    axis = plot_line_maps(measure_lines(cube, SETTINGS)).axes[1]
    middle = np.array(axis.images[0].cmap(0.5)[:3])
    assert np.abs(middle - axis.get_facecolor()[:3]).min() > 0.3


def test_a_line_that_is_seen_everywhere_has_nothing_to_say_of_what_is_not_shown() -> (
    None
):
    cube, _ = line_cube((2, 3))
    title = plot_line_maps(measure_lines(cube, SETTINGS))._suptitle.get_text()
    assert "pixels" not in title


def test_the_flux_of_a_group_is_shared_among_its_pixels() -> None:
    cube, _ = line_cube((4, 6))
    groups = {"binning": "voronoi", "target_counts": 20000.0}
    maps = measure_lines(cube, SETTINGS | groups, draws=CountDraws(cube, 3))
    assert maps["flux"].attrs["long_name"].endswith(": all pixels of the group")
    number = maps["bin_number"][0].to_numpy()
    n_pixels = np.bincount(number.ravel())[number]
    assert n_pixels.max() > 1
    axes = plot_line_maps(maps).axes
    np.testing.assert_allclose(
        axes[0].images[0].get_array(), maps["flux"][0] / n_pixels
    )
    assert "pixel" in axes[8].get_ylabel()


def test_a_line_that_is_nowhere_seen_is_drawn_all_the_same() -> None:
    cube, _ = line_cube((2, 3))
    cube["flux"][:] = cube["flux"].mean()
    assert len(plot_line_maps(measure_lines(cube, SETTINGS)).axes) == 8


def test_a_single_row_has_square_pixels() -> None:
    cube, _ = line_cube((1, 5))
    left, right, bottom, top = (
        plot_line_maps(measure_lines(cube, SETTINGS)).axes[0].images[0].get_extent()
    )
    assert right - left == pytest.approx(5 * (top - bottom))


def test_the_name_of_a_line_is_no_formula() -> None:
    cube, _ = line_cube((2, 3))
    lines = {"lines": {r"Fe $\frac{": {"energy_kev": 6.7}}, "reach_km_s": 2500.0}
    figure = plot_line_maps(measure_lines(cube, lines))
    figure.draw_without_rendering()
    assert figure._suptitle.get_text().startswith(r"Fe \$\frac{")


def test_a_line_that_is_not_there_is_told() -> None:
    cube, _ = line_cube((2, 3))
    maps = measure_lines(cube, SETTINGS)
    with pytest.raises(HifredError, match="unknown line 'irn'; did you mean 'iron'"):
        plot_line_maps(maps, "irn")
    with pytest.raises(HifredError, match="lines must hold a line; got none"):
        plot_line_maps(maps[["status"]].isel(line=0))
    assert np.isfinite(maps["flux"]).all()
