"""Score settings on counts that were held out of the fit: no truth is needed."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pydantic
import xarray as xr
from pydantic.dataclasses import dataclass

from hifred.errors import from_validation
from hifred.fusion import FusionSettings, fuse
from hifred.measures import deviance, deviance_moments, measure_of, predicted_counts
from hifred.observations import FusionInput, mask_of
from hifred.selection.thinning import thin

# Expected counts below this share of their mean are raised to it, so that one event
# where a fit has none does not outweigh all others.
SMALLEST_EXPECTED_SHARE = 1e-6


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="forbid"))
class Split:
    """How counts are split for `held_out_deviance`.

    Parameters
    ----------
    fraction : float
        Of the events to hold out.
    seeds : sequence of int
        One split and one fit each. Settings that are compared must share them.
    """

    fraction: float = pydantic.Field(default=0.1, gt=0.0, lt=1.0)
    seeds: tuple[pydantic.NonNegativeInt, ...] = pydantic.Field(
        default=(1, 2, 3), min_length=1
    )


def read_split(table: Mapping[str, Any]) -> Split:
    """Return the split of a ``held_out = { ... }`` table.

    Raises
    ------
    SettingsError
        If a key is unknown or a value out of range.
    """
    try:
        return pydantic.TypeAdapter(Split).validate_python(dict(table))
    except pydantic.ValidationError as error:
        raise from_validation(error, ["fraction", "seeds"]) from error


def held_out_deviance(
    fusion_input: FusionInput, settings: FusionSettings, split: Split | None = None
) -> xr.Dataset:
    """Return the deviance of held-out counts from a fit of the others.

    Parameters
    ----------
    fusion_input : FusionInput
    settings : FusionSettings
    split : Split, optional
        Settings that are compared must share it.

    Returns
    -------
    Dataset
        ``held_out_deviance`` (the mean over the splits; lower is better),
        ``held_out_deviance_split`` (split), and ``held_out_deviance_expected`` and
        ``held_out_deviance_variance`` for a perfect model.

    Notes
    -----
    The scaled flux is smaller by ``1 - fraction`` in the fits, so that a quadratic
    penalty acts as one with ``(1 - fraction) mu`` would on all counts.
    """
    split = split or Split()
    scores = [
        split_deviance(fusion_input.observations, settings, split.fraction, seed=seed)
        for seed in split.seeds
    ]
    return summarise_splits(scores, split.seeds)


def split_deviance(
    observations: Mapping[str, xr.Dataset],
    settings: FusionSettings,
    fraction: float,
    *,
    seed: int,
) -> dict[str, float]:
    """Fit one split and score it: one task of `held_out_deviance`.

    Returns
    -------
    dict of float
        ``deviance`` of the held-out counts, and ``expected`` and ``variance`` if the
        fit were perfect.
    """
    fitted, held_out = split_observations(observations, fraction, seed)
    return score(fuse(fitted, settings), held_out)


def split_observations(
    observations: Mapping[str, xr.Dataset], fraction: float, seed: int
) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
    """Return the part of the counts to fit, and the part to hold out."""
    return thin(observations, fraction, np.random.default_rng([seed, 70]))


def score(result: xr.Dataset, held_out: Mapping[str, xr.Dataset]) -> dict[str, float]:
    """Return the deviance of counts that a fusion has not seen.

    Parameters
    ----------
    result : Dataset
        Of the fitted part of the counts.
    held_out : mapping of str to Dataset
        The other part, from `hifred.selection.thin`.
    """
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


def summarise_splits(
    splits: Sequence[Mapping[str, float]], seeds: Sequence[int]
) -> xr.Dataset:
    """Return the scores of several splits as labelled measures."""
    each = [split["deviance"] for split in splits]
    attrs: dict[str, Any] = measure_of("held_out_deviance").attrs
    of_model = attrs | {"direction": "none"}
    variables = {
        "held_out_deviance": ((), math.fsum(each) / len(each), attrs),
        "held_out_deviance_split": (("split",), each, attrs),
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
