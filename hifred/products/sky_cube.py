"""A cube of flux with what the measurement of lines needs to know of it."""

from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError, SchemaError
from hifred.products.line_band import LineBand


@final
@dataclass(frozen=True, eq=False)
class SkyCube:
    """Flux, energies and resolution of a cube.

    Parameters
    ----------
    flux : (energy, y, x) array, photon cm-2 s-1 per bin
    energy_edges : (energy + 1,) array, keV
    exposure : (energy,) array, cm2 s
        Flux times exposure is count-like.
    line_spread : (odd,) array or None
    coords : Dataset
        The coordinates ``y`` and ``x``.
    """

    flux: np.ndarray
    energy_edges: np.ndarray
    exposure: np.ndarray
    line_spread: np.ndarray | None
    coords: xr.Dataset

    @classmethod
    def of(
        cls, cube: xr.Dataset | xr.DataArray, line_spread: np.ndarray | None = None
    ) -> Self:
        """Return a labelled cube, checked.

        Raises
        ------
        HifredError
            If it has no flux with dims energy, y and x, or no energies; or if its
            flux is not finite.
        """
        data = cube.to_dataset(name="flux") if isinstance(cube, xr.DataArray) else cube
        flux = _flux_of(data)
        edges = _energy_edges(data)
        if line_spread is None and "line_spread" in data:
            line_spread = data["line_spread"].to_numpy()
        if not np.isfinite(flux).all():
            raise HifredError("flux must be finite; got NaN or infinite values.")
        coords = [a for a in dims.IMAGE if a in data.coords]
        return cls(flux, edges, _exposure_of(data, flux), line_spread, data[coords])

    @property
    def bin_width(self) -> float:
        """Mean width of the energy bins, keV."""
        return float((self.energy_edges[-1] - self.energy_edges[0]) / len(self.flux))

    @property
    def labelled_flux(self) -> xr.DataArray:
        """Return the flux with its energies and pixels."""
        energy = 0.5 * (self.energy_edges[1:] + self.energy_edges[:-1])
        coords = {dims.ENERGY: energy, **self.coords.coords}
        return xr.DataArray(self.flux, coords, dims.SKY_CUBE)

    def with_flux(self, cube: xr.DataArray) -> Self:
        """Return another cube with the same axes."""
        return replace(self, flux=cube.transpose(*dims.SKY_CUBE).to_numpy())

    def grouped_flux(self, band: LineBand) -> np.ndarray:
        """Return the flux (bin, y, x) in the groups of a line's band."""
        slab = self.flux[band.bins].astype(float)
        return np.add.reduceat(slab, band.starts, axis=0)

    def grouped_exposure(self, band: LineBand) -> np.ndarray:
        """Return the mean exposure (bin,) of these groups."""
        total = np.add.reduceat(self.exposure[band.bins], band.starts)
        return total / np.diff(np.append(band.starts, len(band.bins)))


def _flux_of(data: xr.Dataset) -> np.ndarray:
    if "flux" not in data or set(data["flux"].dims) != set(dims.SKY_CUBE):
        found = dict(data["flux"].sizes) if "flux" in data else list(data.data_vars)
        raise SchemaError(
            f"a cube must have flux with dims {dims.SKY_CUBE}; got {found}. Give the "
            "result of a fusion, or a DataArray with these dims."
        )
    return data["flux"].transpose(*dims.SKY_CUBE).to_numpy()


def _energy_edges(data: xr.Dataset) -> np.ndarray:
    if "energy_edges" in data.variables:
        edges = data["energy_edges"].to_numpy().astype(float)
        if len(edges) == data.sizes[dims.ENERGY] + 1:
            return edges
    if dims.ENERGY not in data.coords:
        raise SchemaError("a cube must have energies in keV; got none. Add `energy`.")
    centres = data[dims.ENERGY].to_numpy().astype(float)
    steps = np.diff(centres)
    if len(steps) < 2 or np.ptp(steps) > 1e-3 * np.abs(steps).min() or steps[0] <= 0:
        raise SchemaError(
            "energies must increase evenly where there are no energy_edges; got "
            f"steps from {steps.min(initial=0):g} to {steps.max(initial=0):g} keV."
        )
    return np.append(centres - steps[0] / 2, centres[-1] + steps[0] / 2)


def _exposure_of(data: xr.Dataset, flux: np.ndarray) -> np.ndarray:
    if "reference_exposure" in data:
        return data["reference_exposure"].to_numpy().astype(float)
    # The weights of a fit do not depend on a scale; without one, each bin of the mean
    # spectrum counts as one photon.
    mean = float(np.mean(flux, dtype=float))
    return np.full(len(flux), 1.0 / mean if mean > 0 else 1.0)
