"""A small extended source seen by two instruments, with Poisson noise."""

from typing import Any

import numpy as np
import xarray as xr

from hifred.observations import build_observation, build_responses, build_sky_grid
from tests.observations.cases import gaussian, gaussian_image

EDGES = np.linspace(0.5, 1.1, 121)
IMAGER_AREA = np.linspace(2.0, 1.0, 120)
SPECTROMETER_AREA = np.linspace(1.0, 1.5, 120)


def imager(**changes: Any) -> xr.Dataset:
    """Return 20 channels x 30 x 27 pixels, empty unless counts are given."""
    values: dict[str, Any] = {
        "instrument": "epic",
        "role": "imager",
        "counts": np.zeros((20, 30, 27), int),
        "energy_edges": EDGES,
        "channel_edges": EDGES[::6],
        "effective_area": IMAGER_AREA,
        "exposure_time": 1.0,
        "pixel_size_arcsec": 10.0,
        "psf": gaussian_image(4, 1.0),
        "line_spread": gaussian(20, 5.0),
    }
    return build_observation(**(values | changes))


def spectrometer(**changes: Any) -> xr.Dataset:
    """Return 120 channels x 10 x 9 pixels, empty unless counts are given."""
    values: dict[str, Any] = {
        "instrument": "resolve",
        "role": "spectrometer",
        "counts": np.zeros((120, 10, 9), int),
        "energy_edges": EDGES,
        "effective_area": SPECTROMETER_AREA,
        "exposure_time": 1.0,
        "pixel_size_arcsec": 30.0,
        "sky_pixel_size_arcsec": 10.0,
        "psf": gaussian_image(12, 2.5),
        "line_spread": gaussian(4, 1.0),
    }
    return build_observation(**(values | changes))


def lopsided_sky() -> np.ndarray:
    """Return a cube (120, 30, 27) of unit sum: blobs, each with a line of its own."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:30, :27]
    energy = np.arange(120)
    cube = np.zeros((120, 30, 27))
    for _ in range(6):
        row, column = 15 + 3 * rng.standard_normal(), 13 + 3 * rng.standard_normal()
        size, line = rng.uniform(1.5, 3.0), rng.uniform(20, 100)
        spectrum = 1 + 3 * np.exp(-0.5 * ((energy - line) / 2) ** 2)
        image = np.exp(-0.5 * ((y - row) ** 2 + (x - column) ** 2) / size**2)
        cube += spectrum[:, None, None] * image
    return cube / cube.sum()


def drawn_counts(
    n_photons: float, seed: int, case: dict[str, xr.Dataset] | None = None
) -> dict[str, np.ndarray]:
    """Return Poisson counts of both instruments with their full kernels."""
    case = case or {"epic": imager(), "resolve": spectrometer()}
    sky = build_sky_grid(case)
    scaled = n_photons * lopsided_sky() * sky.reference_exposure[:, None, None]
    responses = build_responses(case, sky, target_resolution="intrinsic")
    rng = np.random.default_rng(seed)
    return {name: rng.poisson(responses[name].apply(scaled)) for name in case}
