"""Regions: shares of pixels against other routes, round trips, and bad files."""

import re
from pathlib import Path

import numpy as np
import pytest
import regions
import shapely
import xarray as xr
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from photutils import aperture

from hifred.errors import HifredError
from hifred.observations.geometry.overlap import _shared_areas
from hifred.observations.geometry.pixel_grid import tangent_grid
from hifred.regions import (
    SkyField,
    box_region,
    outlines,
    parse_regions,
    read_regions,
    regions_text,
    write_regions,
)

ROWS, COLUMNS, SIZE = 17, 22, 10.0


def field(roll_deg: float = 30.0) -> SkyField:
    grid = tangent_grid(83.6, 22.0, pixel_size_arcsec=SIZE, shape=(ROWS, COLUMNS),
                        roll_deg=roll_deg)  # fmt: skip
    y, x = grid.offsets
    return SkyField(grid, y, x)


def image(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1, 2, (ROWS, COLUMNS))


def weights(text: str) -> np.ndarray:
    (region,) = parse_regions(text, field())
    return region.weights.values


def polygon_weights(corners: np.ndarray) -> np.ndarray:
    """Return shares by Green's theorem; corners (n, (x, y)) in pixels from 0."""
    rows, columns = (a.ravel() for a in np.indices((ROWS, COLUMNS)))
    path = np.broadcast_to(corners[:, ::-1] + 0.5, (rows.size, *corners.shape))
    return _shared_areas(path, rows, columns).reshape(ROWS, COLUMNS)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("circle(9.3,8.1,4.7)", aperture.CircularAperture((8.3, 7.1), 4.7)),
        (
            "ellipse(9.3,8.1,6.2,2.7,35)",
            aperture.EllipticalAperture((8.3, 7.1), 6.2, 2.7, theta=np.radians(35)),
        ),
        (
            "annulus(9.3,8.1,2.2,5.1)",
            aperture.CircularAnnulus((8.3, 7.1), 2.2, 5.1),
        ),
        ("circle(1,1,4.7)", aperture.CircularAperture((0, 0), 4.7)),
        ("circle(9.3,8.1,0.11)", aperture.CircularAperture((8.3, 7.1), 0.11)),
    ],
)
def test_sums_are_those_of_photutils(text: str, shape: aperture.PixelAperture) -> None:
    values = image()
    expected = shape.do_photometry(values, method="exact")[0][0]
    assert_allclose((values * weights(f"image;{text}")).sum(), expected, rtol=1e-10)


def test_a_tilted_box_and_a_polygon_are_cut_exactly() -> None:
    turn = np.radians(25)
    half = np.array([[-3.1, -1.7], [3.1, -1.7], [3.1, 1.7], [-3.1, 1.7]])
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    box = weights("image;box(9.3,8.1,6.2,3.4,25)")
    assert_allclose(box, polygon_weights(half @ matrix + [8.3, 7.1]), atol=1e-12)
    corners = np.array([[2.2, 1.4], [15.7, 3.3], [9.1, 6.0], [11.3, 14.9]])
    drawn = ",".join(f"{x + 1},{y + 1}" for x, y in corners)
    assert_allclose(
        weights(f"image;polygon({drawn})"), polygon_weights(corners), atol=1e-12
    )


@settings(max_examples=20, deadline=None)
@given(
    x=st.floats(1, COLUMNS),
    y=st.floats(1, ROWS),
    a=st.floats(0.2, 8),
    b=st.floats(0.2, 8),
    angle=st.floats(0, 180),
)
def test_what_is_drawn_bounds_what_is_weighed(
    x: float, y: float, a: float, b: float, angle: float
) -> None:
    # A ring of chords, cut with the field, has the area that the exact shares sum to.
    text = f"image;ellipse({x:.6f},{y:.6f},{a:.6f},{b:.6f},{angle:.6f})"
    (region,) = parse_regions(text, field())
    area = np.pi * round(a, 6) * round(b, 6)
    assert_allclose(region.n_pixels, area * (1 - region.share_outside), atol=2e-6)


def test_shapes_of_one_name_are_one_region_without_what_is_excluded() -> None:
    text = """image
        box(8,8,6,6,0) # text={knot}
        box(11,9,6,6,0) # text={knot}
        -box(10.3,8,1.4,12,0)
        circle(16,5,2) # text={other}"""
    knot, other = parse_regions(text, field())
    assert (knot.name, other.name) == ("knot", "other")
    # Two squares of 6 share 3 x 5 pixels; the strip takes 1.4 x 7 of their union.
    assert_allclose(knot.n_pixels, 36 + 36 - 15 - 1.4 * 7, rtol=1e-12)


