"""Counts without structure tell nothing of shifts and widths, and are not asked to."""

import numpy as np
import pytest
import xarray as xr

from hifred.observations import build_observation, check_responses
from hifred.observations.geometry.overlap import spatial_matrix
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    resolve_array,
    tangent_grid,
)

SKY = tangent_grid(83, 22, pixel_size_arcsec=8, shape=(40, 38))
GRIDS = {"mos1": SKY, "mos2": SKY, "resolve": resolve_array(83, 22, roll_deg=20)}
EDGES = np.linspace(2, 4, 41)


def recorded(name: str, image: np.ndarray, rng: np.random.Generator) -> xr.Dataset:
    """Counts of a sky (y, x) that is the same at all energies."""
    grid: PixelGrid = GRIDS[name]
    matrix = spatial_matrix(grid, SKY)
    mean = (matrix @ image.ravel()).reshape(1, *grid.shape) / (len(EDGES) - 1)
    (y, x), (y_sky, x_sky) = grid.offsets, SKY.offsets
    return build_observation(
        instrument=name,
        role="spectrometer" if name == "resolve" else "imager",
        counts=rng.poisson(np.repeat(mean, len(EDGES) - 1, axis=0)),
        energy_edges=EDGES,
        channel_edges=EDGES,
        effective_area=np.full(len(EDGES) - 1, 100.0),
        exposure_time=1e4,
        pixel_size_arcsec=grid.pixel_size_arcsec,
        sky_pixel_size_arcsec=8.0,
        spatial_matrix=matrix,
        wcs=grid.header_text,
        y=y,
        x=x,
        y_sky=y_sky,
        x_sky=x_sky,
    )


def pair(image: np.ndarray, seed: int) -> dict[str, xr.Dataset]:
    rng = np.random.default_rng(seed)
    return {name: recorded(name, image, rng) for name in GRIDS}


@pytest.mark.parametrize("level", [0.5, 20.0, 400.0])
def test_flat_fields_agree_and_it_is_told_what_they_hide(level: float) -> None:
    for seed in range(3):
        report = check_responses(pair(np.full(SKY.shape, level), seed))
        assert report.is_ok, str(report)
        assert any("to tell shift along y" in note for note in report.notes)
        assert "the responses agree" not in str(report)


def test_figures_scatter_as_they_say() -> None:
    y, x = np.indices(SKY.shape) - np.array([19.5, 18.5])[:, None, None]
    image = 30 * (1 + 2 * np.exp(-0.5 * (x**2 + y**2) / 5**2))
    rows = [row for seed in range(8) for row in check_responses(pair(image, seed)).rows]
    off = {
        name: [(r.value - r.expected) / r.scatter for r in rows if r.name == name]
        for name in ("normalisation", "shift along y", "shift along x")
    }
    for name, deviations in off.items():
        n = len(deviations)
        assert n >= 8, name
        # Standard errors of a mean and of a standard deviation of n draws.
        assert abs(np.mean(deviations)) < 4 / np.sqrt(n), name
        assert abs(np.std(deviations) - 1) < 4 / np.sqrt(2 * n), name
