"""Small observations of one sky, with all shapes different, for many tests."""

from typing import Any

import numpy as np
import xarray as xr

from hifred.observations import build_observation


def gaussian(half: int, sigma: float) -> np.ndarray:
    """Return a sampled Gaussian of unit sum, 2 half + 1 samples."""
    samples = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return samples / samples.sum()


def gaussian_image(half: int, sigma: float) -> np.ndarray:
    """Return the separable image of `gaussian`."""
    return np.outer(gaussian(half, sigma), gaussian(half, sigma))


ENERGY_EDGES = np.linspace(0.5, 0.98, 25)  # 24 bins


def imager(**changes: Any) -> xr.Dataset:
    """Return 4 channels x 6 x 9 pixels of 10 arcsec."""
    rng = np.random.default_rng(1)
    values: dict[str, Any] = {
        "instrument": "epic",
        "role": "imager",
        "counts": rng.poisson(30.0, (4, 6, 9)),
        "energy_edges": ENERGY_EDGES,
        "channel_edges": ENERGY_EDGES[::6],
        "effective_area": np.linspace(100.0, 200.0, 24),
        "exposure_time": 1000.0,
        "pixel_size_arcsec": 10.0,
        "psf": gaussian_image(4, 1.0),
        "line_spread": gaussian(7, 2.5),
    }
    return build_observation(**(values | changes))


def spectrometer(**changes: Any) -> xr.Dataset:
    """Return 24 channels x 2 x 3 pixels of 30 arcsec."""
    rng = np.random.default_rng(2)
    values: dict[str, Any] = {
        "instrument": "resolve",
        "role": "spectrometer",
        "counts": rng.poisson(20.0, (24, 2, 3)),
        "energy_edges": ENERGY_EDGES,
        "effective_area": np.linspace(80.0, 50.0, 24),
        "exposure_time": 5000.0,
        "pixel_size_arcsec": 30.0,
        "sky_pixel_size_arcsec": 10.0,
        "psf": gaussian_image(9, 2.0),
        "line_spread": gaussian(3, 0.7),
    }
    return build_observation(**(values | changes))


def observations() -> dict[str, xr.Dataset]:
    """Return the two of them."""
    return {"epic": imager(), "resolve": spectrometer()}
