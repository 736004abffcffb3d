"""The labelled result of a fusion."""

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr

from hifred.dims import ANGLE_UNIT, DIMENSIONLESS, ENERGY_UNIT, EXPOSURE_UNIT, FLUX_UNIT
from hifred.observations import SkyGrid


def cube_dataset(scaled_flux: np.ndarray, sky: SkyGrid) -> xr.Dataset:
    """Return the cube as flux, with its coordinates.

    Parameters
    ----------
    scaled_flux : (energy, y, x) array
        Flux times the reference exposure of `sky`.
    sky : SkyGrid
    """
    flux = scaled_flux / sky.reference_exposure[:, None, None]
    data = xr.Dataset(
        {
            "flux": (
                ("energy", "y", "x"),
                flux.astype(np.float32),
                {"units": FLUX_UNIT, "long_name": "flux per energy bin and pixel"},
            ),
            "reference_exposure": (
                "energy",
                sky.reference_exposure,
                {
                    "units": EXPOSURE_UNIT,
                    "long_name": "scale from flux to count-like scaled flux",
                },
            ),
        },
        coords={
            "energy": ("energy", sky.energy, _axis(ENERGY_UNIT, "photon energy")),
            "energy_edges": (
                "energy_edge",
                sky.energy_edges,
                _axis(ENERGY_UNIT, "edges of the energy bins"),
            ),
            "y": ("y", sky.y, _axis(ANGLE_UNIT, "offset of pixel rows")),
            "x": ("x", sky.x, _axis(ANGLE_UNIT, "offset of pixel columns")),
        },
    )
    return data.assign_attrs(pixel_size_arcsec=sky.pixel_size_arcsec)


def history(costs: np.ndarray, gaps: np.ndarray, terms: list[str]) -> xr.Dataset:
    """Return the cost of every iteration, and the gap where the solver has one.

    Parameters
    ----------
    costs : (iteration, term) array
    gaps : (iteration,) array
    terms : list of str
        ``"total"``, the instruments, ``"penalty"``.
    """
    return xr.Dataset(
        {
            "cost": (
                ("iteration", "term"),
                costs,
                {"units": DIMENSIONLESS, "long_name": "half the deviance, and penalty"},
            ),
            "relative_gap": (
                "iteration",
                gaps,
                {"units": DIMENSIONLESS, "long_name": "duality gap over total cost"},
            ),
        },
        coords={
            "term": ("term", terms, {"long_name": "part of the cost"}),
            "iteration": (
                "iteration",
                np.arange(len(costs)),
                _axis(DIMENSIONLESS, "iteration of the solver"),
            ),
        },
    )


def components(basis: np.ndarray, images: np.ndarray) -> xr.Dataset:
    """Return the spectra (energy, component) and images (component, y, x)."""
    return xr.Dataset(
        {
            "spectral_basis": (
                ("component", "energy"),
                basis.T,
                {"units": DIMENSIONLESS, "long_name": "orthonormal spectra"},
            ),
            "coefficients": (
                ("component", "y", "x"),
                images,
                {"units": "count", "long_name": "coefficient images of scaled flux"},
            ),
        }
    )


def settings_text(settings: Mapping[str, object]) -> str:
    """Return the active settings as JSON with sorted keys."""
    return json.dumps(dict(settings), sort_keys=True)


def _axis(units: str, long_name: str) -> dict[str, str]:
    return {"units": units, "long_name": long_name}
