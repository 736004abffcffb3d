"""Small observations of a known sky, for tests of everything above them."""

import numpy as np
import xarray as xr

from hifred.observations import build_observation, build_responses, build_sky_grid


def gaussian(sigma: float, half: int) -> np.ndarray:
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return kernel / kernel.sum()


def sky_cube(shape: tuple[int, int, int], brightness: float = 20.0) -> np.ndarray:
    """Two spectra mixed differently from pixel to pixel; positive."""
    n_energies, n_rows, n_columns = shape
    e = np.arange(n_energies) / n_energies
    spectra = np.stack([np.exp(-2 * e), 0.2 + np.exp(-0.5 * ((e - 0.6) / 0.05) ** 2)])
    y, x = np.mgrid[:n_rows, :n_columns]
    ring = np.hypot(y - n_rows / 2, x - n_columns / 2) / n_rows
    images = np.stack([np.exp(-((ring - 0.3) ** 2) / 0.02), 1.5 * np.exp(-ring * 4)])
    return brightness * np.tensordot(spectra, images + 0.05, axes=((0,), (0,)))


def instruments(
    edges: np.ndarray, area: np.ndarray, energy_factor: int, pixel_factor: int
) -> dict[str, dict]:
    """Return what sets the imager and the spectrometer apart."""
    return {
        "imager": {
            "psf": np.outer(gaussian(0.6, 3), gaussian(0.6, 3)),
            "line_spread": gaussian(3.0, 11),
            "channel_edges": edges[::energy_factor],
            "effective_area": 2 * area[::-1].copy(),
            "pixel_size_arcsec": 10.0,
        },
        "spectrometer": {
            "psf": np.outer(gaussian(1.2, 5), gaussian(1.2, 5)),
            "line_spread": gaussian(0.7, 3),
            "channel_edges": edges,
            "effective_area": area,
            "pixel_size_arcsec": 10.0 * pixel_factor,
        },
    }


def observe(
    cube: np.ndarray,
    *,
    rng: np.random.Generator | None,
    energy_factor: int = 4,
    pixel_factor: int = 3,
    background: float | None = None,
    mask_fraction: float = 0.0,
) -> dict[str, xr.Dataset]:
    """Return the counts of an imager and a spectrometer that see `cube`.

    The cube is at the imager's spatial and the spectrometer's spectral resolution,
    so that matched kernels explain it. Without `rng` the counts are rounded means.
    """
    n_energies, n_rows, n_columns = cube.shape
    edges = np.linspace(0.5, 1.0, n_energies + 1)
    area = 1.0 + 0.3 * np.linspace(-1, 1, n_energies)
    blank = {
        "imager": np.zeros((n_energies // energy_factor, n_rows, n_columns)),
        "spectrometer": np.zeros(
            (n_energies, n_rows // pixel_factor, n_columns // pixel_factor)
        ),
    }
    kernels = instruments(edges, area, energy_factor, pixel_factor)

    def build(name: str, counts: np.ndarray, **more) -> xr.Dataset:
        return build_observation(
            instrument=name,
            role=name,
            counts=counts,
            energy_edges=edges,
            exposure_time=1.0,
            sky_pixel_size_arcsec=10.0,
            **kernels[name],
            **more,
        )

    empty = {name: build(name, counts) for name, counts in blank.items()}
    responses = build_responses(empty, build_sky_grid(empty))
    found = {}
    for name, response in responses.items():
        mean = response.apply(cube) + (background or 0.0)
        counts = np.rint(mean) if rng is None else rng.poisson(mean)
        more = {"expected_counts": mean}
        if background is not None:
            more["background"] = np.full(mean.shape, background)
        if mask_fraction and rng is not None:
            more["mask"] = rng.random(mean.shape) >= mask_fraction
        found[name] = build(name, counts, **more)
    return found
