"""The pixels on which regions are laid, with their place on the sky."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from hifred import dims
from hifred.observations import FusionInput
from hifred.observations.geometry.pixel_grid import PixelGrid
from hifred.observations.sky_place import instrument_pixels, sky_pixels


@dataclass(frozen=True, eq=False)
class SkyField:
    """The pixels of a fused cube or of an instrument.

    Parameters
    ----------
    grid : PixelGrid
        Shape and place on the sky.
    y, x : (y,) and (x,) arrays, arcsec
        Offsets of the pixel centres, by which labelled images are aligned.
    """

    grid: PixelGrid
    y: np.ndarray
    x: np.ndarray

    def pixels(self, offsets: ArrayLike, axis: str) -> np.ndarray:
        """Return pixel coordinates, from 0, of offsets (arcsec) along an axis."""
        centres = self.y if axis == "y" else self.x
        return (np.asarray(offsets, float) - centres[0]) / self._step(centres)

    def offsets(self, pixels: ArrayLike, axis: str) -> np.ndarray:
        """Return offsets (arcsec) of pixel coordinates, from 0, along an axis."""
        centres = self.y if axis == "y" else self.x
        return np.asarray(centres[0] + np.asarray(pixels) * self._step(centres))

    def _step(self, centres: np.ndarray) -> float:
        n_steps = centres.size - 1
        if n_steps == 0:
            return self.grid.pixel_size_arcsec
        return float((centres[-1] - centres[0]) / n_steps)

    def image(self, values: np.ndarray, units: str, long_name: str) -> xr.DataArray:
        """Return values (y, x) with the coordinates of the field."""
        arcsec = {"units": dims.ANGLE_UNIT}
        coords = {"y": ("y", self.y, arcsec), "x": ("x", self.x, arcsec)}
        attrs = {"units": units, "long_name": long_name}
        return xr.DataArray(values, coords, dims.IMAGE, attrs=attrs)


def fused_field(
    result: xr.Dataset, fusion_input: FusionInput | None = None
) -> SkyField:
    """Return the pixels of a fused cube.

    Parameters
    ----------
    result : Dataset
        ``flux`` (energy, y, x) with coordinates ``y`` and ``x`` in arcsec.
    fusion_input : FusionInput, optional
        What was fused: knows where the cube lies on the sky. Without it, or where it
        has no WCS, as for a simulation, the middle of the field is put at right
        ascension and declination 0, as in the files of `hifred.export_fits`.
    """
    grid = sky_pixels(result, fusion_input)
    return SkyField(grid, result["y"].values, result["x"].values)


def instrument_field(observation: xr.Dataset) -> SkyField:
    """Return the pixels of one instrument."""
    grid = instrument_pixels(observation)
    return SkyField(grid, observation["y"].values, observation["x"].values)
