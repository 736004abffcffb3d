"""Which sky pixels lie before each pixel of an instrument, whatever its PSF."""

import numpy as np
import xarray as xr
from scipy import sparse

from hifred.errors import HifredError
from hifred.observations.forward import placement
from hifred.observations.geometry.overlap import overlap_matrix
from hifred.observations.geometry.pixel_grid import PixelGrid, grid_from_text
from hifred.observations.observation import spatial_matrix_of
from hifred.observations.sky import SkyGrid


def pixel_cover(
    name: str, observation: xr.Dataset, sky: SkyGrid, sky_place: PixelGrid | None
) -> sparse.csr_array:
    """Return which fraction of each sky pixel lies in each instrument pixel.

    Parameters
    ----------
    name : str
        Instrument, for errors.
    observation : Dataset
    sky : SkyGrid
    sky_place : PixelGrid or None
        The sky's pixels, where a WCS tells; needed where the instrument brings a
        matrix, which says where light lands but not where its pixels are.

    Returns
    -------
    (pixel, sky pixel) sparse array

    Raises
    ------
    HifredError
        If the place of the pixels is not known.
    """
    if spatial_matrix_of(observation) is None:
        return _aligned(name, observation, sky)
    text = str(observation.attrs.get("wcs", ""))
    if sky_place is None or "CTYPE1" not in text:
        raise HifredError(
            f"the pixels of {name} must have a place on the sky, as the fused cube "
            "must; the input has no WCS of both. Prepare it with `hifred prepare`, or "
            "take single pixels."
        )
    return overlap_matrix(grid_from_text(text), sky_place)


def _aligned(name: str, observation: xr.Dataset, sky: SkyGrid) -> sparse.csr_array:
    factor, (rows, columns) = placement(name, observation, sky)
    n_rows, n_columns = sky.shape[1:]
    y, x = np.meshgrid(
        np.arange(rows.start, rows.stop),
        np.arange(columns.start, columns.stop),
        indexing="ij",
    )
    n_across = observation.sizes["x"]
    pixel = (y - rows.start) // factor * n_across + (x - columns.start) // factor
    entries = (np.ones(y.size), (pixel.ravel(), (y * n_columns + x).ravel()))
    shape = (observation.sizes["y"] * n_across, n_rows * n_columns)
    return sparse.csr_array(sparse.coo_array(entries, shape=shape))
