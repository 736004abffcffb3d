"""Cubes that errors are taken from: posterior draws, refits, or draws of counts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError

# Draws are kept in single precision; a fusion with other settings differs by more.
LARGEST_DIFFERENCE = 1e-3


class DrawnCubes(Protocol):
    """A fit and cubes that it might as well have been."""

    @property
    def fit(self) -> xr.DataArray:
        """Return the flux (energy, y, x) that was fitted."""
        ...

    def cubes(self) -> Iterator[xr.DataArray]:
        """Yield the flux (energy, y, x) of every draw."""
        ...


class SpreadCubes(DrawnCubes, Protocol):
    """Drawn cubes that tell how far what is read from them is spread."""

    @property
    def count(self) -> int:
        """Return the number of draws."""
        ...

    def standard_error(
        self, function: Callable[[xr.DataArray], xr.DataArray] | None = None
    ) -> xr.DataArray:
        """Return the standard deviation of `function`, or of voxels, over the draws."""
        ...


@final
@dataclass(frozen=True, eq=False)
class CubeSet:
    """Cubes at hand, such as the refits of a bootstrap, as draws.

    Parameters
    ----------
    fit : (energy, y, x) DataArray, photon cm-2 s-1 per bin
    refits : sequence of (energy, y, x) DataArray
        Or a DataArray with one more dim in front.
    """

    fit: xr.DataArray
    refits: Sequence[xr.DataArray] | xr.DataArray

    @property
    def count(self) -> int:
        """Number of cubes."""
        return len(self.refits)

    def cubes(self) -> Iterator[xr.DataArray]:
        """Yield the cubes."""
        yield from self.refits

    def standard_error(
        self, function: Callable[[xr.DataArray], xr.DataArray] | None = None
    ) -> xr.DataArray:
        """Return the standard deviation of `function`, or of voxels, over the cubes."""
        read = function or (lambda cube: cube)
        values = [xr.DataArray(read(cube)) for cube in self.cubes()]
        return xr.concat(values, "draw").std("draw", ddof=1)


@final
@dataclass(frozen=True, eq=False)
class CountDraws:
    """Poisson draws about a cube of counts: the errors of one instrument alone.

    Parameters
    ----------
    data : Dataset
        ``flux`` (energy, y, x) and ``reference_exposure`` (energy), whose product are
        recorded counts.
    count : int
        Number of draws.
    seed : int
    """

    data: xr.Dataset
    count: int = 100
    seed: int = 0

    @property
    def fit(self) -> xr.DataArray:
        """The flux itself."""
        return self.data["flux"]

    def cubes(self) -> Iterator[xr.DataArray]:
        """Yield the flux of the same counts drawn anew."""
        rng = np.random.default_rng([self.seed, 43])
        flux = self.fit.transpose(*dims.SKY_CUBE)
        exposure = self.data["reference_exposure"].to_numpy()[:, None, None]
        counts = np.maximum(flux.to_numpy() * exposure, 0.0)
        for _ in range(self.count):
            yield flux.copy(data=rng.poisson(counts) / exposure)


def check_same_cube(result: xr.Dataset, draws: DrawnCubes) -> None:
    """Raise `HifredError` unless draws lie around the cube of a fusion."""
    flux = result["flux"].transpose(*dims.SKY_CUBE).values
    fit = draws.fit.transpose(*dims.SKY_CUBE).values
    if fit.shape != flux.shape:
        raise HifredError(
            f"draws must be of the cube itself, {flux.shape}; got {fit.shape}."
        )
    apart = float(np.abs(fit - flux).sum() / np.abs(flux).sum())
    if apart > LARGEST_DIFFERENCE:
        raise HifredError(
            f"draws must be of the cube itself; theirs differs from it by "
            f"{100 * apart:.2g} % of the flux. Draw from this fusion: `hifred sample`."
        )


def spectrometer_cube(observation: xr.Dataset) -> xr.Dataset:
    """Return an instrument's own counts as a cube of flux on its own pixels.

    Parameters
    ----------
    observation : Dataset
        With one channel per energy bin, as a spectrometer has.

    Returns
    -------
    Dataset
        As `hifred.products.measure_lines` takes: ``flux``, ``reference_exposure`` and
        ``line_spread``. Nothing is deconvolved; the background is not taken off.
    """
    exposure = float(observation["exposure_time"]) * observation["effective_area"]
    counts = observation["counts"].to_numpy().astype(float)
    edges = observation["energy_edges"].to_numpy()
    flux = counts / exposure.to_numpy()[:, None, None]
    cube = xr.Dataset(
        {
            "flux": (dims.SKY_CUBE, flux, {"units": dims.FLUX_UNIT}),
            "reference_exposure": (
                dims.ENERGY,
                exposure.to_numpy(),
                {"units": dims.EXPOSURE_UNIT},
            ),
        },
        coords={
            dims.ENERGY: 0.5 * (edges[1:] + edges[:-1]),
            "energy_edges": ("energy_edge", edges),
            **{axis: observation[axis].to_numpy() for axis in dims.IMAGE},
        },
    )
    if "line_spread" in observation:
        cube["line_spread"] = ("energy_offset", observation["line_spread"].to_numpy())
    return cube
