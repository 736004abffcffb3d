"""A cube of the user's own, FITS or Zarr, in the place of a simulated scene."""

from pathlib import Path
from typing import final

import numpy as np
import scipy
import xarray as xr

from hifred.errors import SchemaError


@final
class CubeScene:
    """A cube of fluxes on its own grid, resampled to the sky that is asked for.

    Parameters
    ----------
    flux : (energy, y, x) array
        Photons per bin and pixel, on any scale; not negative.
    energy_edges : (energy + 1,) array, keV
    y, x : arrays, arcsec
        Offsets of the pixel centres, equally spaced.

    Raises
    ------
    SchemaError
        If the shapes disagree, an axis does not increase, or a value is negative or
        not finite.
    """

    def __init__(
        self,
        flux: np.ndarray,
        energy_edges: np.ndarray,
        *,
        y: np.ndarray,
        x: np.ndarray,
    ) -> None:
        _check_cube(flux, energy_edges, y, x)
        self.cube = np.asarray(flux, float)
        self.energy_edges = np.asarray(energy_edges, float)
        self.y = np.asarray(y, float)
        self.x = np.asarray(x, float)

    @staticmethod
    def open(path: str | Path) -> "CubeScene":
        """Read a Zarr store with ``flux(energy, y, x)`` or a FITS cube.

        Raises
        ------
        SchemaError
            If there is no such file or it does not say its energies and pixel size.
        """
        path = Path(path)
        if not path.exists():
            raise SchemaError(
                f"scene must be remnant, shell, line_shell or the path of a cube; got "
                f"{str(path)!r}, which does not exist."
            )
        if path.is_dir():
            return _from_zarr(path)
        # Astropy takes half a second to import, in every worker, and few scenes are
        # FITS files.
        from hifred.simulation.fits_scene import read_fits_scene

        flux, energy_edges, y, x = read_fits_scene(path)
        return CubeScene(flux, energy_edges, y=y, x=x)

    def flux(
        self, energy_edges: np.ndarray, y: np.ndarray, x: np.ndarray
    ) -> np.ndarray:
        # The cumulative spectrum at the new edges keeps the photons of every bin.
        total = np.concatenate(
            [np.zeros((1, *self.cube.shape[1:])), np.cumsum(self.cube, axis=0)]
        )
        below = _interpolate(energy_edges, self.energy_edges, total)
        spectra = np.diff(below, axis=0)
        rows = (y - self.y[0]) / (self.y[1] - self.y[0])
        columns = (x - self.x[0]) / (self.x[1] - self.x[0])
        places = np.stack(np.meshgrid(rows, columns, indexing="ij"))
        return np.stack(
            [scipy.ndimage.map_coordinates(plane, places, order=1) for plane in spectra]
        )


def _interpolate(at: np.ndarray, known: np.ndarray, values: np.ndarray) -> np.ndarray:
    place = np.interp(at, known, np.arange(len(known)))
    lower = np.minimum(place.astype(int), len(known) - 2)
    share = (place - lower)[:, None, None]
    return np.asarray((1.0 - share) * values[lower] + share * values[lower + 1])


def _check_cube(
    flux: np.ndarray, energy_edges: np.ndarray, y: np.ndarray, x: np.ndarray
) -> None:
    shape = (len(energy_edges) - 1, len(y), len(x))
    if np.shape(flux) != shape or min(shape) < 2:
        raise SchemaError(
            f"flux must have shape (energy, y, x) = {shape} by its axes, at least 2 "
            f"each; got {np.shape(flux)}."
        )
    for name, axis in (("energy_edges", energy_edges), ("y", y), ("x", x)):
        if not np.all(np.diff(axis) > 0):
            raise SchemaError(f"{name} must increase; got {axis[0]} to {axis[-1]}.")
    if not np.isfinite(flux).all() or np.min(flux) < 0:
        raise SchemaError(
            "flux must be finite and not negative; got values from "
            f"{np.min(flux):g} to {np.max(flux):g}."
        )


def _from_zarr(path: Path) -> CubeScene:
    dataset = xr.open_zarr(path, consolidated=False)
    missing = [n for n in ("flux", "energy_edges", "y", "x") if n not in dataset]
    if missing:
        raise SchemaError(
            f"{path} must hold flux(energy, y, x), energy_edges (keV), y and x "
            f"(arcsec); {missing[0]} is missing."
        )
    flux = dataset["flux"].transpose("energy", "y", "x")
    return CubeScene(
        flux.to_numpy(),
        dataset["energy_edges"].to_numpy(),
        y=dataset["y"].to_numpy(),
        x=dataset["x"].to_numpy(),
    )
