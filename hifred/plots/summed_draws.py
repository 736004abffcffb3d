"""Draws of sums: a sum over draws of low rank is one of images or of spectra alone."""

import numpy as np
import xarray as xr

from hifred import dims
from hifred.posterior import Draws


def summed_pixels(draws: Draws, weights: np.ndarray | float = 1.0) -> Draws:
    """Return draws of the weighted sum over all pixels, as cubes of a single one.

    Parameters
    ----------
    draws : Draws
    weights : (y, x) array
        Such as the share of each pixel that lies in a region.
    """
    by_pixel = xr.DataArray(
        np.broadcast_to(weights, [draws.data.sizes[dim] for dim in dims.IMAGE]),
        dims=dims.IMAGE,
    )
    one = draws.data.isel({dim: [0] for dim in dims.IMAGE})
    sums = {
        name: (draws.data[name].astype(float) * by_pixel)
        .sum(dims.IMAGE)
        .expand_dims(dict.fromkeys(dims.IMAGE, 1))
        .transpose(*one[name].dims)
        for name in ("coefficients", "drawn_coefficients")
    }
    places = {dim: one[dim] for dim in dims.IMAGE if dim in one.coords}
    return Draws(one.assign(sums).assign_coords(places))


def summed_energies(draws: Draws, bins: slice) -> Draws:
    """Return draws of the sum over some energy bins, as cubes of a single one."""
    some = draws.data.isel({dims.ENERGY: bins})
    total = (some["spectral_basis"] / some["reference_exposure"]).sum(dims.ENERGY)
    one = some.isel({dims.ENERGY: [0]})
    return Draws(
        one.assign(
            spectral_basis=total.expand_dims({dims.ENERGY: 1}, -1),
            reference_exposure=xr.ones_like(one["reference_exposure"]),
        )
    )
