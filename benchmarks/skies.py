"""Skies whose truth is known, and one fit of them."""

import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from benchmarks.distortions import Observations, distorted
from hifred.fusion import FusionSettings, fuse
from hifred.measures import bright_pixels, mean_spectral_angle
from hifred.observations import build_observation
from hifred.simulation import MODELS, simulate_model
from hifred.simulation.models import TABLE_1

SCENES = Path(__file__).parents[2] / "shared/data/scenes"
PIXEL_ARCSEC = {"imager": 10.0, "spectrometer": 30.0}


@dataclass(frozen=True)
class Sky:
    """A toy model with a seed, or a file with counts, responses and truth.

    Attributes
    ----------
    name, model : str
    seed : int
    path : str
    side : int
        Sky pixels of the middle that are kept, along y and x; all for 0.
    distortion : str
        What is wrong with it, one of `benchmarks.distortions.DISTORTIONS`, or nothing.
    share : float
        Of the model's counts that are recorded.
    """

    name: str
    model: str = ""
    seed: int = 0
    path: str = ""
    side: int = 0
    distortion: str = ""
    share: float = 1.0


def skies(
    scenes: Sequence[Path] | None, models: Sequence[str] | None, seeds: Sequence[int]
) -> list[Sky]:
    """Return the skies asked for; all scenes and models by default."""
    files = sorted(SCENES.glob("*.npz")) if scenes is None else scenes
    names = list(MODELS) if models is None else models
    return [Sky(f.stem, path=str(f)) for f in files] + [
        Sky(f"{name} {seed}", model=name, seed=seed) for name in names for seed in seeds
    ]


def observed(sky: Sky) -> tuple[Observations, np.ndarray]:
    """Return observations and truth (energy, y, x) of a sky."""
    if sky.path:
        observations, truth = _read_scene(Path(sky.path))
    else:
        counts = sky.share * TABLE_1[sky.model]["imager"]["counts"]
        simulated = simulate_model(sky.model, seed=sky.seed, counts=counts)
        observations, truth = simulated.observations, simulated.truth["flux"].values
    if sky.side:
        observations, truth = _middle(observations, truth, sky.side)
    if sky.distortion:
        observations = distorted(observations, sky.distortion)
    return observations, truth


def prepare(sky: Sky, folder: Path) -> None:
    """Write observations and truth of a sky, to be read by each fit."""
    observations, truth = observed(sky)
    (folder / sky.name).write_bytes(pickle.dumps((dict(observations), truth)))


def fitted(sky: Sky, folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Return how near to the truth one fit is, and what it took on one thread."""
    observations, truth = pickle.loads((folder / sky.name).read_bytes())
    started = time.process_time()
    result = fuse(observations, FusionSettings.read(settings), threads=1)
    seconds = time.process_time() - started
    flux, truth = result["flux"].values.astype(float), truth.astype(float)
    error = np.sum((flux - truth) ** 2) / np.sum(truth**2)
    chosen = [name for name in ("chosen_mu", "chosen_rank") if name in result]
    return {
        "sky": sky.name,
        "settings": settings,
        "nmse_db": float(-10 * np.log10(error)),
        "asam": mean_spectral_angle(flux, truth, mask=bright_pixels(truth)),
        "cpu_s": seconds,
        "outcome": result.attrs["outcome"],
        **{name: result[name].item() for name in chosen},
    }


def _middle(
    observations: Observations, truth: np.ndarray, side: int
) -> tuple[dict[str, xr.Dataset], np.ndarray]:
    """Return the middle `side` sky pixels, from a whole coarse one on."""
    n_pixels = truth.shape[-1]
    factors = {n: n_pixels // o.sizes["x"] for n, o in observations.items()}
    coarse = max(factors.values())
    start = (n_pixels - side) // 2 // coarse * coarse
    cuts = {n: slice(start // f, (start + side) // f) for n, f in factors.items()}
    middle = {n: o.isel(y=cuts[n], x=cuts[n]) for n, o in observations.items()}
    return middle, truth[:, start : start + side, start : start + side]


def _read_scene(path: Path) -> tuple[dict[str, xr.Dataset], np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        energy = arrays["energy_keV"]
        width = float(np.median(np.diff(energy)))
        edges = energy[0] + width * (np.arange(energy.size + 1) - 0.5)
        observations = {
            name: build_observation(
                instrument=name,
                role=name,
                counts=arrays[letter],
                energy_edges=edges,
                channel_edges=edges[:: energy.size // len(arrays[letter])],
                effective_area=arrays[f"area_{letter.lower()}"],
                exposure_time=1.0,
                psf=arrays[f"psf_{letter.lower()}"],
                line_spread=arrays[f"lsf_{letter.lower()}"],
                pixel_size_arcsec=PIXEL_ARCSEC[name],
                sky_pixel_size_arcsec=PIXEL_ARCSEC["imager"],
            )
            for name, letter in (("imager", "X"), ("spectrometer", "Y"))
        }
        return observations, arrays["truth"]
