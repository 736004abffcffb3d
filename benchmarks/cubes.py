"""The observations that are timed: the published cubes, or simulated ones."""

from pathlib import Path

import numpy as np
import xarray as xr

from hifred.observations import build_observation, build_responses, build_sky_grid

PUBLISHED = (
    Path(__file__).parents[2] / "shared/data/published_cubes/gaussian_1kev_rebinned.npz"
)
# Widths of the Gaussian model: pixels of 10 arcsec, channels of 0.36 eV.
PSF_SIGMA = {"imager": 1.0, "spectrometer": 3.0}
LINE_SIGMA = {"imager": 58.33, "spectrometer": 6.94}
COUNTS_PER_VOXEL = 4.8


def gaussian(sigma: float) -> np.ndarray:
    """Return a Gaussian kernel of odd length and unit sum."""
    half = int(np.ceil(4 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return kernel / kernel.sum()


def observations_of(counts: dict[str, np.ndarray]) -> dict[str, xr.Dataset]:
    """Return observations with the kernels of the Gaussian model and unit areas."""
    n_energies = len(counts["spectrometer"])
    edges = 0.5 + 0.36e-3 * np.arange(n_energies + 1)
    n_rows = counts["imager"].shape[1]
    found = {}
    for name, values in counts.items():
        psf = gaussian(PSF_SIGMA[name])
        found[name] = build_observation(
            instrument=name,
            role=name,
            counts=values,
            energy_edges=edges,
            channel_edges=edges[:: n_energies // len(values)],
            effective_area=np.ones(n_energies),
            exposure_time=1.0,
            psf=np.outer(psf, psf),
            line_spread=gaussian(LINE_SIGMA[name]),
            pixel_size_arcsec=10.0 * n_rows / values.shape[1],
            sky_pixel_size_arcsec=10.0,
        )
    return found


def published() -> dict[str, xr.Dataset]:
    """Return the published Gaussian model; its spectrometer is drawn with a seed."""
    with np.load(PUBLISHED, allow_pickle=False) as arrays:
        counts = {
            "imager": arrays["X"],
            "spectrometer": np.random.default_rng(1).poisson(arrays["Y_noise_free"]),
        }
    return observations_of(counts)


def simulated(
    n_energies: int, n_pixels: int, *, channel_factor: int = 40, pixel_factor: int = 3
) -> dict[str, xr.Dataset]:
    """Return a shell with lines, seen by both instruments.

    Parameters
    ----------
    n_energies, n_pixels : int
        Energies of the sky, and its pixels along one side.
    channel_factor, pixel_factor : int
        Energies per imager channel, sky pixels per spectrometer pixel and axis.
    """
    n_coarse = n_pixels // pixel_factor
    blank = {
        "imager": np.zeros((n_energies // channel_factor, n_pixels, n_pixels)),
        "spectrometer": np.zeros((n_energies, n_coarse, n_coarse)),
    }
    empty = observations_of(blank)
    rng = np.random.default_rng(2)
    sky = COUNTS_PER_VOXEL * _shell(n_energies, n_pixels)
    responses = build_responses(empty, build_sky_grid(empty))
    return observations_of({n: rng.poisson(r.apply(sky)) for n, r in responses.items()})


def _shell(n_energies: int, n_pixels: int) -> np.ndarray:
    e = np.linspace(0, 1, n_energies)
    lines = sum(np.exp(-0.5 * ((e - c) / 0.006) ** 2) for c in (0.2, 0.45, 0.5, 0.8))
    y, x = np.mgrid[:n_pixels, :n_pixels] / n_pixels - 0.5
    radius = np.hypot(y, x)
    ring = np.exp(-0.5 * ((radius - 0.3) / 0.07) ** 2)
    sky = np.multiply.outer(np.exp(-2 * e), np.exp(-4 * radius))
    sky += np.multiply.outer(lines, ring * (1 + 0.5 * x))
    return (sky / sky.mean()).astype(np.float32)
