"""Standard errors of a fusion, from refits of Poisson draws."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.measures import bright_pixels
from hifred.observations import FusionInput, predicted_counts
from hifred.selection.bias_correction import less_its_bias
from hifred.selection.thinning import with_counts

# Half-width of the central 68.27 % of a normal distribution.
ONE_SIGMA = 1.0
DrawKind = Literal["model", "counts"]
OnRefit = Callable[[int, np.ndarray], None]


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
    corrected : Refits, optional
        The same of the refits less the bias that each shows.
    """

    n_refits: int
    cube_sum: np.ndarray
    cube_square_sum: np.ndarray
    bands: np.ndarray
    corrected: "Refits | None" = None

    def __add__(self, other: Self) -> "Refits":
        own, theirs = self.corrected, other.corrected
        return Refits(
            self.n_refits + other.n_refits,
            self.cube_sum + other.cube_sum,
            self.cube_square_sum + other.cube_square_sum,
            np.concatenate([self.bands, other.bands]),
            None if own is None or theirs is None else own + theirs,
        )

    @classmethod
    def none(cls, shape: tuple[int, ...], n_bands: int) -> Self:
        """Return the sums of no refit of a cube of this shape."""
        zero = np.zeros(shape)
        return cls(0, zero, zero, np.zeros((0, n_bands, *shape[1:])))

    @classmethod
    def one(cls, flux: np.ndarray, original: np.ndarray, n_bands: int) -> Self:
        """Return the sums of one refit."""
        moved = flux - original
        return cls(1, moved, moved**2, band_images(flux, n_bands)[None])


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


def _forget(seed: int, flux: np.ndarray) -> None:
    """Keep no cube."""


def refit(
    fusion_input: FusionInput,
    settings: FusionSettings,
    result: xr.Dataset,
    seeds: Sequence[int],
    *,
    n_bands: int = 8,
    kind: DrawKind = "model",
    bias_steps: int = 0,
    on_refit: OnRefit = _forget,
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
    bias_steps : int
        With any, `Refits.corrected` has the refits less their bias, see
        `hifred.selection.bias_correction.less_its_bias`.
    on_refit : callable
        Called with the seed and the flux (energy, y, x) of every refit, less its bias
        where that is taken off.

    Returns
    -------
    Refits
        Add those of all tasks and give them to `bootstrap_summary`.
    """
    original = _flux(result)
    plain = corrected = Refits.none(original.shape, n_bands)
    for seed in seeds:
        drawn = draw_observations(fusion_input, result, seed, kind)
        fitted = fuse(drawn, settings)
        flux = _flux(fitted)
        plain += Refits.one(flux, original, n_bands)
        if bias_steps:
            flux = less_its_bias(fitted, drawn, settings, bias_steps)
            corrected += Refits.one(flux, original, n_bands)
        on_refit(seed, flux)
    return replace(plain, corrected=corrected) if bias_steps else plain


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


def corrected_summary(
    refits: Refits,
    result: xr.Dataset,
    corrected: np.ndarray,
    truth: xr.Dataset | None = None,
) -> xr.Dataset:
    """Return the summary of a bootstrap, and of the same fit less its bias.

    Parameters
    ----------
    refits : Refits
        Of all tasks together, with `corrected`.
    result : Dataset
        Fusion of the recorded counts.
    corrected : (energy, y, x) array, photon cm-2 s-1
        Its flux less its bias.
    truth : Dataset, optional
        See `bootstrap_summary`.

    Returns
    -------
    Dataset
        As `bootstrap_summary` returns it, with ``corrected_NAME`` beside each variable
        and ``corrected_flux`` (energy, y, x).
    """
    if refits.corrected is None:
        raise HifredError(
            "refits must have been corrected; got none that were. Refit with some "
            "bias_steps."
        )
    plain = bootstrap_summary(refits, result, truth)
    told = {"units": dims.FLUX_UNIT, "long_name": "flux"}
    sky = result.assign(flux=(dims.SKY_CUBE, corrected, told))
    less = bootstrap_summary(refits.corrected, sky, truth).assign(flux=sky["flux"])
    for name, values in less.data_vars.items():
        words = f"{values.attrs['long_name']}, less the bias"
        plain[f"corrected_{name}"] = values.assign_attrs(long_name=words)
    return plain


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
