"""The visual language: one colour for one thing, units on every axis."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hifred.errors import HifredError

# Okabe & Ito (2008) and Tol's muted set: told apart under every common colour
# vision deficiency (a test simulates three of them).
ROLE_COLOURS = {
    "truth": "#000000",
    "imager": "#0072B2",
    "spectrometer": "#E69F00",
    "fusion": "#009E73",
    "second_fusion": "#882255",
}
REGULARIZER_COLOURS = {
    "none": "#777777",
    "low_rank": "#56B4E9",
    "lrs": "#D55E00",
    "guided": "#117733",
    "lrw2d": "#332288",
    "w2d1d": "#661100",
}
REGULARIZER_MARKERS = {
    "none": "o",
    "low_rank": "s",
    "lrs": "^",
    "guided": "P",
    "lrw2d": "D",
    "w2d1d": "v",
}
# Intervals between the ticks of a colour bar, at most.
N_TICKS = 5
# One dash pattern per rank.
LINE_STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
SPARE_COLOURS = ("#AA3377", "#999933", "#44AA99", "#7F3C8D")

INTENSITY_COLOURMAP = "inferno"
ANGLE_COLOURMAP = "viridis"
DIFFERENCE_COLOURMAP = "RdBu_r"
MEASURE_COLOURMAP = "cividis"
NO_DATA_COLOUR = "#e8e8e8"
# The middle of the colours of a difference is next to white: no data must be darker.
NO_DIFFERENCE_COLOUR = "#9a9a9a"
NO_DATA_EDGE = "#8a8a8a"
NO_DATA_HATCH = "////"

PICTURES = (".png", ".pdf", ".svg")
LEAST_SPANS = {"dB": 0.5, "standard deviations": 1.0}

RC = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.grid": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "lines.markersize": 5.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "hatch.linewidth": 0.6,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "figure.dpi": 110.0,
    "savefig.dpi": 150.0,
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}

P = ParamSpec("P")
R = TypeVar("R")


def styled(plot: Callable[P, R]) -> Callable[P, R]:
    """Draw with the settings of this visual language, and leave no trace of them."""

    @functools.wraps(plot)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(RC):  # type: ignore[arg-type]
            return plot(*args, **kwargs)

    return wrapper


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that lays itself out and is in no registry."""
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure as its suffix says, and return where.

    Raises
    ------
    HifredError
        If the suffix is of no kind of picture, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in PICTURES:
        raise HifredError(
            f"a figure must end in {', '.join(PICTURES)}; got {str(path)!r}."
        )
    try:
        figure.savefig(path)
    except OSError as error:
        raise HifredError(
            f"a figure must be written; got {path} ({error.strerror})."
        ) from error
    return Path(path)


def square_root_scale(lowest: float, highest: float) -> PowerNorm:
    """Return the square-root colour scale of everything that is counted.

    Poisson noise has the same size everywhere on this scale.
    """
    floor = max(0.0, lowest)
    # A bar widens a scale of next to no width to both sides: below 0 here.
    top = highest if highest > floor else floor + 1.0
    return PowerNorm(0.5, vmin=floor, vmax=top, clip=True)


def keep_ticks_on_scale(bar: Colorbar) -> None:
    """Give an upright bar ticks within its scale, which draws others at its ends."""
    lowest, highest = bar.ax.get_ylim()
    ticks = MaxNLocator(N_TICKS).tick_values(lowest, highest)
    bar.set_ticks([tick for tick in ticks if lowest <= tick <= highest])


def symmetric_scale(extent: float) -> Normalize:
    """Return the colour scale of a difference: white is zero."""
    extent = extent if extent > 0 else 1.0
    return Normalize(-extent, extent)


def measure_limits(values: np.ndarray, unit: str) -> tuple[float, float]:
    """Return the ends of the scale of a measure, so that next to nothing looks so.

    Parameters
    ----------
    values : array
        NaN where there is none.
    unit : str
        Of the measure: 0.5 dB, 1 standard deviation, else 2 % of the largest value
        are the least that a scale spans.
    """
    finite = np.asarray(values, float)[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    lowest, highest = float(finite.min()), float(finite.max())
    size = max(abs(lowest), abs(highest))
    least = LEAST_SPANS.get(unit, 0.02 * size) or 1.0
    spare = max(0.0, least - (highest - lowest)) / 2
    return lowest - spare, highest + spare


def measure_colourmap(direction: str) -> str:
    """Return the colours of a measure: the better, the brighter."""
    return MEASURE_COLOURMAP + "_r" * (direction in {"lower", "zero"})


def regularizer_colour(name: str) -> str:
    """Return the colour of a regulariser; an unknown one gets a spare colour."""
    spare = SPARE_COLOURS[sum(name.encode()) % len(SPARE_COLOURS)]
    return REGULARIZER_COLOURS.get(name, spare)


def regularizer_marker(name: str) -> str:
    """Return the marker of a regulariser; an unknown one gets a plus."""
    return REGULARIZER_MARKERS.get(name, "P")
