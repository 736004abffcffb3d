"""Line maps of fused cubes against the truth: ``python -m benchmarks.line_maps``.

For every model, or scene of another make, and seed: velocities of the fused cube and of
the spectrometer's own pixels spread on the sky, against those of the true cube measured
in the same way; and how often the intervals of the draws hold the truth. All three are
measured in the same bins: pixels, and groups of them whose line has a signal of
``--signals`` times the noise of its counts. Bright bins are those that hold 80 % of the
flux of the line. A line with two peaks has no one velocity that a Gaussian could find:
``single`` ratios are those of bins whose true line shows none.

Rows that are in the file are not made again, and fits and draws that are in the folder
are read: leave the draws out of it when the code that makes them changes.
"""

import argparse
import itertools
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from hifred.fusion import FusionSettings, fuse
from hifred.observations import (
    FusionInput,
    build_observation,
    without_end_channels,
)
from hifred.posterior import Draws, posterior
from hifred.products import LineSettings, measure_lines, spectrometer_cube
from hifred.products.target_response import cube_line_spread
from hifred.settings import read_settings
from hifred.simulation import MODELS, simulate_model
from hifred.store import read_draws, save_draws
from hifred.store.fusion_result import save_result

SCENES = Path(__file__).parents[2] / "shared/data/scenes"
SOFT = {"oxygen": "O VIII Ly-alpha", "neon": "Ne X Ly-alpha"}
HARD = {"iron": "Fe XXV He-alpha"}
BRIGHT = 0.8
MEASURED = ("flux", "velocity", "width")


def lines_of(model: str, signal: float = 0.0) -> LineSettings:
    """Return the lines of a model's band, in pixels or in groups of a signal."""
    names = HARD if "6kev" in model else SOFT
    table = {name: {"line": line} for name, line in names.items()}
    settings = {"reach_km_s": 8000.0, "components": 1, "lines": table}
    groups = {"binning": "voronoi", "target_snr": signal} if signal else {}
    return read_settings(LineSettings, settings | groups)


def observed(model: str, seed: int) -> FusionInput:
    """Return a simulated model, or a scene of another make, drawn with a seed."""
    if model in MODELS:
        return simulate_model(model, seed=seed)
    with np.load(SCENES / f"{model}.npz", allow_pickle=False) as scene:
        return _scene_input(scene, seed)


