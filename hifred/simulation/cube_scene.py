"""A cube of the user's own, FITS or Zarr, in the place of a simulated scene."""

from pathlib import Path
from typing import Any, final

import numpy as np
import xarray as xr
from astropy import units
from astropy.io import fits
from scipy import ndimage

from hifred.errors import SchemaError

# Words for the spectral and celestial axes of a FITS cube, as CTYPE has them.
_ENERGY_TYPES = ("ENER", "ENERGY")


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
        return _from_fits(path)

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
            [ndimage.map_coordinates(plane, places, order=1) for plane in spectra]
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


def _from_fits(path: Path) -> CubeScene:
    with fits.open(path) as hdus:
        cubes = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") == 3]
        if not cubes:
            raise SchemaError(f"{path} must hold an image with 3 axes; it has none.")
        cube, header = np.asarray(cubes[0].data, float), cubes[0].header
    energy = _fits_energy_edges(header, cube.shape[0], path)
    y = _fits_offsets(header, 2, cube.shape[1], path)
    x = _fits_offsets(header, 1, cube.shape[2], path)
    return CubeScene(cube, energy, y=y, x=x)


def _fits_energy_edges(header: Any, n_energies: int, path: Path) -> np.ndarray:
    if not str(header.get("CTYPE3", "")).strip().upper().startswith(_ENERGY_TYPES):
        raise SchemaError(
            f"CTYPE3 of {path} must be ENER, linear in energy; got "
            f"{header.get('CTYPE3')!r}. Save the cube as Zarr to give energy_edges."
        )
    step = header.get("CDELT3", header.get("CD3_3"))
    first = header["CRVAL3"] + (0.5 - header["CRPIX3"]) * step
    unit = units.Unit(str(header.get("CUNIT3", "keV")))
    edges = (first + step * np.arange(n_energies + 1)) * unit
    return np.asarray(edges.to_value(units.keV))


def _fits_offsets(header: Any, axis: int, n: int, path: Path) -> np.ndarray:
    step = header.get(f"CDELT{axis}", header.get(f"CD{axis}_{axis}"))
    if step is None:
        raise SchemaError(f"{path} must say its pixel size; CDELT{axis} is missing.")
    unit = units.Unit(str(header.get(f"CUNIT{axis}", "deg")))
    # Offsets increase with the index, whichever way right ascension runs.
    size = abs((step * unit).to_value(units.arcsec))
    return np.asarray((np.arange(n) - (n - 1) / 2) * size)
