"""From files to a fusion input: common energies, one sky, matched responses."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import sparse

from hifred.errors import SettingsError
from hifred.observations.end_channels import (
    LARGEST_SHARE,
    prepared_end_channels,
    without_channels,
)
from hifred.observations.formats.energy_grids import evened
from hifred.observations.fusion_input import FusionInput
from hifred.observations.geometry.overlap import spatial_matrix
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.matching.decided_target import SPATIAL_TARGET, SPECTRAL_TARGET
from hifred.observations.matching.kernels import difference_kernel
from hifred.observations.observation import (
    UNUSUAL_EVENTS,
    build_observation,
    mask_of,
)
from hifred.observations.preparation.fields import check_fields, pixel_grid
from hifred.observations.preparation.instrument_files import (
    InstrumentFiles,
    read_instrument,
)
from hifred.observations.preparation.instrument_settings import (
    InstrumentSettings,
    names_of,
)
from hifred.observations.preparation.psf import build_psf, build_psfs
from hifred.observations.preparation.settings import (
    EnergySettings,
    PreparationSettings,
    TargetSettings,
)
from hifred.observations.preparation.spectral_target import SpectralPart, spectral_parts

logger = logging.getLogger(__name__)

# Widths of energy bins that differ by less are the same.
SAME_WIDTH = 0.01


def prepare_input(settings: PreparationSettings) -> FusionInput:
    """Read all files and return the observations on one sky and one energy grid.

    Parameters
    ----------
    settings : PreparationSettings
        From `read_preparation`.

    Returns
    -------
    FusionInput
        Each observation with its spatial matrix and its redistribution, which hold the
        target resolution already; fuse it with ``target_resolution = "matched"``.

    Notes
    -----
    With ``target.spectral = "spectrometer"`` the sky is the spectrum as the first
    spectrometer's redistribution blurs it: that instrument keeps its area, efficiency
    included, and its line spread in the middle of the band for the record; the others'
    redistributions are divided by its own.
    """
    files = {
        name: read_instrument(name, instrument, _band(settings.energy, instrument))
        for name, instrument in settings.instruments.items()
    }
    leader = _leader(settings)
    edges = energy_grid(settings.energy, None if leader is None else files[leader])
    if leader is not None:
        files[leader] = files[leader].onto_channels(edges)
    sky = _common_sky(settings, files)
    psfs = {
        name: _psf(instrument, sky, edges)
        for name, instrument in settings.instruments.items()
    }
    spectral = spectral_parts(
        {name: f.response for name, f in files.items()},
        edges,
        None if settings.target.spectral == "intrinsic" else leader,
    )
    kernels = _target_kernels(settings, psfs)
    observations = {
        name: _observation(
            name, settings, files[name], (sky, edges), (spectral[name], kernels[name])
        )
        for name in files
    }
    for observation in observations.values():
        observation.attrs |= _target(settings.target)
    attrs = _provenance(settings, sky) | told_by_files(files, observations)
    return FusionInput(observations, None, attrs)


def _band(
    energy: EnergySettings, instrument: InstrumentSettings
) -> tuple[float, float]:
    margin = 1e-3 * energy.margin_ev if instrument.role == "spectrometer" else 0.0
    return energy.band_kev[0] - margin, energy.band_kev[1] + margin


def _leader(settings: PreparationSettings) -> str | None:
    """Return the first spectrometer with a response: its channels set the energies."""
    for name, instrument in settings.instruments.items():
        if instrument.role == "spectrometer" and instrument.rmf is not None:
            return name
    return None


def energy_grid(energy: EnergySettings, leader: InstrumentFiles | None) -> np.ndarray:
    """Return the edges (energy + 1,) in keV of the true-energy bins.

    Parameters
    ----------
    energy : EnergySettings
        Band, bin width and margin.
    leader : InstrumentFiles, optional
        Spectrometer whose channels are the bins, one or several to a bin.
    """
    low = energy.band_kev[0] - 1e-3 * energy.margin_ev
    high = energy.band_kev[1] + 1e-3 * energy.margin_ev
    if leader is None:
        if energy.bin_ev is None:
            raise SettingsError(
                "energy.bin_ev must be given where no spectrometer has an rmf."
            )
        n = round(1e3 * (high - low) / energy.bin_ev)
        return np.linspace(low, high, max(n, 1) + 1)
    channels = leader.channel_edges
    if energy.bin_ev is None:
        return evened(channels)
    step = float(np.median(np.diff(channels)))
    factor = round(1e-3 * energy.bin_ev / step)
    if factor < 1:
        raise SettingsError(
            f"energy.bin_ev must be at least a channel of the spectrometer, "
            f"{1e3 * step:g} eV; got {energy.bin_ev:g}."
        )
    if abs(1e3 * factor * step / energy.bin_ev - 1) > SAME_WIDTH:
        logger.warning(
            "energy.bin_ev = %g is no multiple of the spectrometer's channels of %.4g "
            "eV: the bins are of %.4g eV.",
            *(energy.bin_ev, 1e3 * step, 1e3 * factor * step),
        )
    return evened(channels[::factor])


def _common_sky(
    settings: PreparationSettings, files: Mapping[str, InstrumentFiles]
) -> PixelGrid:
    """Return the pixels of the sky, which every field must overlap."""
    sky = settings.sky
    chosen = files[str(sky.like)].grid if sky.grid is None else pixel_grid(sky.grid)
    widened = chosen.widened(sky.margin_pixels)
    grids = {name: f.grid for name, f in files.items()}
    roles = {name: i.role for name, i in settings.instruments.items()}
    check_fields(grids, roles, widened)
    widened.check_square(f"the sky, like {sky.like}," if sky.grid is None else "sky")
    return widened


def _psf(
    instrument: InstrumentSettings, sky: PixelGrid, edges: np.ndarray
) -> np.ndarray | None:
    """Return the PSF (psf_y, psf_x) of the band; of several energies, its middle's."""
    if instrument.psf is None:
        return None
    if not isinstance(instrument.psf, list):
        return build_psf(instrument.psf, sky.pixel_size_arcsec, sky)
    psfs, energies = build_psfs(instrument.psf, sky.pixel_size_arcsec, sky)
    position = np.interp(0.5 * (edges[0] + edges[-1]), energies, np.arange(len(psfs)))
    below = min(int(position), len(psfs) - 1)
    above = min(below + 1, len(psfs) - 1)
    share = position - below
    return np.asarray((1 - share) * psfs[below] + share * psfs[above])


