"""Standard errors of a fusion, from refits of Poisson draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.measures import bright_pixels
from hifred.observations import FusionInput, predicted_counts
from hifred.selection.thinning import with_counts

# Half-width of the central 68.27 % of a normal distribution.
ONE_SIGMA = 1.0
DrawKind = Literal["model", "counts"]


@dataclass(frozen=True, eq=False)
class Refits:
    """Sums over refits; those of different tasks are added.

    Parameters
    ----------
    n_refits : int
    cube_sum, cube_square_sum : (energy, y, x) arrays
        Of the flux minus that of the original fit, and of its square.
    bands : (refit, band, y, x) array
        Band images of every refit.
    """

    n_refits: int
    cube_sum: np.ndarray
    cube_square_sum: np.ndarray
    bands: np.ndarray

    def __add__(self, other: Self) -> "Refits":
        return Refits(
            self.n_refits + other.n_refits,
            self.cube_sum + other.cube_sum,
            self.cube_square_sum + other.cube_square_sum,
            np.concatenate([self.bands, other.bands]),
        )


def draw_observations(
    fusion_input: FusionInput, result: xr.Dataset, seed: int, kind: DrawKind = "model"
) -> dict[str, xr.Dataset]:
    """Return the observations with counts drawn anew.

    Parameters
    ----------
    fusion_input : FusionInput
    result : Dataset
        Fusion of these observations.
    seed : int
    kind : {"model", "counts"}
        Poisson draws about what the fusion expects, or about the recorded counts
        themselves, which makes no use of the model but cannot fill empty voxels.
    """
    rng = np.random.default_rng([seed, 71])
    observations = fusion_input.observations
    if kind == "model":
        means = predicted_counts(result, observations)
    else:
        means = {name: o["counts"].to_numpy() for name, o in observations.items()}
    return {
        name: with_counts(observation, rng.poisson(means[name]).astype(np.int32))
        for name, observation in observations.items()
    }


def refit(
    fusion_input: FusionInput,
    settings: FusionSettings,
    result: xr.Dataset,
    seeds: Sequence[int],
    *,
    n_bands: int = 8,
    kind: DrawKind = "model",
) -> Refits:
    """Fuse Poisson draws: one task of a bootstrap.

    Parameters
    ----------
    fusion_input : FusionInput
    settings : FusionSettings
        Those of `result`.
    result : Dataset
        Fusion of the recorded counts.
    seeds : sequence of int
        One draw and one refit each.
    n_bands : int
        Bands of equal width whose images are kept from every refit.
    kind : {"model", "counts"}
        See `draw_observations`.

    Returns
    -------
    Refits
        Add those of all tasks and give them to `bootstrap_summary`.
    """
    original = _flux(result)
    total, squares = np.zeros_like(original), np.zeros_like(original)
    bands = []
    for seed in seeds:
        drawn = draw_observations(fusion_input, result, seed, kind)
        flux = _flux(fuse(drawn, settings))
        total += flux - original
        squares += (flux - original) ** 2
        bands.append(band_images(flux, n_bands))
    shape = (0, n_bands, *original.shape[1:])
    return Refits(
        len(bands), total, squares, np.stack(bands) if bands else np.zeros(shape)
    )


def band_images(cube: np.ndarray, n_bands: int) -> np.ndarray:
    """Return the (band, y, x) sums of a cube over bands of about equal width.

    Raises
    ------
    HifredError
        If there are more bands than energies.
    """
    if not 1 <= n_bands <= len(cube):
        raise HifredError(
            f"n_bands must be from 1 to the number of energies, {len(cube)}; "
            f"got {n_bands}."
        )
    return np.add.reduceat(cube, band_starts(len(cube), n_bands), axis=0)


def band_starts(n_energies: int, n_bands: int) -> np.ndarray:
    """Return the first energy bin of every band."""
    return np.linspace(0, n_energies, n_bands + 1).astype(int)[:-1]


def bootstrap_summary(
    refits: Refits, result: xr.Dataset, truth: xr.Dataset | None = None
) -> xr.Dataset:
    """Return standard errors per voxel and band, and how often they cover the truth.

    Parameters
    ----------
    refits : Refits
        Of all tasks together, at least 2 refits.
    result : Dataset
        Fusion of the recorded counts.
    truth : Dataset, optional
        With it, the coverage of the intervals and the bias of the bands.

    Returns
    -------
    Dataset
        ``standard_error`` (energy, y, x); ``band_flux``, ``band_standard_error``
        (band, y, x); with a truth ``band_bias``, the error of the band images over
        their standard error, and ``coverage``, the share of bright band voxels within
        one standard error of the truth (68 % if the fit has no bias), and
        ``bias_share``, the size of that bias in units of the standard error.
    """
    if refits.n_refits < 2:
        raise HifredError(f"there must be at least 2 refits; got {refits.n_refits}.")
    n_bands = refits.bands.shape[1]
    mean = refits.cube_sum / refits.n_refits
    variance = refits.cube_square_sum / refits.n_refits - mean**2
    correction = refits.n_refits / (refits.n_refits - 1)
    error = np.sqrt(np.maximum(variance * correction, 0.0)).astype(np.float32)
    summary = _labelled(
        {
            "standard_error": (dims.SKY_CUBE, error, "standard error of the flux"),
            "band_flux": (
                ("band", *dims.IMAGE),
                band_images(_flux(result), n_bands),
                "flux in the band",
            ),
            "band_standard_error": (
                ("band", *dims.IMAGE),
                refits.bands.std(axis=0, ddof=1),
                "standard error of the flux in the band",
            ),
        },
        result,
    ).assign_attrs(n_refits=refits.n_refits)
    return summary if truth is None else _with_coverage(summary, result, truth)


def _with_coverage(
    summary: xr.Dataset, result: xr.Dataset, truth: xr.Dataset
) -> xr.Dataset:
    cube = truth["flux"].transpose(*dims.SKY_CUBE).to_numpy().astype(float)
    if cube.shape != result["flux"].shape:
        raise HifredError(
            "the fusion must have the shape of the truth, without a margin; got "
            f"{result['flux'].shape} and {cube.shape}."
        )
    true_bands = band_images(cube, summary.sizes["band"])
    error = summary["band_flux"].to_numpy() - true_bands
    sigma = summary["band_standard_error"].to_numpy()
    pull = error / np.where(sigma > 0, sigma, np.nan)
    return summary.assign(_coverage(pull, bright_pixels(cube)))


def _coverage(pull: np.ndarray, is_bright: np.ndarray) -> dict[str, Any]:
    bright = pull[np.broadcast_to(is_bright, pull.shape)]
    measures = {
        "band_bias": (
            ("band", *dims.IMAGE),
            pull,
            "error of the band over its standard error",
        ),
        "coverage": (
            (),
            float((np.abs(bright) <= ONE_SIGMA).mean()),
            "share of bright band voxels within one sigma",
        ),
        "bias_share": (
            (),
            bias_share(bright[np.isfinite(bright)]),
            "bias of bright band voxels over standard error",
        ),
    }
    attrs = {"units": dims.DIMENSIONLESS, "direction": "none", "needs_truth": 1}
    return {
        name: (names, values, attrs | {"long_name": words})
        for name, (names, values, words) in measures.items()
    }


def bias_share(pulls: np.ndarray) -> float:
    r"""Return the root mean square bias in units of the standard error.

    .. math:: \sqrt{\max(\langle p^2 \rangle - 1, 0)}

    Parameters
    ----------
    pulls : array
        Errors over standard errors: of unit variance where there is no bias.
    """
    return float(np.sqrt(max(np.mean(pulls**2) - 1.0, 0.0)))


def _labelled(
    variables: Mapping[str, tuple[tuple[str, ...], np.ndarray, str]],
    result: xr.Dataset,
) -> xr.Dataset:
    energy_edges = result["energy_edges"].to_numpy()
    n_bands = len(variables["band_flux"][1])
    starts = band_starts(len(energy_edges) - 1, n_bands)
    stops = np.append(starts[1:], len(energy_edges) - 1)
    edges = {"units": dims.ENERGY_UNIT}
    coords = {
        name: result[name]
        for name in (*dims.SKY_CUBE, "energy_edges")
        if name in result.variables
    }
    return xr.Dataset(
        {
            name: (names, values, {"units": dims.FLUX_UNIT, "long_name": words})
            for name, (names, values, words) in variables.items()
        },
        coords=coords
        | {
            "band_low": ("band", energy_edges[starts], edges | {"long_name": "from"}),
            "band_high": ("band", energy_edges[stops], edges | {"long_name": "to"}),
        },
    )


def _flux(result: xr.Dataset) -> np.ndarray:
    return result["flux"].transpose(*dims.SKY_CUBE).to_numpy().astype(float)
