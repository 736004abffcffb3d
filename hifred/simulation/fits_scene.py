"""A FITS cube in the place of a simulated scene."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.io import fits

from hifred.errors import SchemaError

# Words for the spectral axis of a FITS cube, as CTYPE has them.
_ENERGY_TYPES = ("ENER", "ENERGY")


def read_fits_scene(
    path: Path,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a FITS cube with its axes, as `CubeScene` takes them.

    Returns
    -------
    tuple of arrays
        Flux (energy, y, x), energy edges (keV), and offsets y and x (arcsec).

    Raises
    ------
    SchemaError
        If there is no image of three axes, or it does not say its energies and pixels.
    """
    with fits.open(path) as hdus:
        cubes = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") == 3]
        if not cubes:
            raise SchemaError(f"{path} must hold an image with 3 axes; it has none.")
        cube, header = np.asarray(cubes[0].data, float), cubes[0].header
    energy = _fits_energy_edges(header, cube.shape[0], path)
    y = _fits_offsets(header, 2, cube.shape[1], path)
    x = _fits_offsets(header, 1, cube.shape[2], path)
    return cube, energy, y, x


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
