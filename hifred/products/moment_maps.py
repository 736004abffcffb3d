"""Moments and ratios of bands of a cube, pixel by pixel."""

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError

MOMENT_NAMES = {
    0: "flux in the band",
    1: "mean energy of the photons in the band",
    2: "variance of the energy of the photons in the band",
}


def moment_map(
    cube: xr.DataArray, band_kev: tuple[float, float], order: int = 0
) -> xr.DataArray:
    r"""Return a moment of the spectrum of every pixel in a band.

    .. math:: M_0 = \sum_e F_e, \quad M_1 = \sum_e E_e F_e / M_0, \quad
        M_2 = \sum_e (E_e - M_1)^2 F_e / M_0

    Parameters
    ----------
    cube : (energy, y, x) DataArray, photon cm-2 s-1 per bin
        With its energies, keV.
    band_kev : (float, float), keV
        Bins with their middle in it are taken.
    order : {0, 1, 2}

    Returns
    -------
    (y, x) DataArray in photon cm-2 s-1, keV or keV2; NaN for orders 1 and 2 where
    nothing shines.

    Raises
    ------
    HifredError
        If the order is another, or the band holds no bin of the cube.
    """
    if order not in MOMENT_NAMES:
        raise HifredError(f"order must be 0, 1 or 2; got {order!r}.")
    flux, energy = _band(cube, band_kev)
    total = flux.sum(axis=0)
    found = total
    if order:
        shares = flux / np.where(total == 0.0, np.nan, total)
        found = np.tensordot(energy, shares, axes=1)
        if order == 2:
            found = ((energy[:, None, None] - found) ** 2 * shares).sum(axis=0)
    units = (dims.FLUX_UNIT, dims.ENERGY_UNIT, f"{dims.ENERGY_UNIT}2")[order]
    return _labelled(found, cube, units, MOMENT_NAMES[order])


def band_ratio(
    cube: xr.DataArray,
    upper_kev: tuple[float, float],
    lower_kev: tuple[float, float],
) -> xr.DataArray:
    """Return the flux in one band over that in another, in every pixel.

    Parameters
    ----------
    cube : (energy, y, x) DataArray, photon cm-2 s-1 per bin
    upper_kev, lower_kev : (float, float), keV
        Bands of numerator and denominator.

    Returns
    -------
    (y, x) DataArray, dimensionless; NaN where the denominator is 0.

    Raises
    ------
    HifredError
        If a band holds no bin of the cube.
    """
    above, below = (_band(cube, band)[0].sum(axis=0) for band in (upper_kev, lower_kev))
    ratio = above / np.where(below == 0.0, np.nan, below)
    return _labelled(ratio, cube, dims.DIMENSIONLESS, "ratio of two bands")


def _band(
    cube: xr.DataArray, band_kev: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the flux (energy, y, x) in a band and its energies."""
    energy = cube[dims.ENERGY].to_numpy()
    inside = (energy >= band_kev[0]) & (energy < band_kev[1])
    if not inside.any():
        raise HifredError(
            f"band_kev must hold energies of the cube, {energy[0]:g} to "
            f"{energy[-1]:g} keV; got {band_kev[0]:g} to {band_kev[1]:g} keV."
        )
    flux = cube.transpose(*dims.SKY_CUBE).isel({dims.ENERGY: inside})
    return flux.to_numpy().astype(float), energy[inside]


def _labelled(
    values: np.ndarray, cube: xr.DataArray, units: str, long_name: str
) -> xr.DataArray:
    coords = {axis: cube[axis] for axis in dims.IMAGE if axis in cube.coords}
    attrs = {"units": units, "long_name": long_name}
    return xr.DataArray(values, coords, dims.IMAGE, attrs=attrs)
