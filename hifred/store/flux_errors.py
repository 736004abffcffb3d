"""Standard errors of voxels, images and regions of a cube, as files need them."""

from typing import Protocol, final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.posterior import Draws
from hifred.products.draws import CubeSet, SpreadCubes, check_same_cube

REPLICA = "replica"
Bootstrap = xr.DataArray | xr.Dataset


class FluxErrors(Protocol):
    """Standard errors of a cube and of sums of its voxels, photon cm-2 s-1."""

    @property
    def facts(self) -> dict[str, object]:
        """Return keywords of a FITS header that say where the errors are from."""
        ...

    def voxels(self) -> np.ndarray:
        """Return those of the voxels, (energy, y, x)."""
        ...

    def image(self) -> np.ndarray:
        """Return those of the sum over energies, (y, x)."""
        ...

    def region(self, shares: np.ndarray) -> np.ndarray:
        """Return those of the sum (energy,) over shares (y, x) of pixels."""
        ...


def flux_errors(
    result: xr.Dataset, draws: SpreadCubes | None, bootstrap: Bootstrap | None
) -> FluxErrors | None:
    """Return the errors that draws or a bootstrap give, None without either.

    Raises
    ------
    HifredError
        If both are given, or they are not of the cube of `result`.
    """
    if draws is not None and bootstrap is not None:
        raise HifredError(
            "errors must have one source; got draws and a bootstrap. Leave one out."
        )
    if draws is not None:
        check_same_cube(result, draws)
        return DrawnErrors(draws)
    if bootstrap is None:
        return None
    if isinstance(bootstrap, xr.Dataset):
        error = bootstrap["standard_error"]
        _check_cubes(error, dims.SKY_CUBE, result)
        return IndependentErrors(error.to_numpy())
    _check_cubes(bootstrap, (REPLICA, *dims.SKY_CUBE), result)
    return DrawnErrors(CubeSet(result["flux"], bootstrap))


def drawn_facts(draws: SpreadCubes) -> dict[str, object]:
    """Return keywords that say how many draws there were, and what is known of them."""
    facts: dict[str, object] = {"ERRFROM": "draws", "N_DRAWS": draws.count}
    if isinstance(draws, Draws):
        facts["COVERAGE"] = draws.check.sentence
    return facts


@final
class DrawnErrors:
    """Errors taken draw by draw: how voxels vary together is in them.

    Parameters
    ----------
    draws : SpreadCubes
    """

    def __init__(self, draws: SpreadCubes) -> None:
        self._draws = draws

    @property
    def facts(self) -> dict[str, object]:
        return drawn_facts(self._draws)

    def voxels(self) -> np.ndarray:
        return self._draws.standard_error().to_numpy()

    def image(self) -> np.ndarray:
        return self._draws.standard_error(lambda c: c.sum(dims.ENERGY)).to_numpy()

    def region(self, shares: np.ndarray) -> np.ndarray:
        weights = xr.DataArray(np.asarray(shares, dtype=np.float64), dims=dims.IMAGE)
        error = self._draws.standard_error(lambda c: c.dot(weights, dim=dims.IMAGE))
        return error.to_numpy()


@final
class IndependentErrors:
    """Errors of voxels alone: sums are taken as if each varied on its own.

    Parameters
    ----------
    error : (energy, y, x) array, photon cm-2 s-1
    """

    def __init__(self, error: np.ndarray) -> None:
        self._error = np.asarray(error, dtype=np.float64)

    @property
    def facts(self) -> dict[str, object]:
        return {"ERRFROM": "voxels"}

    def voxels(self) -> np.ndarray:
        return self._error

    def image(self) -> np.ndarray:
        return np.sqrt(np.sum(self._error**2, axis=0))

    def region(self, shares: np.ndarray) -> np.ndarray:
        weights = np.asarray(shares, dtype=np.float64)
        return np.sqrt(np.tensordot(self._error**2, weights**2, axes=2))


def _check_cubes(
    found: xr.DataArray, wanted: tuple[str, ...], result: xr.Dataset
) -> None:
    if found.dims != wanted or found.shape[-3:] != result["flux"].shape:
        raise HifredError(
            f"bootstrap must have dims {wanted} and cubes of {result['flux'].shape}; "
            f"got {found.dims} and {found.shape[-3:]}."
        )