def test_curves_that_cross_in_one_pixel_are_not_counted_twice() -> None:
    both = weights(
        "image;circle(8,8,2.3) # text={a}\nimage;circle(9.1,8,2.3) # text={a}"
    )
    lens = 2 * 2.3**2 * np.arccos(1.1 / 4.6) - 0.55 * np.sqrt(4 * 2.3**2 - 1.1**2)
    assert_allclose(both.sum(), 2 * np.pi * 2.3**2 - lens, rtol=1e-7)
    # Not once, by any rule that looks at the shares alone.
    assert both.max() <= 1


def test_many_shapes_in_a_pixel_are_cut_as_their_union_is() -> None:
    rng = np.random.default_rng(1)
    places = rng.uniform(2, 16, (2, 12, 2))
    kept, left = (
        [f"{sign}circle({x:.4f},{y:.4f},{r}) # text={{all}}" for x, y in group]
        for group, sign, r in zip(places, ("", "-"), (1.7, 0.6), strict=True)
    )
    found = weights("image\n" + "\n".join([*kept, *left]))
    inside, outside = (
        shapely.union_all(
            [shapely.Point(x - 1, y - 1).buffer(r, 4096) for x, y in group]
        )
        for group, r in zip(np.round(places, 4), (1.7, 0.6), strict=True)
    )
    rows, columns = np.indices((ROWS, COLUMNS))
    pixels = shapely.box(columns - 0.5, rows - 0.5, columns + 0.5, rows + 0.5)
    expected = shapely.area(shapely.intersection(inside.difference(outside), pixels))
    assert_allclose(found, expected, atol=1e-6)
    assert ((found > 0) & (found < 1)).sum() > 50


def test_the_rings_of_one_annulus_are_regions_of_their_own() -> None:
    found = parse_regions("image;annulus(10,9,1,3,5) # text={ring}", field())
    assert [region.name for region in found] == ["ring-1", "ring-2"]
    assert_allclose([r.n_pixels for r in found], np.pi * np.array([8, 16]), rtol=1e-12)


@pytest.mark.parametrize("frame", ["fk4", "fk5", "icrs", "galactic"])
def test_a_place_is_the_same_in_every_frame(frame: str) -> None:
    sky = field()
    centre = sky.grid.sky_of(6.0, 9.0).transform_to(frame)
    place = f"{centre.spherical.lon.deg:.12f},{centre.spherical.lat.deg:.12f}"
    (region,) = parse_regions(f'{frame};circle({place},33")', sky)
    (pixels,) = parse_regions("image;circle(10,7,3.3)", sky)
    # The aberration that FK4 keeps stretches the sky by some parts in a million.
    assert_allclose(region.weights, pixels.weights, atol=1e-5)


TEXT = """fk5
circle(83.6,22.0,30.5") # text={the "core"}
-circle(83.6,22.0,10")
galactic
ellipse(184.53,-5.83,40",20",33) # tag={oval}
image
box(8.25,9.5,6,3,30)
polygon(2,2,9.5,3,8,12)
annulus(12,9,2.5,4.75) # text={ring}
"""


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    sky = field()
    (tmp_path / "first.reg").write_text(TEXT)
    first = read_regions(tmp_path / "first.reg", sky)
    second = read_regions(write_regions(tmp_path / "second.reg", first), sky)
    assert [r.name for r in second] == [r.name for r in first]
    assert [r.name for r in first][:2] == ['the "core"', "oval"]
    for one, other in zip(first, second, strict=True):
        assert_allclose(one.weights, other.weights, atol=1e-9)
        for shape, again in zip(one.shapes, other.shapes, strict=True):
            assert type(shape) is type(again)
            if isinstance(shape, regions.SkyRegion):
                assert shape.center.separation(again.center).deg < 1e-6
    assert regions_text(second) == (tmp_path / "second.reg").read_text()


