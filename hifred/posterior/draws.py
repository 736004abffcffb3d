"""Draws of a cube of low rank, kept as coefficient images."""

from collections.abc import Callable, Iterator
from typing import TypeAlias, final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.posterior.self_check import SelfCheck, read_check

DRAW = "draw"
CHECK = "self_check"
BOUND = "bound"
# What one standard deviation of a normal distribution holds on both sides.
ONE_SIGMA = 0.6827
# Numbers of the draws of a cube that are held at once: 64 MiB.
MOST_AT_ONCE = 2**23

Cubes: TypeAlias = Callable[[xr.DataArray], xr.DataArray | np.ndarray | float]
"""What is read from a cube (energy, y, x): an array of any shape, or a number."""


@final
class Draws:
    r"""A fit and draws of what the counts leave possible.

    .. math:: F_k = V W_k / a, \qquad k = 1 \dots n

    Whatever is read from a cube has the errors of the same thing read from every draw:
    correlations between pixels and between energies are in them, which no cube of
    errors has. Voxels of draws may be below zero, as counts less a background may: cut
    off at zero, voxel by voxel, sums of them would all be too large.

    Parameters
    ----------
    data : Dataset
        ``spectral_basis`` (component, energy), of the fit and of what it leaves out;
        ``coefficients`` (component, y, x) of the fit, 0 for what is left out;
        ``drawn_coefficients`` (component, y, x, draw); and
        ``reference_exposure`` (energy), which divides the cubes, with the coordinates
        of the fit.

    Raises
    ------
    HifredError
        If a variable is missing, or there are fewer than 2 draws.

    Examples
    --------
    The standard error of the flux of a line, pixel by pixel::

        def line_flux(cube):
            return cube.sel(energy=slice(0.6, 0.7)).sum("energy")

        draws.standard_error(line_flux)
    """

    def __init__(self, data: xr.Dataset) -> None:
        _check(data)
        self.data = data

    @property
    def count(self) -> int:
        """Return the number of draws."""
        return self.data.sizes[DRAW]

    @property
    def fit(self) -> xr.DataArray:
        """Return the flux (energy, y, x) that was fitted, photon cm-2 s-1 per bin."""
        # Single precision may round to just below zero.
        return self._cube(self.data["coefficients"].to_numpy()).clip(0, keep_attrs=True)

    @property
    def check(self) -> SelfCheck:
        """Return what refits said about the intervals; empty without any."""
        text = self.data.attrs.get(CHECK)
        return SelfCheck() if text is None else read_check(text)

    def checked(self, check: SelfCheck) -> "Draws":
        """Return the same draws with what a check says about them."""
        return Draws(self.data.assign_attrs({CHECK: check.to_json()}))

    def cubes(self) -> Iterator[xr.DataArray]:
        """Yield the flux (energy, y, x) of every draw, one at a time."""
        for i_draw in range(self.count):
            images = self.data["drawn_coefficients"].isel({DRAW: i_draw})
            yield self._cube(images.to_numpy())

    def each(self, function: Cubes) -> xr.DataArray:
        """Return what `function` gives for every draw, with ``draw`` as first dim."""
        values = [xr.DataArray(function(cube)) for cube in self.cubes()]
        return xr.concat(values, DRAW)

    def standard_error(self, function: Cubes | None = None) -> xr.DataArray:
        """Return the standard deviation of `function` over the draws.

        Parameters
        ----------
        function : callable, optional
            By default the errors are those of the voxels, (energy, y, x).
        """
        if function is not None:
            return self._labelled(self.each(function).std(DRAW, ddof=1))
        parts = [part.each(_itself).std(DRAW, ddof=1) for part in self._parts()]
        return self._labelled(xr.concat(parts, dims.ENERGY))

    def interval(
        self, function: Cubes | None = None, level: float = ONE_SIGMA
    ) -> xr.DataArray:
        """Return the central interval that holds a share of the draws.

        Parameters
        ----------
        function : callable, optional
            By default the intervals are those of the voxels, from 0 on.
        level : float
            The share, above 0 and below 1.

        Returns
        -------
        DataArray
            With ``bound`` ("lower", "upper") as first dim, so that ``lower, upper =
            draws.interval(...)``.
        """
        if not 0 < level < 1:
            raise HifredError(f"level must be above 0 and below 1; got {level}.")
        shares = [(1 - level) / 2, (1 + level) / 2]
        if function is not None:
            return self._bounds(self.each(function).quantile(shares, DRAW))
        parts = [part.each(_itself).quantile(shares, DRAW) for part in self._parts()]
        return self._bounds(xr.concat(parts, dims.ENERGY).clip(0))

    def _cube(self, images: np.ndarray) -> xr.DataArray:
        basis = self.data["spectral_basis"].to_numpy()
        scaled = np.tensordot(basis.T, images.astype(basis.dtype), axes=1)
        flux = scaled / self.data["reference_exposure"].to_numpy()[:, None, None]
        coords = {
            name: c
            for name, c in self.data.coords.items()
            if set(c.dims) <= set(dims.SKY_CUBE) and name in dims.SKY_CUBE
        }
        attrs = {"units": dims.FLUX_UNIT, "long_name": "flux per energy bin and pixel"}
        return xr.DataArray(flux, coords, dims.SKY_CUBE, "flux", attrs)

    def _parts(self) -> Iterator["Draws"]:
        """Yield the draws of a few energies at a time."""
        n_energies, n_rows, n_columns = self.fit.shape
        n_at_once = max(1, MOST_AT_ONCE // (n_rows * n_columns * self.count))
        for first in range(0, n_energies, n_at_once):
            some = slice(first, first + n_at_once)
            yield Draws(self.data.isel({dims.ENERGY: some}))

    def _bounds(self, quantiles: xr.DataArray) -> xr.DataArray:
        named = quantiles.rename(quantile=BOUND)
        return self._labelled(named.assign_coords({BOUND: ["lower", "upper"]}))

    def _labelled(self, values: xr.DataArray) -> xr.DataArray:
        return values.assign_attrs(n_draws=self.count)


def _itself(cube: xr.DataArray) -> xr.DataArray:
    return cube


def _check(data: xr.Dataset) -> None:
    wanted = {
        "spectral_basis": ("component", dims.ENERGY),
        "coefficients": ("component", *dims.IMAGE),
        "drawn_coefficients": ("component", *dims.IMAGE, DRAW),
        "reference_exposure": (dims.ENERGY,),
    }
    for name, names in wanted.items():
        if name not in data or data[name].dims != names:
            found = data[name].dims if name in data else "none"
            raise HifredError(f"draws must have {name} with dims {names}; got {found}.")
    if data.sizes[DRAW] < 2:
        raise HifredError(f"there must be at least 2 draws; got {data.sizes[DRAW]}.")
