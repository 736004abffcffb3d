"""The labelled observation that one simulated instrument records."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from hifred.errors import SettingsError
from hifred.observations import build_observation
from hifred.simulation.instruments import (
    InstrumentSettings,
    effective_area,
    line_spread_kernel,
    psf_kernel,
)
from hifred.simulation.models import SimulationSettings

ROLES = ("imager", "spectrometer")


def sky_energy_edges(settings: SimulationSettings) -> np.ndarray:
    """Return the edges of the true-energy bins, keV."""
    return np.linspace(*settings.band_kev, settings.n_energies + 1)


def channel_rebinning(
    instrument: InstrumentSettings, settings: SimulationSettings
) -> int:
    """Return how many energy bins one channel holds.

    Raises
    ------
    SettingsError
        If the rebinning that was asked for does not divide the bins.
    """
    n_energies = settings.n_energies
    wanted = instrument.channel_rebinning
    if wanted is None:
        divisors = [k for k in range(1, n_energies + 1) if n_energies % k == 0]
        ratio = instrument.channel_width_ev / settings.energy_step_ev
        return min(divisors, key=lambda k: abs(np.log(k / ratio)))
    if n_energies % wanted:
        raise SettingsError(
            f"channel_rebinning of {instrument.name!r} must divide n_energies = "
            f"{n_energies}; got {wanted}. Change one of them."
        )
    return wanted


def pixel_shape(
    instrument: InstrumentSettings, settings: SimulationSettings
) -> tuple[int, int]:
    """Return the instrument's pixels along y and x.

    Raises
    ------
    SettingsError
        If the rebinning does not divide the sky pixels.
    """
    factor = instrument.pixel_rebinning
    if any(n % factor for n in settings.shape):
        raise SettingsError(
            f"shape must be a multiple of the pixel_rebinning of {instrument.name!r}, "
            f"{factor}; got {settings.shape}. Change one of them."
        )
    return settings.shape[0] // factor, settings.shape[1] // factor


def sky_kernels(
    instrument: InstrumentSettings, settings: SimulationSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the PSF on sky pixels and the line spread on energy bins."""
    return (
        psf_kernel(
            instrument.psf_shape,
            instrument.psf_width_arcsec,
            settings.pixel_size_arcsec,
        ),
        line_spread_kernel(
            instrument.line_spread_shape,
            instrument.line_spread_width_ev,
            settings.energy_step_ev,
        ),
    )


def instrument_observation(
    settings: SimulationSettings,
    role: str,
    *,
    exposure_time: float = 1.0,
    expected_counts: np.ndarray | None = None,
) -> xr.Dataset:
    """Return the observation of one instrument, Poisson counts drawn if it can be.

    Parameters
    ----------
    settings : SimulationSettings
    role : {"imager", "spectrometer"}
    exposure_time : float, s
    expected_counts : (channel, y, x) array, optional
        Noise-free mean, background included; without it the counts are 0.
    """
    instrument: InstrumentSettings = getattr(settings, role)
    edges = sky_energy_edges(settings)
    factor = channel_rebinning(instrument, settings)
    shape = (settings.n_energies // factor, *pixel_shape(instrument, settings))
    counts = np.zeros(shape, np.int32)
    if expected_counts is not None:
        rng = np.random.default_rng([settings.seed, ROLES.index(role)])
        counts = rng.poisson(expected_counts).astype(np.int32)
    psf, line_spread = sky_kernels(instrument, settings)
    background = instrument.background_counts / counts.size
    energy = 0.5 * (edges[1:] + edges[:-1])
    return build_observation(
        instrument=instrument.name,
        role=role,
        counts=counts,
        energy_edges=edges,
        channel_edges=edges[::factor],
        effective_area=effective_area(
            instrument.area_shape, instrument.area_cm2, energy
        ),
        exposure_time=exposure_time,
        pixel_size_arcsec=settings.pixel_size_arcsec * instrument.pixel_rebinning,
        sky_pixel_size_arcsec=settings.pixel_size_arcsec,
        background=background if background > 0 else None,
        psf=psf,
        line_spread=line_spread,
        expected_counts=expected_counts,
    )


def expected_background(settings: SimulationSettings, role: str) -> float:
    """Return the expected background counts of one voxel."""
    instrument: InstrumentSettings = getattr(settings, role)
    factor = channel_rebinning(instrument, settings)
    n_pixels = np.prod(pixel_shape(instrument, settings))
    return float(
        instrument.background_counts / (settings.n_energies // factor * n_pixels)
    )


def by_name(
    observations: Mapping[str, xr.Dataset],
) -> dict[str, xr.Dataset]:
    """Return observations keyed by role keyed by their instrument instead."""
    return {str(o.attrs["instrument"]): o for o in observations.values()}
