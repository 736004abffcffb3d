"""Four clumps before a blurred spectrometer, and the line of each by two ways."""

from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import least_squares
from scipy.special import erf

from hifred.mixing import read_joint
from hifred.observations import FusionInput
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.pha import read_pha
from hifred.simulation import simulation_settings
from hifred.simulation.observe import simulate_scene

LIGHT_SPEED = 299792.458
LINE_KEV = 1.0
SIZE, PIXEL = 24, 10.0
CENTRES = ((6, 6), (6, 17), (17, 6), (17, 17))
BRIGHTNESS = (1.0, 0.6, 0.8, 0.5)
VELOCITIES = np.array([2400.0, -1800.0, 900.0, -600.0])
REGIONS = "image\n" + "\n".join(
    f"circle({x + 1},{y + 1},5) # text={{r{i}}}" for i, (y, x) in enumerate(CENTRES)
)
SPREAD_KM_S = 450.0
# In units of a line's flux: continuum of a clump per keV, and of the sky per bin.
CONTINUUM, FAINT = 6.6, 3e-5


class FourClumps:
    """A line on a continuum in each clump; its velocity may change across the clump.

    Parameters
    ----------
    gradient : float, km/s
        Change of velocity over one standard deviation of a clump, towards the middle
        of the field.
    """

    def __init__(self, gradient: float) -> None:
        self.gradient = gradient

    def flux(
        self, energy_edges: np.ndarray, y: np.ndarray, x: np.ndarray
    ) -> np.ndarray:
        y, x = np.meshgrid(y, x, indexing="ij")
        middle = (SIZE - 1) / 2
        flux = np.full((energy_edges.size - 1, *y.shape), FAINT)
        for (row, column), peak, velocity in zip(
            CENTRES, BRIGHTNESS, VELOCITIES, strict=True
        ):
            down, right = y / PIXEL + middle - row, x / PIXEL + middle - column
            image = peak * np.exp(-0.5 * (down**2 + right**2) / 2.0**2)
            inward = -np.sign(row - middle) * down - np.sign(column - middle) * right
            local = velocity + self.gradient * np.clip(inward / 2**1.5, -2, 2)
            flux += image * line(energy_edges[:, None, None], 1.0, local)
            flux += image * CONTINUUM * np.diff(energy_edges)[:, None, None]
        return flux


def line(edges: np.ndarray, flux: float, velocity: np.ndarray | float,
         spread: float = SPREAD_KM_S) -> np.ndarray:  # fmt: skip
    """Return the flux of a Gaussian line in each bin (energy, ...)."""
    offset = (edges / LINE_KEV - 1) * LIGHT_SPEED - velocity
    return flux * np.diff(0.5 * erf(offset / (spread * np.sqrt(2))), axis=0)


def observe(gradient: float, seed: int, counts: float) -> FusionInput:
    settings = simulation_settings(
        "gaussian_1kev_rebinned",
        {
            "shape": (SIZE, SIZE), "n_energies": 240, "band_kev": (0.9568, 1.0432),
            "counts": counts, "seed": seed, "spectrometer.psf_width_arcsec": 50.0,
        },
    )  # fmt: skip
    return simulate_scene(FourClumps(gradient), settings)


def spectrum(parameters: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return line and flat continuum (energy,) of flux, velocity, spread, flux."""
    flux, velocity, spread, continuum = parameters
    flat = abs(continuum) * np.diff(edges) / (edges[-1] - edges[0])
    return line(edges, abs(flux), velocity, spread) + flat


def fitted_alone(folder: Path, name: str) -> np.ndarray:
    """Return the four parameters of a region's spectrum of the fused cube."""
    found = read_pha(folder / f"{name}.pha")
    exposure = read_arf(folder / f"{name}.arf").effective_area * found.exposure_time
    rmf = read_rmf(folder / f"{name}.rmf")
    flux = (found.counts / exposure).sum()
    peak = rmf.energy_edges[found.counts.argmax()]
    scale = np.array([flux, 1e3, 1e3, flux])

    def residuals(p: np.ndarray) -> np.ndarray:
        folded = rmf.fold(spectrum(p * scale, rmf.energy_edges) * exposure)
        return (folded - found.counts) / found.error

    start = [0.6, (peak / LINE_KEV - 1) * LIGHT_SPEED / 1e3, 0.5, 0.4]
    return least_squares(residuals, start).x * scale


def fitted_together(folder: Path, start: np.ndarray) -> np.ndarray:
    """Return the parameters (region, 4) of the joint fit of the exported files.

    What is in no region has a line of its own.
    """
    joint = read_joint(folder)
    scale = np.array([start[0, 0], 1e3, 1e3, start[0, 0]])
    first = np.concatenate([start / scale, [[0.2, 0.1, 1.5, 0.2]]])

    def residuals(p: np.ndarray) -> np.ndarray:
        models = [spectrum(q, joint.energy_edges) for q in p.reshape(-1, 4) * scale]
        return joint.residuals(np.stack(models))

    return least_squares(residuals, first.ravel()).x.reshape(-1, 4) * scale


def with_truth(result: xr.Dataset, ready: FusionInput) -> xr.Dataset:
    """Return a result whose cube is the truth at its resolution."""
    assert ready.truth is not None
    return result.assign(flux=(result["flux"].dims, ready.truth["flux"].values))
