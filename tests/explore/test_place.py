"""Places of spectra: what they sum, how they are written, and DS9's files."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.explore.drawn_shape import Shape, read_shapes, region_file
from hifred.explore.place import (
    have_shared_names,
    moved,
    pixels_of,
    place_text,
    read_named_shapes,
    read_place,
    shape_of,
    shapes_text,
    shares_of,
)
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.plots.layers import truth_layer
from hifred.plots.regions import Region
from hifred.regions import SkyField
from tests.made_up import make_truth

SHAPES = [
    Shape("circle", (5.0, -12.0, 21.0)),
    Shape("ellipse", (-3.0, 4.0, 30.0, 11.0), 35.0),
    Shape("box", (2.0, 1.0, 40.0, 13.0), -20.0),
    Shape("polygon", (-20.0, -30.0, 25.0, -10.0, 0.0, 31.0)),
]
PLACES = [*SHAPES, Region((-12.0, 3.5), (1.0, 2.0)), Region.pixel(5.0, -40.0)]


@pytest.fixture(scope="module")
def layer():
    return truth_layer(make_truth())


def sky_field(layer, ra=83.6, dec=-22.0):
    grid = tangent_grid(ra, dec, pixel_size_arcsec=10.0, shape=(12, 9), roll_deg=30.0)
    return SkyField(grid, layer.y, layer.x)


def area(shape: Shape) -> float:
    """The area of a shape by school, arcsec2."""
    if shape.kind == "polygon":
        (x1, y1), (x2, y2), (x3, y3) = np.reshape(shape.numbers, (3, 2))
        return abs((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)) / 2
    half = shape.numbers[2] * shape.numbers[-1]
    return half if shape.kind == "box" else np.pi * half


@pytest.mark.parametrize("place", PLACES)
def test_an_address_brings_a_place_back(place) -> None:
    assert read_place(place_text(place)) == place


NO_PLACES = [
    *("", "1 2", "circle 1", "star 1 2 3", "box a b c d 0"),
    *("nan nan nan nan", "1 2 3 inf", "circle nan nan nan 0", "box 1 2 3 4 nan"),
    *("circle 1 2 1e999 0", "polygon 0 0 1 0 1 1 5 0", "polygon 0 0 1 0 0"),
]


@pytest.mark.parametrize("text", NO_PLACES)
def test_a_text_that_names_no_place_is_none(text) -> None:
    assert read_place(text) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_shares_add_up_to_the_area(shape, layer) -> None:
    assert_allclose(
        shape.shares(layer).sum() * layer.pixel_area, area(shape), rtol=1e-6
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_the_spectrum_is_the_mean_of_the_stored_flux(shape, layer) -> None:
    flux, shares = make_truth()["flux"].to_numpy(), shape.shares(layer)
    total = (flux * shares).sum(axis=(1, 2))
    width = np.diff(layer.edges)
    expected = total / (shares.sum() * layer.pixel_area * width)
    found = layer.spectrum(pixels_of(shape, layer))
    assert_allclose(found.values, expected, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_outline_goes_around_the_shape(shape, layer) -> None:
    x, y = shape.outline()
    assert (x[0], y[0]) == pytest.approx((x[-1], y[-1]))
    shoelace = 0.5 * abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
    assert_allclose(shoelace, area(shape), rtol=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_region_file_comes_back(shape, layer) -> None:
    field = sky_field(layer)
    text = region_file("mine", shape, layer, field)
    ((name, found),) = read_shapes(text, layer, field)
    assert name == "mine"
    assert found.kind == shape.kind
    assert_allclose(found.numbers, shape.numbers, atol=1e-6 * 3600 * 1e-3)
    assert_allclose(found.angle % 360, shape.angle % 360, atol=1e-6)


def test_a_region_of_ds9_lands_where_its_wcs_says(layer) -> None:
    field = sky_field(layer)
    at = field.grid.sky_of(3.0, 7.0).icrs
    text = f'icrs\ncircle({at.ra.deg:.9f},{at.dec.deg:.9f},15")\n'
    ((_, shape),) = read_shapes(text, layer, field)
    assert_allclose(shape.numbers, (layer.x[7], layer.y[3], 15.0), rtol=1e-4, atol=1e-3)


def test_what_cannot_be_drawn_is_refused(layer) -> None:
    field = sky_field(layer)
    with pytest.raises(HifredError, match="circle, an ellipse, a box or a polygon"):
        read_shapes("image\nannulus(5,5,1,2)", layer, field)
    with pytest.raises(HifredError, match="parts of it are excluded"):
        read_shapes("image\ncircle(5,5,3)\n-circle(5,5,1)", layer, field)
    with pytest.raises(HifredError, match="beyond"):
        Shape("circle", (900.0, 0.0, 5.0)).shares(layer)


def test_a_circle_or_an_ellipse_fills_the_box_that_was_dragged() -> None:
    box = Region((-10.0, 30.0), (0.0, 20.0))
    assert Shape.within("circle", box) == Shape("circle", (10.0, 10.0, 10.0))
    assert Shape.within("ellipse", box) == Shape("ellipse", (10.0, 10.0, 10.0, 20.0))


@pytest.mark.parametrize("place", PLACES)
def test_moving_there_and_back_changes_nothing(place, layer) -> None:
    there = moved(place, 10.0, -20.0)
    one, other = (shape_of(p, layer).centre for p in (there, place))
    assert np.subtract(one, other) == pytest.approx((10.0, -20.0))
    assert moved(there, -10.0, 20.0) == place


def test_shapes_of_a_file_have_its_names_each_its_own(layer) -> None:
    lines = ("circle(3,4,1) # text={a}", "circle(5,6,1) # text={a}", "circle(7,8,1)")
    shapes = read_shapes("\n".join(["image", *lines]), layer, sky_field(layer))
    named = read_named_shapes(shapes_text(shapes))
    assert list(named) == ["a", "a (2)", "region-3"]
    assert_allclose(named["a (2)"].numbers[0], layer.x[4])
    assert list(named.values()) == [shape for _, shape in shapes]


def test_whatever_breaks_lines_leaves_names_whole() -> None:
    pairs = [("north\x0bwest\u2028rim", SHAPES[0]), ("a\nb\x1c\tc\r", SHAPES[1])]
    found = {"north west rim": SHAPES[0], "a b c": SHAPES[1]}
    assert read_named_shapes(shapes_text(pairs)) == found
    typed = f"{SHAPES[0].text} # north\u2028rim"
    assert read_named_shapes(typed) == {"north\u2028rim": SHAPES[0]}


def test_shapes_of_one_name_are_numbered_by_what_is_free() -> None:
    names = ["a", "a", "a (2)", "a"]
    text = shapes_text(zip(names, SHAPES, strict=True))
    found = dict(zip(["a", "a (3)", "a (2)", "a (4)"], SHAPES, strict=True))
    assert read_named_shapes(text) == found
    assert have_shared_names(text)
    assert not have_shared_names(shapes_text(found.items()))


def test_named_shapes_may_have_any_name_and_what_is_none_is_left_out() -> None:
    named = {"north # 2; west": SHAPES[0], "ü": SHAPES[3]}
    assert (
        read_named_shapes(f"nonsense\n{shapes_text(named.items())}\n1 2 3 4 # a")
        == named
    )
    assert read_named_shapes("") == {}
    assert read_named_shapes("circle nan nan nan 0 # b") == {}


@pytest.mark.parametrize("place", PLACES)
def test_shares_sum_what_the_spectrum_of_a_place_sums(place, layer) -> None:
    summed = np.einsum("eyx,yx->e", layer.values, shares_of(place, layer))
    assert_allclose(summed, layer.total(pixels_of(place, layer)))