def _scene_input(scene: Any, seed: int) -> FusionInput:
    rng = np.random.default_rng(seed)
    energy = scene["energy_keV"]
    step = (energy[-1] - energy[0]) / (len(energy) - 1)
    edges = np.append(energy - step / 2, energy[-1] + step / 2)
    observations = {}
    for name, key in (("imager", "X"), ("spectrometer", "Y")):
        mean = scene[f"{key}_mean"]
        factor = 45 // mean.shape[1]
        observations[name] = build_observation(
            instrument=name,
            role=name,
            counts=rng.poisson(mean),
            energy_edges=edges,
            channel_edges=edges[:: len(energy) // len(mean)],
            effective_area=scene[f"area_{key.lower()}"],
            exposure_time=1.0,
            psf=_unit(scene[f"psf_{key.lower()}"]),
            line_spread=_unit(scene[f"lsf_{key.lower()}"]),
            pixel_size_arcsec=10.0 * factor,
            sky_pixel_size_arcsec=10.0,
        )
    pixels = 10.0 * (np.arange(45) - 22)
    truth = xr.Dataset(
        {"flux": (("energy", "y", "x"), scene["truth"])},
        {"energy": energy, "energy_edges": ("energy_edge", edges), "y": pixels,
         "x": pixels},
    )  # fmt: skip
    return FusionInput(without_end_channels(observations), truth, {})


def _unit(kernel: np.ndarray) -> np.ndarray:
    return kernel / kernel.sum()


def compare(
    model: str, seed: int, *, signals: list[float], n_draws: int, kept: Path
) -> list[dict[str, Any]]:
    """Return a row for every line and kind of bins of a model and seed."""
    data = observed(model, seed)
    result = _fit(data, kept / f"{model}-{seed}.zarr")
    draws = _draws(result, data, n_draws, kept / f"{model}-{seed}-draws.zarr")
    spread = cube_line_spread(result, data)
    rows = []
    for signal in signals:
        settings = lines_of(model, signal)
        started = time.process_time()
        fused = measure_lines(result, settings, draws=draws, line_spread=spread)
        about = {"model": model, "seed": seed, "draws": n_draws, "signal": signal}
        about["cpu_s"] = time.process_time() - started
        for name, choice in settings.lines.items():
            alone = replace(lines_of(model), lines={name: choice})
            maps = fused.sel(line=name)
            truth, own = _known(data, alone, maps["bin_number"].to_numpy(), spread)
            rows.append(about | {"line": name} | _row(maps, truth, own))
    return rows


def _fit(data: FusionInput, path: Path) -> xr.Dataset:
    if not path.exists():
        settings = FusionSettings(regularizer="guided")
        save_result(path, fuse(data.observations, settings))
    return xr.open_zarr(path, chunks=None, consolidated=False).load()


def _draws(result: xr.Dataset, data: FusionInput, n_draws: int, path: Path) -> Draws:
    if not path.exists():
        save_draws(path, posterior(result, data.observations, n_draws=n_draws))
    return read_draws(path)


def _known(
    data: FusionInput, line: LineSettings, number: np.ndarray, spread: np.ndarray | None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Return maps of the truth, and of the spectrometer's pixels spread on the sky."""
    own = spectrometer_cube(data.observations["spectrometer"])
    pixels = {axis: data.truth[axis] for axis in ("y", "x")}
    spread_out = own.sel(pixels, method="nearest").assign_coords(pixels)
    # One Gaussian everywhere, and whether the line shows two.
    told = replace(line, components="auto")
    truth = measure_lines(_in_bins(data.truth, number), told, line_spread=spread)
    found = measure_lines(_in_bins(spread_out, number), line)
    return truth.isel(line=0), found.isel(line=0)


def _in_bins(cube: xr.Dataset, number: np.ndarray) -> xr.Dataset:
    """Return a cube whose pixels have the mean spectrum of their bin."""
    flux = cube["flux"].transpose("energy", "y", "x")
    names, place = np.unique(number.ravel(), return_inverse=True)
    share = np.eye(len(names))[place]
    mean = flux.to_numpy().reshape(len(flux), -1) @ (share / share.sum(axis=0))
    return cube.assign(flux=flux.copy(data=mean[:, place].reshape(flux.shape)))


def _row(fused: xr.Dataset, truth: xr.Dataset, own: xr.Dataset) -> dict[str, float]:
    _, first, n_pixels = np.unique(
        fused["bin_number"], return_index=True, return_counts=True
    )
    fused, truth, own = (_rows_of(maps, first) for maps in (fused, truth, own))
    is_bright = _bright(truth["flux"].to_numpy() * n_pixels)
    # Where even the true line cannot be fitted, it has no velocity to be found.
    is_bright &= (fused["status"].to_numpy() == 0) & (truth["status"].to_numpy() == 0)
    row: dict[str, float] = {"n_bright": int(is_bright.sum())}
    row["pixels"] = float(np.median(n_pixels[is_bright]))
    is_single = is_bright & (truth["components"].to_numpy() == 1)
    row["n_single"] = int(is_single.sum())
    for name in ("velocity", "moment_velocity"):
        row[f"{name}_rms"] = _rms(fused[name], truth[name], is_bright)
        row[f"{name}_rms_own"] = _rms(own[name], truth[name], is_bright)
        row[f"{name}_ratio"] = row[f"{name}_rms"] / row[f"{name}_rms_own"]
        one, other = (_rms(m[name], truth[name], is_single) for m in (fused, own))
        row[f"single_{name}_ratio"] = one / other
    fluxes = {n: truth[n] * n_pixels for n in ("flux", "moment_flux")}
    return row | _coverage(fused, truth.assign(fluxes), is_bright)


def _coverage(
    fused: xr.Dataset, truth: xr.Dataset, where: np.ndarray
) -> dict[str, float]:
    row = {}
    for name in (*MEASURED, *(f"moment_{name}" for name in MEASURED)):
        if f"{name}_lower" in fused:
            true = truth[name].to_numpy()
            inside = fused[f"{name}_lower"].to_numpy() <= true
            inside &= true <= fused[f"{name}_upper"].to_numpy()
            row[f"{name}_coverage"] = float(inside[where].mean())
    return row


def _rows_of(maps: xr.Dataset, pixels: np.ndarray) -> xr.Dataset:
    """Return maps at some pixels, one for each bin."""
    stacked = maps.stack(pixel=("y", "x"), create_index=False)
    return stacked.isel(pixel=pixels)


def _bright(flux: np.ndarray) -> np.ndarray:
    order = np.argsort(-flux.ravel())
    held = np.cumsum(flux.ravel()[order]) / flux.sum()
    chosen = np.zeros(flux.size, bool)
    chosen[order[: int(np.searchsorted(held, BRIGHT)) + 1]] = True
    return chosen.reshape(flux.shape)


def _rms(found: xr.DataArray, true: xr.DataArray, where: np.ndarray) -> float:
    difference = (found.to_numpy() - true.to_numpy())[where]
    return float(np.sqrt(np.nanmean(difference**2)))


def main() -> None:
    """Compare models and seeds one after the other; a row of JSON for each line."""
    given = _parser().parse_args()
    lines = given.rows.read_text().splitlines() if given.rows.exists() else []
    done = {(row["model"], row["seed"]) for row in map(json.loads, lines)}
    how = {"signals": given.signals, "n_draws": given.draws, "kept": given.kept}
    for case in itertools.product(given.models, given.seeds):
        if case not in done:
            rows = compare(*case, **how)
            text = "".join(json.dumps(row) + "\n" for row in rows)
            print(text, end="", flush=True)
            with given.rows.open("a") as file:
                file.write(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["gaussian_1kev_rebinned"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--signals", nargs="+", type=float, default=[0.0, 70.0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--rows", type=Path, default=Path("line_maps.jsonl"))
    parser.add_argument("--kept", type=Path, default=Path("build/line_maps"))
    return parser


if __name__ == "__main__":
    main()
