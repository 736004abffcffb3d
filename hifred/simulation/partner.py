"""A simulated spectrometer that looks at the same sky as a real imager."""

import numpy as np
import scipy
from scipy import sparse

from hifred.errors import SettingsError
from hifred.observations.formats.fits_cubes import write_sky_image
from hifred.observations.formats.fits_images import SkyImage
from hifred.observations.formats.ogip import read_arf, read_rmf
from hifred.observations.formats.rmf import Arf, Rmf
from hifred.observations.geometry.overlap import spatial_matrix
from hifred.observations.preparation.fields import pixel_grid
from hifred.observations.preparation.instrument_files import (
    InstrumentFiles,
    read_instrument,
)
from hifred.observations.preparation.instrument_settings import InstrumentSettings
from hifred.observations.preparation.psf import PsfSettings, build_psf
from hifred.observations.preparation.settings import PreparationSettings

# Beyond the channels that are simulated, so that photons leak in, keV.
LEAK_KEV = 0.1


def simulate_partner(
    settings: PreparationSettings,
    imager: str,
    partner: str,
    rng: np.random.Generator,
    *,
    smoothing_pixels: float = 1.0,
) -> None:
    """Write the counts file that a configuration names for a spectrometer.

    Parameters
    ----------
    settings : PreparationSettings
        Configuration of both; the partner's counts file need not exist.
    imager, partner : str
        Real instrument that shows the sky, and the one to simulate, which must have
        ``grid``, ``rmf``, ``arf`` (but for an RSP) and ``exposure_time_s``.
    rng : numpy.random.Generator
        Of the Poisson draw.
    smoothing_pixels : float
        Standard deviation of the Gaussian that smooths the imager's counts, in pixels
        and in channels, before they are taken for the sky.
    """
    other = settings.instruments[partner]
    response, area, exposure_time = _responses(partner, other, settings)
    edges = response.energy_edges
    files = read_instrument(imager, settings.instruments[imager], _reach(edges))
    flux = smoothed_sky(files, edges, smoothing_pixels)
    grid = pixel_grid(other.grid) if other.grid is not None else files.grid
    psf = None
    if isinstance(other.psf, PsfSettings):
        psf = build_psf(other.psf, files.grid.pixel_size_arcsec, files.grid)
    seen = flux.reshape(len(flux), -1) @ spatial_matrix(grid, files.grid, psf).T
    scaled = sparse.diags_array(exposure_time * area.on_grid(edges)) @ seen
    counts = rng.poisson(response.matrix @ scaled).astype(np.int32)
    image = SkyImage(
        counts.reshape(-1, *grid.shape),
        grid,
        "count",
        response.channel_edges,
        {"EXPOSURE": exposure_time, "OBJECT": "simulated", "INSTRUME": partner},
    )
    write_sky_image(str(other.counts), image)


def _reach(edges: np.ndarray) -> tuple[float, float]:
    return float(edges[0]) - LEAK_KEV, float(edges[-1]) + LEAK_KEV


def _responses(
    name: str, other: InstrumentSettings, settings: PreparationSettings
) -> tuple[Rmf, Arf, float]:
    """Return the response on its own channels, the area and the exposure time."""
    if None in (other.rmf, other.exposure_time_s, other.counts):
        raise SettingsError(
            f"instruments.{name} must have counts, rmf, arf and exposure_time_s to be "
            "simulated."
        )
    margin = 1e-3 * settings.energy.margin_ev + LEAK_KEV / 2
    low, high = settings.energy.band_kev
    band = (low - margin, high + margin)
    wide = (band[0] - LEAK_KEV / 2, band[1] + LEAK_KEV / 2)
    response = read_rmf(str(other.rmf), energy_band=wide, channel_band=band)
    area = _area(name, other, response)
    return response, area, float(other.exposure_time_s or 0)


def _area(name: str, other: InstrumentSettings, response: Rmf) -> Arf:
    """Return the area beside the response; 1 where that holds it already."""
    if (other.arf is None) != (response.kind == "FULL"):
        raise SettingsError(
            f"instruments.{name} must have an arf to be simulated, unless its response "
            "holds the area already (an RSP), and then none; got "
            f"{'one' if other.arf else 'none'}."
        )
    if other.arf is not None:
        return read_arf(other.arf)
    return Arf(response.energy_edges, np.ones(response.n_energies))


def smoothed_sky(
    files: InstrumentFiles, energy_edges: np.ndarray, smoothing_pixels: float
) -> np.ndarray:
    """Return the flux (energy, y, x) that an imager's smoothed counts stand for.

    Counts over exposure and area, per keV, are interpolated between its channels.

    Parameters
    ----------
    files : InstrumentFiles
        The imager.
    energy_edges : (energy + 1,) array, keV
        Bins of the result.
    smoothing_pixels : float
        As for `simulate_partner`.
    """
    counts = scipy.ndimage.gaussian_filter(files.counts.astype(float), smoothing_pixels)
    channels = files.channel_edges
    middle = 0.5 * (channels[1:] + channels[:-1])
    area = files.response.recorded_area(channels)
    exposure = files.exposure_time * area * np.diff(channels)
    density = (counts.reshape(len(counts), -1).T / exposure).T
    energy = 0.5 * (energy_edges[1:] + energy_edges[:-1])
    position = np.clip(
        np.interp(energy, middle, np.arange(len(middle))), 0, len(middle) - 1
    )
    below = np.minimum(position.astype(int), len(middle) - 2)
    share = (position - below)[:, None]
    flux = (1 - share) * density[below] + share * density[below + 1]
    flux = flux * np.diff(energy_edges)[:, None]
    return np.asarray(flux.reshape(len(energy), *files.grid.shape))
