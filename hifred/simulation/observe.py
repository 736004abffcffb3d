"""Look at a scene with the two instruments: truth, noise-free and noisy counts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import scipy
import xarray as xr

from hifred import dims
from hifred.errors import SettingsError
from hifred.observations import (
    FusionInput,
    SkyGrid,
    build_responses,
    build_sky_grid,
)
from hifred.simulation.cube_scene import CubeScene
from hifred.simulation.instrument_data import (
    ROLES,
    by_name,
    expected_background,
    instrument_observation,
    sky_kernels,
)
from hifred.simulation.models import (
    SimulationSettings,
    settings_mapping,
    simulation_settings,
)
from hifred.simulation.scene import RemnantScene, Scene, ShellScene


def _ignore(text: str) -> None:
    """Report to nobody."""


def simulate_model(model: str, **overrides: Any) -> FusionInput:
    """Return a simulated model of the paper's Table 1.

    Parameters
    ----------
    model : str
        One of `hifred.simulation.MODELS`.
    **overrides
        Any setting, as for `hifred.simulation.simulation_settings`: ``shape=(24, 24)``,
        ``n_energies=200``, ``counts=1e6``, ``seed=2``, ``imager={"psf_width_arcsec":
        6}``.

    Returns
    -------
    FusionInput
        Truth, noise-free and noisy counts of an imager and a spectrometer.
    """
    return simulate(simulation_settings(model, overrides))


def simulate(
    settings: SimulationSettings, *, on_progress: Callable[[str], None] = _ignore
) -> FusionInput:
    """Return the scene that the settings name, seen by both instruments.

    Parameters
    ----------
    settings : SimulationSettings
    on_progress : callable
        Called with a few words before every step.
    """
    return simulate_scene(build_scene(settings), settings, on_progress=on_progress)


def build_scene(settings: SimulationSettings) -> Scene:
    """Return the scene that the settings name."""
    half_side = 0.5 * min(settings.shape) * settings.pixel_size_arcsec
    radius = settings.remnant.radius_fraction * half_side
    low, high = settings.band_kev
    if settings.scene in ("remnant", "shell"):
        remnant = settings.remnant
        if settings.scene == "shell":
            remnant = replace(remnant, ejecta=0.0, knot=0.0)
        width = settings.spectrometer.line_spread_width_ev
        resolution = max(0.5 * width, settings.energy_step_ev) * 1e-3 / high
        return RemnantScene(remnant, radius, resolution * dims.LIGHT_SPEED_KM_S)
    if settings.scene == "line_shell":
        line = settings.line_kev or 0.5 * (low + high)
        return ShellScene(line, radius, settings.remnant.velocity_km_s)
    return CubeScene.open(settings.scene)


def simulate_scene(
    scene: Scene,
    settings: SimulationSettings,
    *,
    on_progress: Callable[[str], None] = _ignore,
) -> FusionInput:
    """Return a scene seen by both instruments.

    Parameters
    ----------
    scene : Scene
        Anything with a ``flux`` method, such as `CubeScene` for a cube of one's own.
    settings : SimulationSettings
    on_progress : callable
        Called with a few words before every step.

    Returns
    -------
    FusionInput
        ``truth["flux"]`` is the sky at the target resolution of a matched fusion: the
        scene blurred by the imager's PSF and the spectrometer's line spread.

    Raises
    ------
    SettingsError
        If a rebinning does not divide the grid, or the scene is dark or not finite.
    """
    bare = {role: instrument_observation(settings, role) for role in ROLES}
    margins = (settings.margin_pixels, settings.margin_channels)
    sky = build_sky_grid(by_name(bare), *margins)
    on_progress("adding up the spectra of the scene")
    sharp, blurred = _sky_fluxes(scene, settings, sky)
    on_progress("applying the responses")
    expected = _expected_at_one_second(settings, bare, sky, (sharp, blurred))
    on_progress("drawing the counts")
    exposures = {r: getattr(settings, r).counts / expected[r].sum() for r in ROLES}
    observations = {
        role: instrument_observation(
            settings,
            role,
            exposure_time=exposures[role],
            expected_counts=exposures[role] * expected[role]
            + expected_background(settings, role),
        )
        for role in ROLES
    }
    attrs = {
        "source": "simulated",
        "model": settings.model,
        "simulation": json.dumps(settings_mapping(settings), sort_keys=True),
    }
    truth = _truth(_without_margin(blurred, *margins), sky, margins)
    return FusionInput(by_name(observations), truth, attrs)


def _sky_fluxes(
    scene: Scene, settings: SimulationSettings, sky: SkyGrid
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scene on the sky grid as it is and at the target resolution."""
    psf, _ = sky_kernels(settings.imager, settings)
    _, line_spread = sky_kernels(settings.spectrometer, settings)
    reach = (len(line_spread) // 2, psf.shape[0] // 2, psf.shape[1] // 2)
    sharp = scene.flux(
        _longer(sky.energy_edges, reach[0]),
        _longer(sky.y, reach[1]),
        _longer(sky.x, reach[2]),
    )
    _check_flux(sharp)
    along_energy = scipy.signal.oaconvolve(
        sharp, line_spread[:, None, None], mode="valid", axes=0
    )
    blurred = scipy.signal.oaconvolve(
        along_energy, psf[None], mode="valid", axes=(1, 2)
    ).clip(min=0.0)
    sharp = sharp[
        tuple(slice(r, n - r) for r, n in zip(reach, sharp.shape, strict=True))
    ]
    margins = (settings.margin_pixels, settings.margin_channels)
    scale = settings.photon_flux / _without_margin(blurred, *margins).sum()
    return sharp * scale, blurred * scale


def _longer(values: np.ndarray, n_more: int) -> np.ndarray:
    """Return an evenly spaced axis with more entries at both ends."""
    step = (values[-1] - values[0]) / (len(values) - 1)
    return np.asarray(values[0] + step * np.arange(-n_more, len(values) + n_more))


def _check_flux(flux: np.ndarray) -> None:
    if not np.isfinite(flux).all() or flux.min() < 0 or not flux.any():
        raise SettingsError(
            "the scene must be finite, not negative and somewhere bright; got values "
            f"from {np.min(flux):g} to {np.max(flux):g}. Check the band and the field."
        )


def _expected_at_one_second(
    settings: SimulationSettings,
    bare: Mapping[str, xr.Dataset],
    sky: SkyGrid,
    fluxes: tuple[np.ndarray, np.ndarray],
) -> dict[str, np.ndarray]:
    """Return the expected counts, without background, by role."""
    from_truth = settings.data_from == "truth"
    responses = build_responses(
        by_name(bare), sky, target_resolution="matched" if from_truth else "intrinsic"
    )
    scaled = fluxes[from_truth] * sky.reference_exposure[:, None, None]
    return {
        role: np.maximum(responses[bare[role].attrs["instrument"]].apply(scaled), 0.0)
        for role in ROLES
    }


def _without_margin(
    cube: np.ndarray, margin_pixels: int, margin_channels: int
) -> np.ndarray:
    n_energies, ny, nx = cube.shape
    return cube[
        margin_channels : n_energies - margin_channels,
        margin_pixels : ny - margin_pixels,
        margin_pixels : nx - margin_pixels,
    ]


def _truth(flux: np.ndarray, sky: SkyGrid, margins: tuple[int, int]) -> xr.Dataset:
    """Return the labelled truth, without the margin around it."""
    rows = slice(margins[0], len(sky.y) - margins[0])
    columns = slice(margins[0], len(sky.x) - margins[0])
    edges = sky.energy_edges[margins[1] : len(sky.energy_edges) - margins[1]]
    truth = xr.Dataset(
        {"flux": (dims.SKY_CUBE, flux.astype(np.float32))},
        coords={
            "energy": ("energy", 0.5 * (edges[1:] + edges[:-1])),
            "energy_edges": ("energy_edge", edges),
            "y": ("y", sky.y[rows]),
            "x": ("x", sky.x[columns]),
        },
    )
    truth["flux"].attrs = {
        "units": dims.FLUX_UNIT,
        "long_name": "sky at the target resolution",
        "comment": "blurred by the imager's PSF and the spectrometer's line spread",
    }
    for name, words in (("energy", "centre"), ("energy_edges", "edges")):
        truth[name].attrs = {
            "units": dims.ENERGY_UNIT,
            "long_name": f"{words} of the true-energy bins",
        }
    for axis in dims.IMAGE:
        truth[axis].attrs = {
            "units": dims.ANGLE_UNIT,
            "long_name": f"offset of the pixel centre along {axis}",
        }
    return truth
