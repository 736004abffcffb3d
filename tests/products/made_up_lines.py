"""Lines of known flux, velocity and width."""

import numpy as np
import xarray as xr
from scipy.stats import norm

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.products.line_band import LineBand, line_band
from hifred.products.resolution import line_shape
from hifred.products.settings import LineChoice, LineSettings

EDGES = np.linspace(6.4, 7.0, 601)
SIGMA_KEV = 0.0025
REST_KEV = 6.7


def gaussian_spread(sigma_bins: float) -> np.ndarray:
    offsets = np.arange(-12, 13)
    kernel = np.exp(-0.5 * (offsets / sigma_bins) ** 2)
    return kernel / kernel.sum()


def band(reach_km_s: float = 2000.0, **choice) -> LineBand:
    """Return the band of a line at 6.7 keV, seen at a resolution of 2.5 eV."""
    settings = LineSettings(
        lines={"iron": choice or {"energy_kev": REST_KEV}}, reach_km_s=reach_km_s
    )
    return line_band(
        "iron",
        LineChoice(**(choice or {"energy_kev": REST_KEV})),
        settings,
        energy_edges=EDGES,
        resolution=line_shape(gaussian_spread(2.5), 0.001),
    )


def energy_at(velocity_km_s: float) -> float:
    return REST_KEV * (1.0 - velocity_km_s / LIGHT_SPEED_KM_S)


def line_spectrum(
    edges: np.ndarray, flux: float, velocity_km_s: float, width_km_s: float
) -> np.ndarray:
    """Return a Gaussian at the resolution, integrated over bins of `edges`."""
    own = REST_KEV * width_km_s / LIGHT_SPEED_KM_S
    sigma = np.hypot(SIGMA_KEV, own)
    return flux * np.diff(norm.cdf((edges - energy_at(velocity_km_s)) / sigma))


def expected(lines: LineBand, continuum: float, *parts: tuple[float, float, float]):
    """Return the mean of every group: continuum per keV, and lines as given."""
    edges = np.stack([lines.low, lines.high], axis=1)
    spectrum = continuum * lines.width
    for part in parts:
        spectrum = spectrum + np.array(
            [line_spectrum(pair, *part)[0] for pair in edges]
        )
    return spectrum


def line_cube(shape: tuple[int, int], *, counts: float = 4000.0, seed: int | None = 0):
    """Return a cube with a line whose velocity grows along x, and the velocities."""
    velocity = np.linspace(-800.0, 800.0, shape[1])
    column = np.stack(
        [
            counts * 20 * np.diff(EDGES) + line_spectrum(EDGES, counts, v, 250.0)
            for v in velocity
        ],
        axis=1,
    )
    mean = np.repeat(column[:, None, :], shape[0], axis=1)
    if seed is not None:
        mean = np.random.default_rng(seed).poisson(mean)
    exposure = np.full(len(EDGES) - 1, 1e4)
    data = xr.Dataset(
        {
            "flux": (("energy", "y", "x"), mean / exposure[:, None, None]),
            "reference_exposure": ("energy", exposure),
            "line_spread": ("energy_offset", gaussian_spread(2.5)),
        },
        coords={
            "energy": 0.5 * (EDGES[1:] + EDGES[:-1]),
            "energy_edges": ("energy_edge", EDGES),
            "y": 10.0 * np.arange(shape[0]),
            "x": 10.0 * np.arange(shape[1]),
        },
    )
    return data, velocity
