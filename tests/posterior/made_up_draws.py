"""Draws of a small made-up cube."""

import numpy as np
import xarray as xr

from hifred.posterior import Draws


def made_up_draws(n_draws: int = 6, seed: int = 0) -> Draws:
    rng = np.random.default_rng(seed)
    spectra = rng.uniform(0.5, 1.5, (2, 7))
    images = rng.uniform(5, 9, (2, 3, 4))
    drawn = images[..., None] + 0.3 * rng.standard_normal((2, 3, 4, n_draws))
    edges = np.linspace(0.5, 1.2, 8)
    return Draws(
        xr.Dataset(
            {
                "spectral_basis": (("component", "energy"), spectra),
                "coefficients": (("component", "y", "x"), images),
                "drawn_coefficients": (("component", "y", "x", "draw"), drawn),
                "reference_exposure": ("energy", np.linspace(2, 3, 7)),
            },
            coords={
                "energy": 0.5 * (edges[1:] + edges[:-1]),
                "energy_edges": ("energy_edge", edges),
                "y": np.arange(3.0),
                "x": np.arange(4.0),
            },
        )
    )


def fit_of(draws: Draws) -> xr.Dataset:
    """Return the result that draws lie around."""
    edges = draws.data["energy_edges"]
    return draws.fit.to_dataset(name="flux").assign_coords(energy_edges=edges)


def draws_around(result: xr.Dataset, n_draws: int = 5, seed: int = 0) -> Draws:
    """Return draws about any cube, as bright as they please."""
    rng = np.random.default_rng(seed)
    exposure = result["reference_exposure"].to_numpy()
    images = result["flux"].to_numpy() * exposure[:, None, None]
    drawn = images[..., None] * rng.normal(1, 0.1, (*images.shape, n_draws))
    names = ("energy", "energy_edges", "y", "x")
    return Draws(
        xr.Dataset(
            {
                "spectral_basis": (("component", "energy"), np.eye(len(exposure))),
                "coefficients": (("component", "y", "x"), images),
                "drawn_coefficients": (("component", "y", "x", "draw"), drawn),
                "reference_exposure": ("energy", exposure),
            },
            coords={name: result[name] for name in names},
        )
    )
