import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from hifred.errors import HifredError
from hifred.observations.geometry.overlap import (
    blur_by_psf,
    overlap_matrix,
    spatial_matrix,
)
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    resolve_array,
    tangent_grid,
)

SKY = tangent_grid(83.6, 22.0, pixel_size_arcsec=4, shape=(41, 47))
CASES = [
    (roll, ratio, shift)
    for roll in (0.0, 17.0, 90.0)
    for ratio in (3.0, 3.37)
    for shift in ((0.0, 0.0), (0.31, -0.77), (0.5, 0.123))
]


def detector(roll: float, ratio: float, shift: tuple[float, float]) -> PixelGrid:
    """A detector that covers the middle of SKY, shifted by fractions of a sky pixel."""
    centre = SKY.sky_of(20 + shift[0], 23 + shift[1])
    return tangent_grid(
        centre.ra.deg,
        centre.dec.deg,
        pixel_size_arcsec=4 * ratio,
        shape=(13, 12),
        roll_deg=roll,
    )


def gaussian_psf(side: int = 9, sigma: float = 1.4) -> np.ndarray:
    along = np.exp(-0.5 * ((np.arange(side) - side // 2) / sigma) ** 2)
    psf = np.outer(along, along)
    return psf / psf.sum()


@pytest.mark.parametrize(("roll", "ratio", "shift"), CASES)
def test_flux_inside_the_field_is_kept(
    roll: float, ratio: float, shift: tuple[float, float]
) -> None:
    matrix = spatial_matrix(detector(roll, ratio, shift), SKY, gaussian_psf())
    kept = matrix.sum(axis=0).reshape(SKY.shape)
    assert_allclose(kept[14:27, 15:32], 1, rtol=0, atol=1e-12)
    assert kept.max() <= 1 + 1e-12
    assert matrix.min() >= 0


@pytest.mark.parametrize(("roll", "ratio", "shift"), CASES)
def test_a_point_source_lands_where_astropy_says(
    roll: float, ratio: float, shift: tuple[float, float]
) -> None:
    target = detector(roll, ratio, shift)
    sky = np.zeros(SKY.shape)
    sky[17, 28] = 1.0
    seen = (overlap_matrix(target, SKY) @ sky.ravel()).reshape(target.shape)
    position = SKY.wcs.pixel_to_world(28, 17)
    x, y = target.wcs.world_to_pixel(position)
    i, j = np.unravel_index(np.argmax(seen), seen.shape)
    # The sky pixel straddles pixels: the one that holds its centre gets most.
    assert abs(i - y) <= 0.5 + 1e-6
    assert abs(j - x) <= 0.5 + 1e-6
    rows, columns = np.indices(target.shape)
    wide = spatial_matrix(target, SKY, gaussian_psf(17, 4.0))
    blurred = (wide @ sky.ravel()).reshape(target.shape) / (wide @ sky.ravel()).sum()
    assert (blurred * rows).sum() == pytest.approx(y, abs=0.01)
    assert (blurred * columns).sum() == pytest.approx(x, abs=0.01)


def test_an_integer_ratio_without_roll_is_rebinning() -> None:
    sky = tangent_grid(10, -60, pixel_size_arcsec=5, shape=(6, 9))
    target = tangent_grid(10, -60, pixel_size_arcsec=15, shape=(2, 3))
    expected = np.zeros((6, 54))
    for y in range(6):
        for x in range(9):
            expected[(y // 3) * 3 + x // 3, y * 9 + x] = 1
    assert_allclose(overlap_matrix(target, sky).toarray(), expected, atol=1e-6)


def clip(polygon: list[tuple[float, float]], row: int, column: int) -> float:
    """Area of a convex polygon in a unit square by Sutherland and Hodgman."""
    sides = ((0, 1, row), (0, -1, row + 1), (1, 1, column), (1, -1, column + 1))
    for axis, sign, bound in sides:
        kept = []
        for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            da, db = sign * (a[axis] - bound), sign * (b[axis] - bound)
            if da >= 0:
                kept.append(a)
            if da * db < 0:
                t = da / (da - db)
                kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
        polygon = kept
        if not polygon:
            return 0.0
    y, x = np.array(polygon).T
    return float(0.5 * abs(y @ np.roll(x, -1) - x @ np.roll(y, -1)))


@given(
    roll=st.floats(-180, 180),
    ratio=st.floats(0.3, 4),
    shift=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)
@settings(max_examples=15, deadline=None)
def test_overlaps_equal_polygon_clipping(
    roll: float, ratio: float, shift: tuple[float, float]
) -> None:
    sky = tangent_grid(50.0, 41.5, pixel_size_arcsec=6, shape=(5, 7))
    centre = sky.sky_of(2 + shift[0], 3 + shift[1])
    target = tangent_grid(
        centre.ra.deg,
        centre.dec.deg,
        pixel_size_arcsec=6 * ratio,
        shape=(2, 3),
        roll_deg=roll,
    )
    matrix = overlap_matrix(target, sky).toarray()
    for pixel in range(6):
        i, j = divmod(pixel, 3)
        around = ((-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5))
        world = [target.sky_of(i + dy, j + dx) for dy, dx in around]
        polygon = [tuple(float(v) + 0.5 for v in sky.pixel_of(w)) for w in world]
        for column in range(35):
            expected = clip(list(polygon), *divmod(column, 7))
            assert matrix[pixel, column] == pytest.approx(expected, abs=1e-10)


def test_the_blur_is_a_convolution_and_not_a_correlation() -> None:
    sky = tangent_grid(0, 0, pixel_size_arcsec=5, shape=(7, 8))
    psf = np.arange(15, dtype=float).reshape(3, 5)
    image = np.zeros(sky.shape)
    image[3, 4] = 1
    identity = overlap_matrix(sky, sky)
    seen = (blur_by_psf(identity, psf, sky.shape) @ image.ravel()).reshape(sky.shape)
    expected = np.zeros(sky.shape)
    expected[2:5, 2:7] = psf
    assert_allclose(seen, expected, atol=1e-6)


def test_a_margin_lets_flux_in_from_outside() -> None:
    inner = tangent_grid(0, 0, pixel_size_arcsec=5, shape=(5, 6))
    wide = inner.widened(2)
    assert wide.shape == (9, 10)
    matrix = spatial_matrix(inner, wide, gaussian_psf(5, 1.0))
    outside = np.zeros(wide.shape)
    outside[1, 4] = 1
    seen = (matrix @ outside.ravel()).reshape(inner.shape)
    assert seen[0, 2] == pytest.approx(gaussian_psf(5, 1.0)[3, 2], abs=1e-6)


def test_the_resolve_array_sees_a_source_at_its_aim_point() -> None:
    array = resolve_array(350.85, 58.81, roll_deg=93.0)
    sky = tangent_grid(350.85, 58.81, pixel_size_arcsec=4, shape=(61, 61))
    matrix = spatial_matrix(array, sky, gaussian_psf(11, 2.0))
    assert matrix.shape == (36, 61 * 61)
    seen = matrix[:, [30 * 61 + 30]].toarray().reshape(6, 6)
    assert_allclose(seen[2:4, 2:4], 0.25, atol=1e-3)


def test_a_detector_elsewhere_sees_nothing() -> None:
    away = tangent_grid(263.6, -22.0, pixel_size_arcsec=12, shape=(2, 2))
    assert overlap_matrix(away, SKY).nnz == 0


def test_roll_is_the_position_angle_of_the_y_axis() -> None:
    grid = tangent_grid(83.6, 22.0, pixel_size_arcsec=4, shape=(9, 9), roll_deg=17)
    points = grid.sky_of(np.array([4, 5]), np.array([4, 4]))
    assert points[0].position_angle(points[1]).deg == pytest.approx(17, abs=1e-3)


def test_an_even_psf_is_told() -> None:
    with pytest.raises(HifredError, match="psf must have odd side lengths"):
        spatial_matrix(SKY, SKY, np.ones((2, 3)) / 6)
