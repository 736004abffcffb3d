"""Every measure of one fusion, with its units, its direction and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError, SchemaError
from hifred.measures.checks import UndefinedMeasureError
from hifred.measures.deviance import deviance, deviance_moments
from hifred.measures.errors_of_flux import ergas, nmse_db, relative_error
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


@dataclass(frozen=True)
class Measure:
    """What a measure means.

    Parameters
    ----------
    long_name, units : str
    direction : {"higher", "lower", "zero", "none"}
        Which way is better: more, less, near 0, or neither.
    needs_truth : bool
        Whether it compares with the true sky, or noise-free data.
    """

    long_name: str
    units: str
    direction: str
    needs_truth: bool

    @property
    def attrs(self) -> dict[str, str | int]:
        """Attributes of the variable that holds the measure."""
        return {
            "long_name": self.long_name,
            "units": self.units,
            "direction": self.direction,
            "needs_truth": int(self.needs_truth),
        }


MEASURES = {
    "nmse_db": Measure("power over that of the error", "dB", "higher", True),
    "nmse_truth_db": Measure("true power over that of the error", "dB", "higher", True),
    "asam": Measure("mean angle between spectra", "rad", "lower", True),
    "asam_bright": Measure(
        "mean angle between spectra where 95 % of the flux is", "rad", "lower", True
    ),
    "acssim": Measure("1 - mean structural similarity", "1", "lower", True),
    "ergas": Measure("relative error of all channels (ERGAS)", "1", "lower", True),
    "ergas_paper": Measure(
        "ERGAS over the estimate's mean, 100 d = 1", "1", "lower", True
    ),
    "sam": Measure("angle between spectra", "rad", "lower", True),
    "relative_error": Measure(
        "relative error of the band image", "percent", "none", True
    ),
    "deviance": Measure("Poisson deviance of the data", "1", "none", False),
    "deviance_expected": Measure("its mean if the model is right", "1", "none", False),
    "deviance_variance": Measure(
        "its variance if the model is right", "1", "none", False
    ),
    "deviance_sigma": Measure(
        "deviance less its mean, in standard deviations", "1", "zero", False
    ),
    "data_nmse_db": Measure(
        "power of the expected counts over that of their error", "dB", "higher", True
    ),
    "held_out_error": Measure(
        "squared distance to a cube of counts held out of the fit", "1", "lower", False
    ),
    "held_out_deviance": Measure(
        "Poisson deviance of counts held out of the fit", "1", "lower", False
    ),
}
"""What each measure is, its unit, which way is better, whether it needs the truth."""
"""All measures that a fusion may have; those of one instrument end in its name."""


def measure_of(name: str) -> Measure:
    """Return what the measure `name` means.

    Parameters
    ----------
    name : str
        As in the result of `measure_fusion`; ``data_nmse_db_<instrument>`` and other
        measures of one instrument are known by their beginning.

    Raises
    ------
    HifredError
        If there is no such measure.
    """
    if name in MEASURES:
        return MEASURES[name]
    starts = [known for known in MEASURES if name.startswith(f"{known}_")]
    if not starts:
        raise HifredError(
            f"unknown measure {name!r}; choose from {', '.join(sorted(MEASURES))}."
        )
    return MEASURES[max(starts, key=len)]


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
