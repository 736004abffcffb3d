"""Spatial matrices between grids of pixels: exact overlap and PSF."""

import numpy as np
from scipy import sparse

from hifred.errors import HifredError
from hifred.observations.geometry.pixel_grid import PixelGrid

# Pairs of pixels worked on at once: keeps the scratch arrays near 100 MB.
PAIRS_AT_ONCE = 400_000


def overlap_matrix(detector: PixelGrid, sky: PixelGrid) -> sparse.csr_array:
    """Return which fraction of each sky pixel falls in each detector pixel.

    The corners of the detector pixels are taken to the sky grid's pixel plane by
    their WCS and joined by straight lines; neighbours share their corners, so that
    the quadrilaterals tile the plane and flux is neither lost nor counted twice.

    Parameters
    ----------
    detector, sky : PixelGrid
        Any pixel sizes, pointings and rolls.

    Returns
    -------
    (pixel, sky pixel) sparse array
        Pixels in C order. A column sums to 1 where the detector covers the sky
        pixel wholly, and to the covered fraction elsewhere.
    """
    corners = _quadrilaterals(detector, sky)
    shape = (len(corners), sky.shape[0] * sky.shape[1])
    pixel, row, column = _candidate_pairs(corners, sky.shape)
    parts = []
    for start in range(0, len(pixel), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        areas = _shared_areas(corners[pixel[part]], row[part], column[part])
        parts.append(areas)
    values = np.concatenate(parts) if parts else np.zeros(0)
    kept = values > 0
    index = (pixel[kept], row[kept] * sky.shape[1] + column[kept])
    return sparse.csr_array(sparse.coo_array((values[kept], index), shape=shape))


def _quadrilaterals(detector: PixelGrid, sky: PixelGrid) -> np.ndarray:
    """Return (pixel, corner, (y, x)) in sky pixels whose edges are integers."""
    ny, nx = detector.shape
    y, x = np.meshgrid(np.arange(ny + 1) - 0.5, np.arange(nx + 1) - 0.5, indexing="ij")
    corner_y, corner_x = sky.pixel_of(detector.sky_of(y.ravel(), x.ravel()))
    points = np.stack([corner_y, corner_x], axis=-1).reshape(ny + 1, nx + 1, 2) + 0.5
    around = [points[:-1, :-1], points[:-1, 1:], points[1:, 1:], points[1:, :-1]]
    return np.stack(around, axis=2).reshape(ny * nx, 4, 2)


def _candidate_pairs(
    corners: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (pixel, row, column) of the sky pixels in each bounding box."""
    low = np.floor(corners.min(axis=1))
    high = np.ceil(corners.max(axis=1))
    # Corners behind the projection are NaN: such a pixel sees nothing of this sky.
    low = np.nan_to_num(np.clip(low, 0, shape), nan=0).astype(np.int64)
    high = np.nan_to_num(np.clip(high, 0, shape), nan=0).astype(np.int64)
    height, width = np.maximum(high - low, 0).T
    count = height * width
    pixel = np.repeat(np.arange(len(corners)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    row = low[pixel, 0] + within // np.maximum(width[pixel], 1)
    column = low[pixel, 1] + within % np.maximum(width[pixel], 1)
    return pixel, row, column


def _shared_areas(
    corners: np.ndarray, row: np.ndarray, column: np.ndarray
) -> np.ndarray:
    """Return the areas (pair,) shared by quadrilaterals and unit squares.

    Green's theorem: the area of a polygon inside a square is the sum over its edges
    of the integral of the edge's height, clamped to the square, over the edge's part
    inside the square's columns.
    """
    y0 = corners[:, :, 0] - row[:, None]
    x0 = corners[:, :, 1] - column[:, None]
    y1, x1 = np.roll(y0, -1, axis=1), np.roll(x0, -1, axis=1)
    run = x1 - x0
    steep = np.where(run == 0, 1.0, run)
    start, stop = np.clip(x0, 0, 1), np.clip(x1, 0, 1)
    from_y = np.where(run == 0, y0, y0 + (y1 - y0) * (start - x0) / steep)
    to_y = np.where(run == 0, y1, y0 + (y1 - y0) * (stop - x0) / steep)
    signed = (stop - start) * _mean_clamped(from_y, to_y)
    return np.abs(signed.sum(axis=1))


def _mean_clamped(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the mean of clamp(y, 0, 1) for y that runs linearly from a to b.

    Written so that it stays exact when a and b are nearly equal.
    """
    low, high = np.minimum(a, b), np.maximum(a, b)
    rise = np.where(high > low, high - low, 1.0)
    below = np.clip((0 - low) / rise, 0, 1)
    above = np.clip((1 - low) / rise, 0, 1)
    bottom, top = np.clip(low, 0, 1), np.clip(high, 0, 1)
    sloped = (above - below) * 0.5 * (bottom + top)
    mean = below * bottom + sloped + (1 - above) * top
    return np.where(high > low, mean, bottom)


def blur_by_psf(
    overlap: sparse.csr_array, psf: np.ndarray, sky_shape: tuple[int, int]
) -> sparse.csr_array:
    """Return the product of an overlap matrix and the blur of the sky by a PSF.

    Parameters
    ----------
    overlap : (pixel, sky pixel) sparse array
        From `overlap_matrix`.
    psf : (psf_y, psf_x) array
        Odd sides, in sky pixels, non-negative.
    sky_shape : (int, int)
        Rows and columns of the sky grid. Flux blurred out of it is lost: give the
        sky a margin.
    """
    if psf.ndim != 2 or psf.shape[0] % 2 == 0 or psf.shape[1] % 2 == 0:
        raise HifredError(
            "psf must have odd side lengths, to have a centre pixel; got shape "
            f"{psf.shape}."
        )
    ny, nx = sky_shape
    result = sparse.csr_array(overlap.shape)
    for i_row in range(psf.shape[0]):
        shifts = np.arange(psf.shape[1]) - psf.shape[1] // 2
        along = _shift_matrix(nx, shifts, psf[i_row])
        down = _shift_matrix(ny, np.array([i_row - psf.shape[0] // 2]), np.ones(1))
        result = result + overlap @ sparse.csr_array(sparse.kron(down, along))
    return sparse.csr_array(result)


def _shift_matrix(n: int, shifts: np.ndarray, weights: np.ndarray) -> sparse.csr_array:
    """Return the (n, n) convolution with `weights` at `shifts`, zero outside."""
    target, k = np.meshgrid(np.arange(n), np.arange(len(shifts)), indexing="ij")
    source = target - shifts[k]
    inside = (source >= 0) & (source < n)
    index = (target[inside], source[inside])
    values = weights[k[inside]]
    return sparse.csr_array(sparse.coo_array((values, index), shape=(n, n)))


def spatial_matrix(
    detector: PixelGrid, sky: PixelGrid, psf: np.ndarray | None = None
) -> sparse.csr_array:
    """Return the matrix (pixel, sky pixel) of one instrument's view of the sky.

    Parameters
    ----------
    detector, sky : PixelGrid
        Pixels of the instrument and of the sky; the sky includes any margin.
    psf : (psf_y, psf_x) array, optional
        In sky pixels, odd sides, unit sum; None for none.
    """
    overlap = overlap_matrix(detector, sky)
    return overlap if psf is None else blur_by_psf(overlap, psf, sky.shape)
