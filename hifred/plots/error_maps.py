"""Maps and histograms of errors and of spectral angles."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from hifred.errors import HifredError, unknown_name
from hifred.plots.labels import variable_label
from hifred.plots.layers import Layer
from hifred.plots.maps import draw_image, keep_outer_labels
from hifred.plots.style import (
    ANGLE_COLOURMAP,
    DIFFERENCE_COLOURMAP,
    LINE_STYLES,
    NO_DATA_HATCH,
    SPARE_COLOURS,
    new_figure,
    styled,
    symmetric_scale,
)
from hifred.store.trial_table import TRUTH_MEASURES, truth_is_missing

# Characters beside a colour bar of the height of one map.
LABEL_WIDTH = 30
TRUTH_MAPS = (*TRUTH_MEASURES, "relative_error", "error")


@styled
def plot_error_maps(trials: Mapping[str, xr.Dataset], name: str = "sam") -> Figure:
    """Draw a per-pixel map of each trial, on one shared scale.

    Parameters
    ----------
    trials : mapping of label to Dataset
        Trials with a map called `name` (y, x); one without it is hatched and named.
    name : str
        Such as ``sam``, ``relative_error``, ``deviance_map``.

    Raises
    ------
    HifredError
        If no trial has the map: because it needs the truth, or is unknown.
    """
    images = {label: error_map(trial, name) for label, trial in trials.items()}
    present = [image for image in images.values() if image is not None]
    if not present:
        raise _no_map(name, trials)
    figure = new_figure(2.5 * len(images) + 1.0, 2.8)
    axes = figure.subplots(1, len(images), squeeze=False, sharex=True, sharey=True)[0]
    scale, colourmap = map_scale(present)
    for axis, (label, image) in zip(axes, images.items(), strict=True):
        axis.set_title(label)
        if image is None:
            hatch(axis, f"no {name}")
        else:
            drawn = draw_image(
                axis,
                image.to_numpy(),
                image_extent(image),
                scale=scale,
                colourmap=colourmap,
            )
    keep_outer_labels(axes)
    figure.colorbar(drawn, ax=list(axes), shrink=0.9).set_label(
        textwrap.fill(variable_label(present[0]), LABEL_WIDTH)
    )
    return figure


@styled
def plot_error_histograms(
    trials: Mapping[str, xr.Dataset], name: str = "relative_error", *, n_bins: int = 60
) -> Figure:
    """Draw the histogram over pixels of a map of each trial, on shared bins.

    Parameters
    ----------
    trials : mapping of label to Dataset
    name : str
        A per-pixel map, as in `plot_error_maps`.
    n_bins : int
        Number of bins between the 3rd and 97th percentiles of all trials; the legend
        says how many pixels of each lie beyond.

    Raises
    ------
    HifredError
        If no trial has the map: because it needs the truth, or is unknown.
    """
    images = {label: error_map(trial, name) for label, trial in trials.items()}
    present = {label: image for label, image in images.items() if image is not None}
    if not present:
        raise _no_map(name, trials)
    figure = new_figure(6.4, 3.2)
    axis = figure.subplots()
    pooled = np.concatenate([_finite(image) for image in present.values()])
    lowest, highest = (float(np.percentile(pooled, q)) for q in (3, 97))
    bins = np.linspace(lowest, highest, n_bins + 1)
    for i_trial, (label, image) in enumerate(present.items()):
        _draw_histogram(axis, _finite(image), bins, label=label, i_trial=i_trial)
    absent = [label for label, image in images.items() if image is None]
    if absent:
        axis.set_title(f"no {name}: {', '.join(absent)}", loc="right")
    axis.set_xlabel(variable_label(next(iter(present.values()))))
    axis.set_ylabel("pixels (count)")
    axis.grid(visible=True)
    axis.legend(loc="lower left", bbox_to_anchor=(0.0, 1.02), borderaxespad=0.0)
    return figure


@styled
def plot_angular_distance(
    layers: Sequence[Layer], maps: Sequence[xr.DataArray]
) -> Figure:
    """Draw how much the spectrum varies from pixel to pixel (the paper's Eq. 22).

    Parameters
    ----------
    layers : sequence of Layer
        The cubes, for their names.
    maps : sequence of (y, x) DataArray, rad
        Mean angle of each pixel's spectrum to its neighbours', one per layer.
    """
    named = zip(layers, maps, strict=True)
    trials = {
        layer.label: image.rename("angular_distance").to_dataset()
        for layer, image in named
    }
    return plot_error_maps(trials, "angular_distance")


def error_map(trial: xr.Dataset, name: str) -> xr.DataArray | None:
    """Return a trial's map averaged over energy, (y, x); None where it has none."""
    if name not in trial:
        return None
    values = trial[name]
    others = [dim for dim in values.dims if dim not in {"y", "x"}]
    averaged = values.mean(others, keep_attrs=True) if others else values
    return averaged.transpose("y", "x") if averaged.ndim == 2 else None


def map_scale(images: Sequence[xr.DataArray]) -> tuple[Normalize, str]:
    """Return the shared scale: symmetric and diverging if any value is negative."""
    pooled = np.concatenate([_finite(image) for image in images])
    if pooled.size == 0:
        return Normalize(0.0, 1.0), ANGLE_COLOURMAP
    if pooled.min() < 0:
        extent = float(np.percentile(np.abs(pooled), 99))
        return symmetric_scale(extent), DIFFERENCE_COLOURMAP
    return Normalize(0.0, float(np.percentile(pooled, 99.5))), ANGLE_COLOURMAP


def hatch(axis: Axes, word: str) -> None:
    """Fill an empty map with hatches and the word for why it is empty."""
    axis.patch.set(facecolor="#e8e8e8", hatch=NO_DATA_HATCH, edgecolor="#8a8a8a")
    axis.text(
        0.5,
        0.5,
        word,
        transform=axis.transAxes,
        ha="center",
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none"},
    )
    axis.set_aspect("equal")
    axis.set_xlabel("x offset (arcsec)")
    axis.set_ylabel("y offset (arcsec)")


def _draw_histogram(
    axis: Axes, values: np.ndarray, bins: np.ndarray, *, label: str, i_trial: int
) -> None:
    n_below, n_above = int(np.sum(values < bins[0])), int(np.sum(values > bins[-1]))
    beyond = f" · beyond: {n_below} below, {n_above} above" if n_below + n_above else ""
    axis.hist(
        values,
        bins=list(bins),
        histtype="step",
        linewidth=1.3,
        color=SPARE_COLOURS[i_trial % len(SPARE_COLOURS)],
        linestyle=LINE_STYLES[i_trial % len(LINE_STYLES)],
        label=f"{label} · median {np.median(values):.2g}{beyond}",
    )


def _no_map(name: str, trials: Mapping[str, xr.Dataset]) -> HifredError:
    if name in TRUTH_MAPS:
        return truth_is_missing(name)
    known = {
        str(variable)
        for trial in trials.values()
        for variable, values in trial.data_vars.items()
        if values.dims == ("y", "x")
    }
    return unknown_name("map", name, known)


def _finite(image: xr.DataArray) -> np.ndarray:
    values = image.to_numpy()
    return np.asarray(values[np.isfinite(values)])


def image_extent(image: xr.DataArray) -> tuple[float, float, float, float]:
    """Return the outer edges of a map, (left, right, bottom, top) in arcsec."""
    y, x = image["y"].to_numpy(), image["x"].to_numpy()
    # A single row or column is as wide as the pixels of the other axis.
    step = next((axis[1] - axis[0] for axis in (y, x) if axis.size > 1), 1.0)
    half_y = (y[1] - y[0] if y.size > 1 else step) / 2
    half_x = (x[1] - x[0] if x.size > 1 else step) / 2
    return (
        float(x[0] - half_x),
        float(x[-1] + half_x),
        float(y[0] - half_y),
        float(y[-1] + half_y),
    )
