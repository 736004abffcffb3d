"""How one instrument sees the sky of a fusion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import xarray as xr
from scipy import sparse

from hifred import dims
from hifred.errors import HifredError, unknown_name
from hifred.observations import FusionInput, geometry_of
from hifred.observations.forward import spatial_terms
from hifred.observations.matching.kernels import kernels_for
from hifred.observations.pixel_cover import pixel_cover
from hifred.observations.prediction import MARGINS, check_fused_from
from hifred.observations.sky import SkyGrid, build_sky_grid, extended_area
from hifred.observations.sky_place import known_pixels
from hifred.operators.matrix import Matrix


@dataclass(frozen=True, eq=False)
class InstrumentView:
    """One instrument and the sky before it.

    Parameters
    ----------
    name : str
    observation : Dataset
    sky : SkyGrid
    terms : sequence of ((energy,) array, Matrix)
        Where light of each energy lands: see `hifred.observations.forward`.
    fusion_input : FusionInput
    """

    name: str
    observation: xr.Dataset
    sky: SkyGrid
    terms: Sequence[tuple[np.ndarray, Matrix]]
    fusion_input: FusionInput

    @classmethod
    def of(
        cls,
        fusion_input: FusionInput,
        name: str,
        geometry: Mapping[str, object],
    ) -> Self:
        """Return the view of an instrument, under the settings of a fusion.

        Parameters
        ----------
        geometry : mapping
            ``target_resolution``, ``boundary``, ``margin_pixels``, ``margin_channels``.
        """
        observations = fusion_input.observations
        margin_pixels, margin_channels = (
            int(str(geometry.get(key, 0))) for key in MARGINS
        )
        sky = build_sky_grid(observations, margin_pixels, margin_channels)
        target = str(geometry.get("target_resolution", "matched"))
        kernels = kernels_for(observations, target)[name]
        boundary = str(geometry.get("boundary", "zero"))
        own = observations[name]
        terms = spatial_terms(name, own, sky, kernels, boundary)
        return cls(name, own, sky, terms, fusion_input)

    @property
    def area(self) -> np.ndarray:
        """Effective area (energy,) on the sky's energies, cm2."""
        return extended_area(self.observation, self.sky.n_margin_channels)

    @property
    def exposure_time(self) -> float:
        """Live time, s."""
        return float(self.observation["exposure_time"])

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of the instrument."""
        return self.observation.sizes["y"], self.observation.sizes["x"]

    def landed(self, light: np.ndarray) -> np.ndarray:
        """Return where light lands, (energy, pixel), from (energy, sky pixel)."""
        parts = [
            weight[:, None] * matrix.apply_rows(light) for weight, matrix in self.terms
        ]
        return np.asarray(np.sum(parts, axis=0))

    def cover(self) -> sparse.csr_array:
        """Return which fraction of each sky pixel lies in each instrument pixel."""
        place = known_pixels(self.sky.shape[1:], self.fusion_input)
        return pixel_cover(self.name, self.observation, self.sky, place)

    def image(self, values: np.ndarray, units: str, long_name: str) -> xr.DataArray:
        """Return values (y, x) on the instrument's pixels."""
        coords = {axis: self.observation[axis] for axis in dims.IMAGE}
        attrs = {"units": units, "long_name": long_name}
        return xr.DataArray(
            np.reshape(values, self.image_shape), coords, dims.IMAGE, attrs=attrs
        )


def view_of(
    result: xr.Dataset, fusion_input: FusionInput, instrument: str | None = None
) -> InstrumentView:
    """Return how an instrument sees a fused cube, under the settings of its fusion.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    fusion_input : FusionInput
        What was fused.
    instrument : str, optional
        By default the spectrometer.

    Raises
    ------
    HifredError
        If the cube is not of this input, or there are several spectrometers and none
        is named.
    """
    name = chosen_instrument(fusion_input, instrument)
    view = InstrumentView.of(fusion_input, name, geometry_of(result))
    check_fused_from(result, view.sky.shape)
    return view


def chosen_instrument(
    fusion_input: FusionInput, instrument: str | None, role: str = "spectrometer"
) -> str:
    """Return the named instrument, or the only one of its role."""
    observations = fusion_input.observations
    if instrument is not None:
        if instrument not in observations:
            raise unknown_name("instrument", instrument, observations)
        return instrument
    names = [name for name, o in observations.items() if o.attrs["role"] == role]
    if len(names) != 1:
        raise HifredError(
            f"the input must have one {role}, or one must be named; it has "
            f"{', '.join(names) or 'none'}."
        )
    return names[0]
