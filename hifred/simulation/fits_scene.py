"""A FITS cube in the place of a simulated scene."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy import units
from astropy.io import fits

from hifred.errors import SchemaError
from hifred.observations.formats.energy_axis import plane_edges

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
    HifredError
        If there is no image of three axes, or it does not say its energies and pixels.
    """
    with fits.open(path) as hdus:
        cubes = [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") == 3]
        if not cubes:
            raise SchemaError(f"{path} must hold an image with 3 axes; it has none.")
        cube, header = np.asarray(cubes[0].data, float), cubes[0].header
        place = f"{path.name}[{cubes[0].name or 'PRIMARY'}]"
        _check_energy_axis(hdus, header, path)
        energy = plane_edges(hdus, header, 3, path, place)
    y = _fits_offsets(header, 2, cube.shape[1], path)
    x = _fits_offsets(header, 1, cube.shape[2], path)
    return cube, energy, y, x


def _check_energy_axis(hdus: fits.HDUList, header: Any, path: Path) -> None:
    has_bands = any(isinstance(hdu, fits.BinTableHDU) for hdu in hdus)
    kind = str(header.get("CTYPE3", "")).strip().upper()
    if not has_bands and not kind.startswith(_ENERGY_TYPES):
        raise SchemaError(
            f"CTYPE3 of {path} must be ENER, linear in energy; got "
            f"{header.get('CTYPE3')!r}. Save the cube as Zarr to give energy_edges."
        )


def _fits_offsets(header: Any, axis: int, n: int, path: Path) -> np.ndarray:
    step = header.get(f"CDELT{axis}", header.get(f"CD{axis}_{axis}"))
    if step is None:
        raise SchemaError(f"{path} must say its pixel size; CDELT{axis} is missing.")
    unit = units.Unit(str(header.get(f"CUNIT{axis}", "deg")))
    # Offsets increase with the index, whichever way right ascension runs.
    size = abs((step * unit).to_value(units.arcsec))
    return np.asarray((np.arange(n) - (n - 1) / 2) * size)
