"""What a sky makes each instrument count: the one prediction of counts."""

import json
from collections.abc import Mapping
from typing import Any, final

import numpy as np
import xarray as xr
from numpy.typing import DTypeLike

from hifred import dims
from hifred.errors import HifredError
from hifred.observations.forward import build_responses
from hifred.observations.observation import background_of
from hifred.observations.sky import build_sky_grid

MARGINS = ("margin_pixels", "margin_channels")
OPTIONS = ("target_resolution", "boundary")


@final
class CountsModel:
    """Responses and backgrounds of some observations, for the sky of a fusion.

    Parameters
    ----------
    observations : mapping of instrument to observation
    settings : mapping
        Those of the fusion; see `geometry_of`.
    dtype : dtype
        In which responses are applied: double precision, or single for figures.
    """

    def __init__(
        self,
        observations: Mapping[str, xr.Dataset],
        settings: Mapping[str, Any],
        dtype: DTypeLike = np.float64,
    ) -> None:
        margins = {name: settings.get(name, 0) for name in MARGINS}
        options = {name: settings[name] for name in OPTIONS if name in settings}
        sky = build_sky_grid(observations, **margins)
        built = build_responses(observations, sky, **options)
        single = np.dtype(dtype) == np.float32
        self.responses = {
            name: response.astype(np.float32) if single else response
            for name, response in built.items()
        }
        self.sky_shape = sky.shape
        self.n_voxels = sky.energy.size * sky.y.size * sky.x.size
        self.reference_exposure = sky.reference_exposure.astype(dtype)
        self._observations = observations

    def expected_counts(self, flux: np.ndarray) -> dict[str, np.ndarray]:
        """Return the mean counts of each instrument, background included.

        Parameters
        ----------
        flux : (energy, y, x) array, photon cm-2 s-1

        Returns
        -------
        dict of (channel, y, x) arrays, count
        """
        exposure = self.reference_exposure[:, None, None]
        scaled = np.asarray(flux, dtype=exposure.dtype) * exposure
        return {
            # Penalties leave the flux slightly negative here and there.
            name: np.maximum(self.responses[name].apply(scaled), 0.0)
            + background_of(observation)
            for name, observation in self._observations.items()
        }


def geometry_of(result: xr.Dataset) -> dict[str, Any]:
    """Return the settings of a fusion that decide its sky and its responses."""
    settings = json.loads(result.attrs.get("settings", "{}"))
    names = (*MARGINS, *OPTIONS)
    return {name: settings[name] for name in names if name in settings}


def check_fused_from(result: xr.Dataset, sky_shape: tuple[int, int, int]) -> None:
    """Raise `HifredError` unless a cube has the shape of an input's sky."""
    found = tuple(result["flux"].sizes[dim] for dim in dims.SKY_CUBE)
    if found != sky_shape:
        raise HifredError(
            f"the cube must be fused from this input, whose sky has {sky_shape} "
            f"energies, rows and columns; got {found}."
        )


def predicted_counts(
    result: xr.Dataset, observations: Mapping[str, xr.Dataset]
) -> dict[str, np.ndarray]:
    """Return the counts (channel, y, x) that a fusion expects, background included.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    observations : mapping of str to Dataset
    """
    model = CountsModel(observations, geometry_of(result))
    return model.expected_counts(result["flux"].transpose(*dims.SKY_CUBE).to_numpy())
