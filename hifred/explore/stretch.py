"""From values to shares of a colour scale, and back for the ticks beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from astropy.visualization import (
    AsinhStretch,
    BaseStretch,
    LinearStretch,
    LogStretch,
    SqrtStretch,
)

STRETCHES: dict[str, BaseStretch] = {
    "square root": SqrtStretch(),
    "linear": LinearStretch(),
    "log": LogStretch(1000.0),
    "asinh": AsinhStretch(0.02),
}
PERCENTILES = (100.0, 99.5, 99.0, 95.0)
N_TICKS = 5


@final
@dataclass(frozen=True)
class ColourScale:
    """How brightness becomes colour: 0 at the bottom, `highest` at the top.

    Parameters
    ----------
    stretch : str
        One of `STRETCHES`.
    highest : float
        Brightness at the top of the scale; what is brighter looks like it.
    """

    stretch: str = "square root"
    highest: float = 1.0

    def shares(self, values: np.ndarray) -> np.ndarray:
        """Return the places of values on the scale, 0 to 1; NaN stays."""
        share = np.clip(np.asarray(values, float) / self.highest, 0.0, 1.0)
        return np.asarray(self._stretch(share, clip=False), dtype=np.float32)

    @cached_property
    def ticks(self) -> dict[float, str]:
        """Places on the scale, evenly spaced, with the brightness there."""
        places = np.linspace(0.0, 1.0, N_TICKS)
        values = self._stretch.inverse(places, clip=False) * self.highest
        return {
            float(place): "0" if value == 0 else f"{value:.2g}"
            for place, value in zip(places, values, strict=True)
        }

    @property
    def _stretch(self) -> BaseStretch:
        return STRETCHES[self.stretch]


def brightness_at(images: Sequence[np.ndarray], percentile: float) -> float:
    """Return the brightness that a share of all pixels, in percent, stays below."""
    values = [image[np.isfinite(image)] for image in images]
    joined = np.concatenate([*values, np.empty(0)])
    highest = float(np.percentile(joined, percentile)) if joined.size else 0.0
    return highest if highest > 0 else 1.0


def difference_limit(differences: Sequence[np.ndarray], brightness: float) -> float:
    """Return the end of the scale of a difference: next to nothing looks like nothing.

    Parameters
    ----------
    differences : sequence of arrays
        All that share the scale.
    brightness : float
        Of what was subtracted: the scale spans at least 2 % of it on both sides.
    """
    largest = brightness_at([np.abs(values) for values in differences], 100.0)
    has_any = any(np.any(values != 0) for values in differences)
    return max(largest if has_any else 0.0, 0.02 * brightness)