def test_what_ds9_writes_is_understood() -> None:
    text = """# Region file format: DS9 version 4.1
global color=green dashlist=8 3 width=1 font="helvetica 10 normal roman" select=1 \
highlite=1 dash=0 fixed=0 edit=1 move=1 delete=1 include=1 source=1
fk5
circle(5:34:24.000,+22:00:00.00,30.000") # color=red text={core}
# text(83.61,22.0) text={a label has no area}
-box(5:34:24.000,+22:00:00.00,10.000",10.000",30)
"""
    (core,) = parse_regions(text, field())
    assert core.name == "core"
    assert_allclose(core.n_pixels, np.pi * 9 - 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must hold a region; it holds none"),
        ("image\n-circle(5,5,2)", "holds 1 that are excluded"),
        ("physical\ncircle(4000,4000,20)", "these are in physical ones"),
        ("circle(4000,4000,20)", "these are in physical ones"),
        ("image\npanda(5,5,0,90,1,1,3,1)", "'panda' is not understood"),
        ("image\npoint(5,5)", "a point has none"),
        ("image\nline(5,5,7,7)", "a line has none"),
        ("image\npolygon(2,2,8,8,8,2,2,8)", "must not cross itself"),
        ("image\npolygon(2,2,8,8)", "at least 3 vertices"),
        ("image\ncircle(5,5)", "cannot be read"),
        ("image\ncircle(5,5,-2)", "cannot be read"),
        ("image\ncircle(5,5,2\")", "is not understood"),
        ("image\ncircle(99,5,2)", "lies beyond it"),
        ("fk5\ncircle(210,54,30\")", "must lie in the field"),
        ("fk5\ncircle(263.6,-22,30\")", "far side of the sky"),
        ("fk5\ncircle(83.6,22,30)", "Are its sizes in arcsec?"),
        ("image\ncircle(5,5,2)\n-circle(5,5,3)", "what is excluded covers all"),
        ("nonsense here", "is not understood"),
        ("image\ncircle(5,5,2)\ncircle(5,5)\ncircle(7,7)", "line 3, 'circle(5,5)'"),
        ("image\ncircle(5,5,nan)", "must have sizes that are numbers; got a radius"),
        ("image\nbox(5,5,inf,2,0)", "must have sizes that are numbers; got a width"),
        ("image\ncircle(nan,5,2)", "its place is no number"),
        ("image\npolygon(2,2,4,4,8,8)", "its vertices lie on one line"),
        ("image\ncircle(5.5,5.5,1e-4)", "it is too small"),
        ("image\ncircle(5,5,2) || circle(9,9,2)", "line 2 joins several by"),
        ("global include=0\nimage\ncircle(5,5,2)", "must exclude a shape by '-'"),
    ],
)  # fmt: skip
def test_bad_regions_are_told(text: str, told: str) -> None:
    with pytest.raises(HifredError, match=re.escape(told)):
        parse_regions(text, field())


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_files_of_other_editors_are_read(tmp_path: Path, ends: str) -> None:
    text = ends.join(["\ufeffimage", "circle(5,5,2) # text={a || b(include=0)}", ""])
    path = tmp_path / "snr.reg"
    path.write_bytes(text.encode())
    (region,) = read_regions(path, field())
    assert region.name == "a || b(include=0)"
    assert_allclose(region.n_pixels, 4 * np.pi, rtol=1e-9)


def test_files_that_are_no_regions_are_told(tmp_path: Path) -> None:
    with pytest.raises(HifredError, match="No such file"):
        read_regions(tmp_path / "none.reg", field())
    (tmp_path / "bytes.reg").write_bytes(b"\xff\xfe\x00circle")
    with pytest.raises(HifredError, match="it is no text"):
        read_regions(tmp_path / "bytes.reg", field())


def test_a_region_over_the_edge_says_how_much_lies_beyond(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (region,) = parse_regions("image;box(0.5,8,4,2,0) # text={edge}", field())
    assert_allclose([region.share_outside, region.n_pixels], [0.5, 4.0], rtol=1e-12)
    assert "50.0 % of region 'edge' lie beyond the field" in caplog.text


def write_mask(path: Path, labels: np.ndarray, grid: object = None) -> Path:
    header = fits.Header() if grid is None else grid.wcs.to_header()  # type: ignore[attr-defined]
    fits.PrimaryHDU(labels, header).writeto(path)
    return path


def test_a_mask_has_a_region_for_each_number(tmp_path: Path) -> None:
    labels = np.zeros((ROWS, COLUMNS), np.int16)
    labels[2:5, 3:9], labels[10:12, 4:6] = 3, 7
    found = read_regions(write_mask(tmp_path / "mask.fits", labels), field())
    assert [region.name for region in found] == ["region-3", "region-7"]
    for region, label in zip(found, (3, 7), strict=True):
        assert_allclose(region.weights, labels == label, atol=1e-8)


def test_a_mask_of_other_pixels_is_weighed_by_overlap(tmp_path: Path) -> None:
    sky = field(roll_deg=0.0)
    fine = tangent_grid(83.6, 22.0, pixel_size_arcsec=4.0, shape=(43, 55))
    labels = np.zeros((43, 55), np.int16)
    labels[10:31, 20:41] = 1
    path = write_mask(tmp_path / "fine.fits", labels, fine)
    (region,) = read_regions(path, sky)
    assert region.name == "fine"
    # 21 x 21 pixels of 4 arcsec, in pixels of 10.
    assert_allclose(region.n_pixels, 21 * 21 * 0.16, rtol=1e-6)


def test_a_mask_over_the_edge_says_how_much_lies_beyond(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sky = field(roll_deg=0.0)
    wide = tangent_grid(83.6, 22.0, pixel_size_arcsec=SIZE, shape=(ROWS, COLUMNS + 4))
    labels = np.zeros((ROWS, COLUMNS + 4), np.int16)
    labels[3:6, :4] = 1  # two columns of four
    labels[9, 9:12] = 2
    path = write_mask(tmp_path / "wide.fits", labels, wide)
    edge, inner = read_regions(path, sky)
    assert_allclose(edge.share_outside, 0.5, atol=1e-3)
    assert inner.share_outside == 0
    assert "50.0 % of region 'region-1' lie beyond the field" in caplog.text
    assert "region-2" not in caplog.text


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (np.zeros((ROWS, COLUMNS)), "it holds 0"),
        (np.full((ROWS, COLUMNS), 0.3), "Is it an image of counts or flux"),
        (np.ones((2, ROWS, COLUMNS)), "energies|a cube"),
        (-np.ones((ROWS, COLUMNS)), "Is it an image of counts or flux"),
        (np.ones((3, 4)), "must have a celestial WCS"),
    ],
)
def test_bad_masks_are_told(tmp_path: Path, values: np.ndarray, told: str) -> None:
    with pytest.raises(HifredError, match=told):
        read_regions(write_mask(tmp_path / "mask.fits", values), field())


