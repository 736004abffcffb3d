"""Score settings on counts that were held out of the fit: no truth is needed.

Two scores of one fit. The deviance asks how well it predicts the held-out counts. The
error asks how far its cube is from a cube made of the held-out counts alone. Both are
free of the noise that was fitted, but only the second weighs what the instruments blur
away as the sky does: a cube can predict all data and be noise where they hardly look.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from pydantic import Field

from hifred import dims
from hifred.errors import HifredError
from hifred.fusion import FusionSettings, fuse
from hifred.measures import deviance, deviance_moments, measure_of
from hifred.observations import FusionInput, mask_of, predicted_counts
from hifred.selection.thinning import thin
from hifred.settings import Number, Place, read_settings, settings
from hifred.settings.kinds import Seed
from hifred.solvers.stopping import Outcome

# Expected counts below this share of their mean are raised to it, so that one event
# where a fit has none does not outweigh all others.
SMALLEST_EXPECTED_SHARE = 1e-6
# The reference's gap at which its noise, not its distance to the optimum, is left.
REFERENCE_TOLERANCE = 1e-3
REFERENCE_ITERATIONS = 500
SCORES = ("deviance", "expected", "variance", "error")
"""What a split tells of a fit to its other half."""


@settings
class Split:
    """How counts are split for `held_out_deviance`."""

    fraction: Number = Field(
        default=0.1,
        gt=0.0,
        lt=1.0,
        description="Of the events to hold out: 0.1, or 0.2 where there are few.",
    )
    seeds: tuple[Seed, ...] = Field(
        default=(1, 2, 3),
        min_length=1,
        description="One split and two fits each. Settings that are compared must "
        "share them.",
    )


def read_split(table: Mapping[str, Any]) -> Split:
    """Return the split of a ``held_out`` table.

    Raises
    ------
    SettingsError
        If a key is unknown or a value out of range.
    """
    return read_settings(Split, table, Place(table="metrics.held_out"))


def held_out_scores(
    fusion_input: FusionInput, settings: FusionSettings, split: Split | None = None
) -> xr.Dataset:
    """Return how a fit of some of the counts agrees with the others.

    Parameters
    ----------
    fusion_input : FusionInput
    settings : FusionSettings
    split : Split, optional
        Settings that are compared must share it.

    Returns
    -------
    Dataset
        ``held_out_error``, by which to choose settings, and ``held_out_deviance``
        (means over the splits; lower is better), ``held_out_error_split`` and
        ``held_out_deviance_split`` (split), and ``held_out_deviance_expected`` and
        ``held_out_deviance_variance`` for a perfect model.

    Notes
    -----
    The scaled flux is smaller by ``1 - fraction`` in the fits, so that a quadratic
    penalty acts as one with ``(1 - fraction) mu`` would on all counts.
    """
    split = split or Split()
    scores = [
        score_split(fusion_input.observations, settings, split.fraction, seed=seed)
        for seed in split.seeds
    ]
    return summarise_splits(scores, split.seeds)


def score_split(
    observations: Mapping[str, xr.Dataset],
    settings: FusionSettings,
    fraction: float,
    *,
    seed: int,
) -> dict[str, float]:
    """Fit one split and score it: one task of `held_out_scores`.

    Returns
    -------
    dict of float
        See `score`.
    """
    fitted, held_out = split_observations(observations, fraction, seed)
    return score(fuse(fitted, settings), held_out, settings)


def split_observations(
    observations: Mapping[str, xr.Dataset], fraction: float, seed: int
) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
    """Return the part of the counts to fit, and the part to hold out."""
    return thin(observations, fraction, np.random.default_rng([seed, 70]))


def score(
    result: xr.Dataset, held_out: Mapping[str, xr.Dataset], settings: FusionSettings
) -> dict[str, float]:
    """Return how far counts that a fusion has not seen are from it.

    Parameters
    ----------
    result : Dataset
        Of the fitted part of the counts.
    held_out : mapping of str to Dataset
        The other part, from `hifred.selection.thin`.
    settings : FusionSettings
        Those of `result`.

    Returns
    -------
    dict of float
        ``deviance`` of the held-out counts, ``expected`` and ``variance`` of it if the
        fit were perfect, and ``error``, see `cube_error`.
    """
    return count_score(result, held_out) | {
        "error": cube_error(result, reference_fit(held_out, settings))
    }


def count_score(
    result: xr.Dataset, held_out: Mapping[str, xr.Dataset]
) -> dict[str, float]:
    """Return the deviance of held-out counts, and its moments for a perfect fit."""
    totals = {"deviance": 0.0, "expected": 0.0, "variance": 0.0}
    for name, expected in predicted_counts(result, held_out).items():
        used = mask_of(held_out[name])
        floor = SMALLEST_EXPECTED_SHARE * expected[used].mean()
        mean_counts = np.maximum(expected[used], floor)
        counts = held_out[name]["counts"].to_numpy()[used]
        mean, variance = deviance_moments(mean_counts)
        totals["deviance"] += float(deviance(counts, mean_counts).sum())
        totals["expected"] += float(mean.sum())
        totals["variance"] += float(variance.sum())
    return totals


def cube_error(result: xr.Dataset, reference: xr.Dataset) -> float:
    r"""Return the squared distance of two cubes in units of the second's power.

    .. math:: \frac{\sum (E - R)^2}{\sum R^2}

    Notes
    -----
    With a reference :math:`R` of independent counts its mean is that of the squared
    error of :math:`E`, plus the noise of :math:`R`, which all settings share, plus
    what the bias of :math:`R` has in common with that of :math:`E`.
    """
    estimate, reference_cube = (
        cube["flux"].transpose(*dims.SKY_CUBE).to_numpy().astype(float)
        for cube in (result, reference)
    )
    return float(np.sum((estimate - reference_cube) ** 2) / np.sum(reference_cube**2))


def reference_fit(
    held_out: Mapping[str, xr.Dataset], settings: FusionSettings
) -> xr.Dataset:
    """Return a free cube of the held-out counts alone, without any penalty.

    It is the same for all settings of one sky (one resolution, one margin), and noisy
    but hardly biased: its noise is independent of the fit that it is compared with,
    while a bias, that of a penalty or a low rank, would favour fits that share it.
    """
    chosen = settings.changed(
        regularizer="none",
        solver="fast",
        step_size=None,
        tolerance=REFERENCE_TOLERANCE,
        max_iterations=REFERENCE_ITERATIONS,
    )
    result = fuse(held_out, chosen)
    if not Outcome[result.attrs["outcome"].upper()].is_usable:
        raise HifredError(f"fit of the held-out counts: {result.attrs['message']}")
    return result


def summarise_splits(
    splits: Sequence[Mapping[str, float]], seeds: Sequence[int]
) -> xr.Dataset:
    """Return the scores of several splits as labelled measures."""
    of_model = measure_of("held_out_deviance").attrs | {"direction": "none"}
    variables: dict[str, Any] = {
        **_over_splits("held_out_error", [split["error"] for split in splits]),
        **_over_splits("held_out_deviance", [split["deviance"] for split in splits]),
        "held_out_deviance_expected": (
            (),
            float(np.mean([split["expected"] for split in splits])),
            of_model | {"long_name": "its mean for a perfect model"},
        ),
        "held_out_deviance_variance": (
            (),
            float(np.mean([split["variance"] for split in splits])),
            of_model | {"long_name": "its variance for a perfect model"},
        ),
    }
    coords = {
        "split": (
            "split",
            list(seeds),
            {"units": "1", "long_name": "seed of the split"},
        )
    }
    return xr.Dataset(variables, coords)


def _over_splits(name: str, each: Sequence[float]) -> dict[str, Any]:
    attrs = measure_of(name).attrs
    return {
        name: ((), math.fsum(each) / len(each), attrs),
        f"{name}_split": (("split",), list(each), attrs),
    }