def _target_kernels(
    settings: PreparationSettings, psfs: Mapping[str, np.ndarray | None]
) -> dict[str, np.ndarray | None]:
    """Return the blur between the sky and each instrument."""
    target = None
    if settings.target.spatial == "imager":
        imagers = [n for n, i in settings.instruments.items() if i.role == "imager"]
        target = imagers[0] if imagers else None
    if target is None or psfs[target] is None:
        return dict(psfs)
    narrow = psfs[target]
    return {
        name: None
        if name == target
        else difference_kernel(psf, narrow, name=f"psf of {name}")
        if psf is not None and narrow is not None
        else None
        for name, psf in psfs.items()
    }


def _observation(
    name: str,
    settings: PreparationSettings,
    files: InstrumentFiles,
    grids: tuple[PixelGrid, np.ndarray],
    parts: tuple[SpectralPart, np.ndarray | None],
) -> xr.Dataset:
    (sky, edges), (spectral, psf) = grids, parts
    instrument = settings.instruments[name]
    matrix = spatial_matrix(files.grid, sky, psf)
    if files.vignetting is not None:
        matrix = sparse.csr_array(sparse.diags_array(files.vignetting.ravel()) @ matrix)
    (y, x), (y_sky, x_sky) = files.grid.offsets, sky.offsets
    observation = build_observation(
        instrument=name,
        role=instrument.role,
        counts=files.counts,
        energy_edges=edges,
        channel_edges=files.channel_edges,
        effective_area=spectral.area,
        exposure_time=files.exposure_time,
        pixel_size_arcsec=files.grid.pixel_size_arcsec,
        sky_pixel_size_arcsec=sky.pixel_size_arcsec,
        background=files.background,
        mask=_mask(name, instrument, files),
        redistribution=spectral.redistribution,
        line_spread=spectral.line_spread,
        spatial_matrix=matrix,
        y=y,
        x=x,
        y_sky=y_sky,
        x_sky=x_sky,
        wcs=files.grid.header_text,
    )
    told = {"obs_id": files.obs_id, UNUSUAL_EVENTS: files.unusual}
    observation.attrs |= {key: text for key, text in told.items() if text}
    return without_channels(observation, prepared_end_channels(observation))


def _mask(
    name: str, instrument: InstrumentSettings, files: InstrumentFiles
) -> np.ndarray:
    edges = files.channel_edges
    good = files.good_channels.copy()
    for low, high in instrument.masked_kev:
        good &= (edges[1:] <= low) | (edges[:-1] >= high)
    mask = np.asarray(good[:, None, None] & files.good)
    if not mask.any():
        raise SettingsError(
            f"instruments.{name} must have something that is used; mask_image, "
            "bad_pixels, exposure_map, masked_kev, filters and background leave none "
            f"of its {mask.size} channels and pixels."
        )
    return mask


def _target(target: TargetSettings) -> dict[str, str]:
    """Return the resolution that is in the responses, for who fuses with them."""
    return {SPATIAL_TARGET: target.spatial, SPECTRAL_TARGET: target.spectral}


def _provenance(settings: PreparationSettings, sky: PixelGrid) -> dict[str, Any]:
    names = {
        name: ", ".join(Path(file).name for file in names_of(i.counts or i.events))
        for name, i in settings.instruments.items()
    }
    return {
        "source": ", ".join(f"{name}: {file}" for name, file in names.items()),
        "sky_wcs": sky.header_text,
    }


def told_by_files(
    files: Mapping[str, InstrumentFiles], observations: Mapping[str, xr.Dataset]
) -> dict[str, str]:
    """Return what was dropped of each instrument's events, and notes, as attributes."""
    flows = {}
    notes = [note for f in files.values() for note in f.notes]
    for name, observation in observations.items():
        counts = observation["counts"].values
        flow = files[name].cuts.then("energy bins", counts.sum())
        ends = prepared_end_channels(observation)
        if ends.any():
            flow = flow.then("light from beyond", counts[~ends].sum())
            notes.append(_told_ends(name, ends))
        flows[name] = flow.then("mask", counts[mask_of(observation)].sum()).to_json()
    return {"cut_flows": json.dumps(flows), "notes": json.dumps(notes)}


def _told_ends(name: str, ends: np.ndarray) -> str:
    return (
        f"{ends.sum()} channels of {name} at the ends of the band are not used: more "
        f"than {LARGEST_SHARE:.0%} of what they record comes from beyond the energies "
        "of the sky. A larger energy.margin_ev keeps them."
    )
