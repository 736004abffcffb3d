"""What is looked at: anything that can say its flux on energies and pixels."""

from typing import Protocol, final

import numpy as np

from hifred.dims import LIGHT_SPEED_KM_S
from hifred.simulation.cells import sum_spectra
from hifred.simulation.plasma import transmission
from hifred.simulation.remnant import RemnantSettings, remnant_cells


class Scene(Protocol):
    """A sky that is not yet blurred by any instrument.

    Anything with this one method can be observed by
    `hifred.simulation.simulate_scene`.
    """

    def flux(
        self, energy_edges: np.ndarray, y: np.ndarray, x: np.ndarray
    ) -> np.ndarray:
        """Return the flux in every energy bin and pixel.

        Parameters
        ----------
        energy_edges : (energy + 1,) array, keV
            Equally spaced; may reach beyond the band, so that flux can leak in.
        y, x : arrays, arcsec
            Offsets of the pixel centres, equally spaced; may reach beyond the field.

        Returns
        -------
        (energy, y, x) array, not negative, photon cm-2 s-1 per bin on any scale.
        """
        ...


@final
class RemnantScene:
    """The simulated supernova remnant.

    Parameters
    ----------
    settings : RemnantSettings
    radius_arcsec : float
        Radius of the forward shock.
    velocity_resolution : float, km/s
        Velocities are shared between two neighbours this far apart; take less than
        the spectral resolution.
    """

    def __init__(
        self,
        settings: RemnantSettings,
        radius_arcsec: float,
        velocity_resolution: float = 100.0,
    ) -> None:
        self.settings = settings
        self.radius_arcsec = radius_arcsec
        self.velocity_resolution = velocity_resolution

    def flux(
        self, energy_edges: np.ndarray, y: np.ndarray, x: np.ndarray
    ) -> np.ndarray:
        cells = remnant_cells(self.settings, x, y, self.radius_arcsec)
        spectra = sum_spectra(
            cells,
            energy_edges,
            len(y) * len(x),
            velocity_step=self.velocity_resolution,
        )
        energy = 0.5 * (energy_edges[1:] + energy_edges[:-1])
        spectra *= transmission(energy, self.settings.column_density)[:, None]
        n_seen = np.pi * (self.radius_arcsec / (x[1] - x[0])) ** 2
        share = self.settings.foreground / (1.0 - self.settings.foreground)
        spectra += share * spectra.sum(axis=1, keepdims=True) / n_seen
        return spectra.reshape(-1, len(y), len(x))


@final
class ShellScene:
    """A thin expanding shell that emits one line: two Doppler peaks at its centre.

    Parameters
    ----------
    line_kev : float
        Energy of the line at rest.
    radius_arcsec : float
    velocity_km_s : float
        Expansion velocity.
    """

    def __init__(
        self, line_kev: float, radius_arcsec: float, velocity_km_s: float = 7000.0
    ) -> None:
        self.line_kev = line_kev
        self.radius_arcsec = radius_arcsec
        self.velocity_km_s = velocity_km_s

    def flux(
        self, energy_edges: np.ndarray, y: np.ndarray, x: np.ndarray
    ) -> np.ndarray:
        distance = np.hypot(y[:, None], x[None, :]) / self.radius_arcsec
        depth = np.sqrt(np.maximum(1.0 - distance**2, 0.0))
        # The path through a thin shell grows as 1 / depth towards the limb.
        brightness = np.where(distance < 1.0, 1.0 / np.maximum(depth, 0.2), 0.0)
        shift = depth * self.velocity_km_s / LIGHT_SPEED_KM_S
        step = (energy_edges[-1] - energy_edges[0]) / (len(energy_edges) - 1)
        cube = np.zeros((len(energy_edges) - 1, *distance.shape))
        rows, columns = np.indices(distance.shape)
        for sign in (-1.0, 1.0):
            place = (self.line_kev * (1.0 + sign * shift) - energy_edges[0]) / step
            bins = np.floor(place).astype(int)
            seen = (bins >= 0) & (bins < len(cube)) & (brightness > 0)
            np.add.at(
                cube,
                (bins[seen], rows[seen], columns[seen]),
                brightness[seen],
            )
        return cube