def test_regions_of_a_mask_cannot_be_written_as_shapes(tmp_path: Path) -> None:
    labels = np.zeros((ROWS, COLUMNS), np.int16)
    labels[2:5, 3:9] = 1
    found = read_regions(write_mask(tmp_path / "mask.fits", labels), field())
    with pytest.raises(HifredError, match="it comes from a mask"):
        regions_text(found)


def test_a_name_that_would_break_the_file_is_refused() -> None:
    (region,) = parse_regions("image;circle(9,8,3) # text='a}b'", field())
    with pytest.raises(HifredError, match="no braces"):
        regions_text([region])


def test_outlines_go_round_the_region(tmp_path: Path) -> None:
    sky = field()
    (ring,) = parse_regions("image;annulus(10,9,2,5)", sky)
    inner, outer = sorted(outlines(ring, sky), key=len)
    middle = np.array([sky.y[8], sky.x[9]])
    assert_allclose(np.hypot(*(outer - middle).T), 50, atol=0.02 * SIZE)
    assert_allclose(np.hypot(*(inner - middle).T), 20, atol=0.02 * SIZE)
    labels = np.zeros((ROWS, COLUMNS), np.int16)
    labels[2:5, 3:9] = 1
    (mask,) = read_regions(write_mask(tmp_path / "mask.fits", labels), sky)
    (edge,) = outlines(mask, sky)
    assert_allclose(shapely.Polygon(edge).area, 18 * SIZE**2, rtol=1e-9)


def test_a_rectangle_over_a_map_is_a_box_of_the_file() -> None:
    sky = field()
    drawn = box_region(
        "picked", (sky.y[9] + 5, sky.y[3] - 5), (sky.x[2], sky.x[8]), sky
    )
    (again,) = parse_regions(regions_text([drawn]), sky)
    expected = np.zeros((ROWS, COLUMNS))
    expected[3:10, 3:8], expected[3:10, [2, 8]] = 1, 0.5
    assert_allclose(again.weights, expected, atol=1e-9)
    assert again.name == "picked"
    with pytest.raises(HifredError, match="its edges coincide"):
        box_region("line", (0, 0), (0, 10), sky)


def test_weights_lie_on_the_pixels_of_the_field() -> None:
    sky = field()
    (region,) = parse_regions("image;circle(9,8,3)", sky)
    assert region.weights.dims == ("y", "x")
    flux = xr.DataArray(image(), {"y": sky.y, "x": sky.x}, ("y", "x"))
    assert (flux * region.weights).shape == (ROWS, COLUMNS)


def test_sky_positions_are_those_of_the_pixels() -> None:
    sky = field()
    shape = regions.CircleSkyRegion(SkyCoord(83.6, 22.0, unit="deg"), 20 * units.arcsec)
    (region,) = parse_regions(shape.serialize(format="ds9"), sky)
    middle = (region.weights * sky.grid.pixel_size_arcsec).values
    rows, columns = np.indices(middle.shape)
    assert_allclose((middle * rows).sum() / middle.sum(), 8, atol=1e-6)
    assert_allclose((middle * columns).sum() / middle.sum(), 10.5, atol=1e-6)
