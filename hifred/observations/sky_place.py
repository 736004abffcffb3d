"""Where the pixels of a fused cube and of an instrument lie on the sky."""

import numpy as np
import xarray as xr

from hifred.observations.fusion_input import FusionInput
from hifred.observations.geometry.pixel_grid import (
    PixelGrid,
    grid_from_text,
    tangent_grid,
)


def sky_pixels(
    result: xr.Dataset, fusion_input: FusionInput | None = None
) -> PixelGrid:
    """Return the pixels of a fused cube, at their place on the sky where it is known.

    Taken from the sky's WCS of a prepared input, else from that of an imager with the
    same pixels; else the field is put at right ascension and declination 0.
    """
    n_rows, n_columns = result["flux"].shape[1:]
    shape = (n_rows, n_columns)
    known = known_pixels(shape, fusion_input)
    if known is not None:
        return known
    size = float(np.median(np.diff(result["y"].values))) if n_rows > 1 else 1.0
    return tangent_grid(0.0, 0.0, pixel_size_arcsec=size, shape=shape)


def known_pixels(
    shape: tuple[int, int], fusion_input: FusionInput | None
) -> PixelGrid | None:
    """Return the pixels of a sky of this shape; None where no WCS tells."""
    for grid in _known_grids(fusion_input):
        margin = shape[0] - grid.shape[0]
        if margin >= 0 and margin % 2 == 0 and margin == shape[1] - grid.shape[1]:
            return grid.widened(margin // 2)
    return None


def _known_grids(fusion_input: FusionInput | None) -> list[PixelGrid]:
    if fusion_input is None:
        return []
    texts = [str(fusion_input.attrs.get("sky_wcs", ""))]
    texts += [
        str(observation.attrs.get("wcs", ""))
        for observation in fusion_input.observations.values()
        if observation.attrs["role"] == "imager"
    ]
    return [grid_from_text(text) for text in texts if "CTYPE1" in text]


def instrument_pixels(observation: xr.Dataset) -> PixelGrid:
    """Return the pixels of an observation, at right ascension 0 where no WCS tells."""
    text = str(observation.attrs.get("wcs", ""))
    if "CTYPE1" in text:
        return grid_from_text(text)
    shape = (observation.sizes["y"], observation.sizes["x"])
    size = observation.attrs["pixel_size_arcsec"]
    return tangent_grid(0.0, 0.0, pixel_size_arcsec=size, shape=shape)
