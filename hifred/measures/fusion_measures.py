"""Every measure of one fusion, with its units, its direction and what it needs."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError, SchemaError
from hifred.measures.catalogue import measure_of
from hifred.measures.checks import UndefinedMeasureError
from hifred.measures.errors_of_flux import ergas, nmse_db, relative_error
from hifred.measures.poisson_deviance import deviance, deviance_moments
from hifred.measures.similarity import acssim
from hifred.measures.spectral import (
    bright_pixels,
    mean_spectral_angle,
    spectral_angle,
)
from hifred.observations import FusionInput, mask_of, predicted_counts

# Where the last 0.1 % of the flux is, a relative error says nothing and would set the
# scale of the map.
LIT_SHARE = 0.999


def measure_fusion(result: xr.Dataset, fusion_input: FusionInput) -> xr.Dataset:
    """Return all measures of a fusion: numbers, and maps over (y, x).

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it: ``flux``, ``reference_exposure``, and the
        settings in its attributes.
    fusion_input : FusionInput
        What was fused. Measures that need a truth are absent where it has none.

    Returns
    -------
    Dataset
        Every variable has ``units``, ``long_name``, ``direction`` ("higher", "lower",
        "zero" or "none" is better) and ``needs_truth`` (0 or 1) as attributes. A
        measure that does not exist, such as ERGAS with an empty channel, is NaN.

    Raises
    ------
    HifredError
        If the estimate is not finite or does not cover the truth.
    """
    values = _data_measures(result, fusion_input)
    if fusion_input.truth is not None:
        values |= _truth_measures(result, fusion_input)
    variables = {
        name: xr.Variable(dims.IMAGE if np.ndim(value) else (), value, _attrs(name))
        for name, value in values.items()
    }
    coords = {}
    if fusion_input.truth is not None:
        coords = {axis: fusion_input.truth[axis] for axis in dims.IMAGE}
    return xr.Dataset(variables, coords)


def _attrs(name: str) -> dict[str, str | int]:
    return measure_of(name).attrs


def _truth_measures(result: xr.Dataset, fusion_input: FusionInput) -> dict[str, Any]:
    truth_cube, cube = _common_cubes(result, fusion_input)
    bright = bright_pixels(truth_cube)
    ratio = resolution_ratio(fusion_input.observations)
    compared: dict[str, Callable[[], Any]] = {
        "nmse_db": lambda: nmse_db(cube, truth_cube),
        "nmse_truth_db": lambda: nmse_db(cube, truth_cube, reference="truth"),
        "asam": lambda: mean_spectral_angle(cube, truth_cube),
        "asam_bright": lambda: mean_spectral_angle(cube, truth_cube, mask=bright),
        "acssim": lambda: acssim(cube, truth_cube),
        "ergas": lambda: ergas(cube, truth_cube, resolution_ratio=ratio),
        "ergas_paper": lambda: ergas(cube, truth_cube, convention="paper"),
    }
    values: dict[str, Any] = {name: _or_nan(f) for name, f in compared.items()}
    values["sam"] = spectral_angle(cube, truth_cube).astype(np.float32)
    error = relative_error(cube.sum(axis=0), truth_cube.sum(axis=0))
    lit = bright_pixels(truth_cube, LIT_SHARE)
    values["relative_error"] = np.where(lit, error, np.nan).astype(np.float32)
    return values


def _or_nan(measure: Callable[[], float]) -> float:
    """Return the measure, NaN where the two cubes have none, such as 8 x 8 pixels."""
    try:
        return measure()
    except UndefinedMeasureError:
        return np.nan


def _common_cubes(
    result: xr.Dataset, fusion_input: FusionInput
) -> tuple[np.ndarray, np.ndarray]:
    """Return truth and estimate on the truth's grid, the estimate's margin cut off."""
    assert fusion_input.truth is not None
    truth = fusion_input.truth["flux"].transpose(*dims.SKY_CUBE)
    flux = result["flux"].transpose(*dims.SKY_CUBE)
    slices = {d: _overlap(result[d].values, truth[d].values, d) for d in dims.SKY_CUBE}
    cube = flux.isel(slices).to_numpy().astype(float)
    if not np.isfinite(cube).all():
        raise HifredError("the fused flux must be finite; the fusion has diverged.")
    return truth.to_numpy().astype(float), cube


def _overlap(found: np.ndarray, wanted: np.ndarray, name: str) -> slice:
    step = abs(wanted[-1] - wanted[0]) / max(1, len(wanted) - 1) or 1.0
    first = int(np.argmin(np.abs(found - wanted[0])))
    part = found[first : first + len(wanted)]
    if len(part) != len(wanted) or np.abs(part - wanted).max() > 0.1 * step:
        raise SchemaError(
            f"the result must cover the truth along {name}; got {found[0]:g} to "
            f"{found[-1]:g} for {wanted[0]:g} to {wanted[-1]:g}."
        )
    return slice(first, first + len(wanted))


def resolution_ratio(observations: Mapping[str, xr.Dataset]) -> float:
    """Return the side of the finest instrument pixel over that of the coarsest."""
    sizes = [float(o.attrs["pixel_size_arcsec"]) for o in observations.values()]
    return min(sizes) / max(sizes)


def _data_measures(result: xr.Dataset, fusion_input: FusionInput) -> dict[str, Any]:
    observations = fusion_input.observations
    predicted = predicted_counts(result, observations)
    values: dict[str, Any] = {}
    for name, observation in observations.items():
        mask, expected = mask_of(observation), predicted[name]
        counts = observation["counts"].to_numpy()
        mean, variance = deviance_moments(expected[mask])
        values[f"deviance_{name}"] = float(deviance(counts, expected)[mask].sum())
        values[f"deviance_expected_{name}"] = float(mean.sum())
        values[f"deviance_variance_{name}"] = float(variance.sum())
        if "expected_counts" in observation:
            noise_free = observation["expected_counts"].to_numpy()
            values[f"data_nmse_db_{name}"] = nmse_db(expected, noise_free, mask=mask)
    for total in ("deviance", "deviance_expected", "deviance_variance"):
        values[total] = sum(values[f"{total}_{name}"] for name in observations)
    return values
