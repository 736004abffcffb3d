"""Time line maps with errors: ``python -m benchmarks.line_speed``.

Five lines on a continuum, each at three velocities, in 45 x 45 pixels of 2,400 energies
and in 100 draws of 85 spectra, as many as draws of `guided` with an automatic rank have
at most; on two threads, compiled beforehand.
"""

import time

import numpy as np
import xarray as xr

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.fusion.velocity_shifts import SPECTRA_PER_SHIFT
from hifred.posterior import Draws
from hifred.posterior.unseen_spectra import COMPONENTS
from hifred.products import LineSettings, measure_lines
from hifred.settings import read_settings
from hifred.simulation.instruments import line_spread_kernel
from hifred.threads import use_threads
from hifred.transforms.low_rank import LARGEST_RANK

N_PIXELS, N_DRAWS, N_THREADS = 45, 100, 2
EDGES = np.linspace(0.5, 1.364, 2401)
LINES_KEV = (0.574, 0.6536, 0.7746, 0.9, 1.0218)
VELOCITIES_KM_S = (-1500.0, 0.0, 1500.0)
# Of the lines, a little wider than the resolution.
SIGMA_KEV, RESOLUTION_EV = 2.7e-3, 2.5
NOISE = 0.03
# Spectra of every draw: these, and others of which there is nothing.
N_SPECTRA = LARGEST_RANK + LARGEST_RANK // SPECTRA_PER_SHIFT + COMPONENTS


def _spectra() -> np.ndarray:
    """Return a continuum and every line at every velocity, (component, energy)."""
    energy = 0.5 * (EDGES[1:] + EDGES[:-1])
    centres = np.outer(LINES_KEV, 1 - np.array(VELOCITIES_KM_S) / LIGHT_SPEED_KM_S)
    lines = np.exp(-0.5 * ((energy - centres.reshape(-1, 1)) / SIGMA_KEV) ** 2)
    return np.vstack([np.ones(energy.size), lines])


def _images(n_components: int, rng: np.random.Generator) -> np.ndarray:
    """Return the images (component, y, x) of a bright middle, each with its waves."""
    y, x = np.mgrid[:N_PIXELS, :N_PIXELS] - N_PIXELS // 2
    waves = np.arange(n_components)[:, None, None] + x / 9
    peaks = np.array([5.0, *rng.uniform(20, 60, n_components - 1)])
    shapes = np.clip(1 + 0.5 * np.sin(waves), 0.05, 2)
    return peaks[:, None, None] * np.exp(-(y**2 + x**2) / 500) * shapes


def _drawn() -> Draws:
    rng = np.random.default_rng(0)
    spectra = _spectra()
    images = _images(len(spectra), rng)
    n_others = N_SPECTRA - len(spectra)
    others = rng.standard_normal((n_others, spectra.shape[1]))
    spectra = np.vstack([spectra, others])
    images = np.concatenate([images, np.zeros((n_others, *images.shape[1:]))])
    noise = 1 + NOISE * rng.standard_normal((*images.shape, N_DRAWS))
    orthonormal, mixed = np.linalg.qr(spectra.T)
    axis = 10.0 * np.arange(N_PIXELS)
    return Draws(
        xr.Dataset(
            {
                "spectral_basis": (("component", "energy"), orthonormal.T),
                "coefficients": (("component", "y", "x"), _mixed(mixed, images)),
                "drawn_coefficients": (
                    ("component", "y", "x", "draw"),
                    _mixed(mixed, images[..., None] * noise),
                ),
                "reference_exposure": ("energy", np.full(spectra.shape[1], 1e4)),
            },
            {"energy": 0.5 * (EDGES[1:] + EDGES[:-1]), "y": axis, "x": axis},
        )
    )


def _mixed(matrix: np.ndarray, images: np.ndarray) -> np.ndarray:
    return np.tensordot(matrix, images, axes=1)


def main() -> None:
    """Measure, and print wall time and CPU."""
    draws = _drawn()
    spread = line_spread_kernel("gaussian", RESOLUTION_EV, 1e3 * np.diff(EDGES)[0])
    cube = draws.fit.to_dataset(name="flux").assign_coords(
        energy_edges=("energy_edge", EDGES)
    )
    cube["reference_exposure"] = draws.data["reference_exposure"]
    lines = {f"{energy:g}": {"energy_kev": energy} for energy in LINES_KEV}
    settings = read_settings(LineSettings, {"lines": lines})
    with use_threads(N_THREADS):
        measure_lines(cube.isel(y=slice(2)), settings, line_spread=spread)
        wall, cpu = time.perf_counter(), time.process_time()
        measure_lines(cube, settings, draws=draws, line_spread=spread)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    pixels = f"{N_PIXELS} x {N_PIXELS} pixels"
    print(f"{pixels} x {len(LINES_KEV)} lines x {N_DRAWS} draws: {wall:.1f} s, "
          f"{cpu:.1f} s of CPU (aim: 30 s on two cores)")  # fmt: skip


if __name__ == "__main__":
    main()
