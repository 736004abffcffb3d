"""Photons of a known sky, one by one, as they arrive behind a telescope.

The simulator shares nothing with the library: numpy draws, astropy writes, the geometry
is that of the textbooks. Energies are in keV, angles in arcsec; over the minute or two
of the field the sky is a plane.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

CENTRE = (83.6, 22.0)
BAND = (5.9, 7.5)  # photons outside are not drawn
LINE_KEV = 6.7
LIGHT_KM_S = 299792.458


@dataclass(frozen=True)
class Blob:
    """A round Gaussian source with a flat continuum and one line.

    Parameters
    ----------
    east, north, sigma : float, arcsec
    continuum : float, photon / cm2 / s / keV
    line : float, photon / cm2 / s
    velocity : float, km / s
        Away from us.
    """

    east: float
    north: float
    sigma: float
    continuum: float
    line: float
    velocity: float

    @property
    def line_kev(self) -> float:
        """Energy of the line as we see it."""
        return LINE_KEV * (1 - self.velocity / LIGHT_KM_S)


BLOBS = (
    Blob(-45, 30, 14, 4e-3, 1.2e-3, 400),
    Blob(50, 20, 18, 5e-3, 1.6e-3, -250),
    Blob(10, -50, 16, 6e-3, 2e-3, 100),
)
LINE_SIGMA_KEV = 4e-3


@dataclass(frozen=True)
class Telescope:
    """What the mirrors and the detector do to a photon."""

    area_cm2: float
    time_s: float
    psf_sigma: float
    energy_sigma: float

    def area(self, energy: np.ndarray) -> np.ndarray:
        """Effective area (energy,), which falls across the band."""
        return self.area_cm2 * (1 - 0.25 * (energy - LINE_KEV))


@dataclass(frozen=True)
class Photons:
    """Places as recorded, true energies."""

    east: np.ndarray
    north: np.ndarray
    energy: np.ndarray

    def __getitem__(self, chosen: np.ndarray) -> "Photons":
        return Photons(self.east[chosen], self.north[chosen], self.energy[chosen])


def photons(rng: np.random.Generator, telescope: Telescope) -> Photons:
    """Return the photons that a telescope collects of the sky."""
    parts = [_of_blob(rng, blob, telescope) for blob in BLOBS]
    return Photons(*(np.concatenate([getattr(p, name) for p in parts])
                     for name in ("east", "north", "energy")))  # fmt: skip


def _of_blob(rng: np.random.Generator, blob: Blob, telescope: Telescope) -> Photons:
    largest = float(telescope.area(np.array(BAND)).max()) * telescope.time_s
    n_continuum = rng.poisson(blob.continuum * (BAND[1] - BAND[0]) * largest)
    n_line = rng.poisson(blob.line * largest)
    energy = np.concatenate(
        [
            rng.uniform(*BAND, n_continuum),
            rng.normal(blob.line_kev, LINE_SIGMA_KEV, n_line),
        ]
    )
    caught = rng.random(len(energy)) * largest < (
        telescope.area(energy) * telescope.time_s
    )
    energy = energy[caught]
    spread = np.hypot(blob.sigma, telescope.psf_sigma)
    east, north = rng.normal([[blob.east], [blob.north]], spread, (2, len(energy)))
    return Photons(east, north, energy)


def shares_of_blobs(
    east_edges: np.ndarray, north_edges: np.ndarray, psf_sigma: float
) -> np.ndarray:
    """Return the share (blob, y, x) of each blob that falls on pixels after a PSF."""
    shares = []
    for blob in BLOBS:
        width = np.sqrt(2) * np.hypot(blob.sigma, psf_sigma)
        along_x = np.diff(0.5 * erf((east_edges - blob.east) / width))
        along_y = np.diff(0.5 * erf((north_edges - blob.north) / width))
        shares.append(np.abs(along_y[:, None] * along_x))
    return np.array(shares)
