"""Residuals: data less model in units of the noise, and fusion less truth."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hifred.plots.layers import Layer, counts_layers
from hifred.plots.maps import draw_image, shared_band
from hifred.plots.regions import Region
from hifred.plots.style import (
    DIFFERENCE_COLOURMAP,
    ROLE_COLOURS,
    new_figure,
    styled,
    symmetric_scale,
)

RESIDUAL_LABEL = "residual\n((data − model) / √model)"
LIMIT = 4.0


@styled
def plot_residuals(
    observations: Mapping[str, xr.Dataset],
    expected: Mapping[str, np.ndarray],
    *,
    band: tuple[float, float] | None = None,
) -> Figure:
    """Draw, per instrument, residual map and residual spectrum of the whole field.

    Parameters
    ----------
    observations : mapping of instrument to observation
    expected : mapping of instrument to (channel, y, x) array, count
        Expected counts of the model, background included.
    band : (float, float), keV, optional
        Energies to add up in the maps; by default those that all instruments cover.
    """
    layers = counts_layers(observations)
    band = band or shared_band(list(layers.values()))
    figure = new_figure(8.2, 2.7 * len(layers))
    axes = figure.subplots(len(layers), 2, squeeze=False, width_ratios=[1, 2.1])
    for (left, right), (name, layer) in zip(axes, layers.items(), strict=True):
        model = with_values(layer, expected[name])
        drawn = draw_image(
            left,
            residual_image(layer, model, band),
            layer.extent,
            scale=symmetric_scale(LIMIT),
            colourmap=DIFFERENCE_COLOURMAP,
        )
        left.set_title(layer.label)
        figure.colorbar(drawn, ax=left, shrink=0.85).set_label(RESIDUAL_LABEL)
        _draw_residual_spectrum(right, layer, model)
        right.set_xlim(*band)
    return figure


def with_values(layer: Layer, values: np.ndarray) -> Layer:
    """Return a layer on the grid of `layer` with other values, 0 where it is masked."""
    if layer.used is not None:
        values = np.where(layer.used, values, 0)
    return Layer(
        label=f"{layer.label}, model",
        role=layer.role,
        values=values,
        edges=layer.edges,
        y=layer.y,
        x=layer.x,
        exposure=layer.exposure,
        background=layer.background,
        used=layer.used,
    )


def residual_image(data: Layer, model: Layer, band: tuple[float, float]) -> np.ndarray:
    """Return (data - model) / sqrt(model) of a band, (y, x); NaN if none expected."""
    return noise_units(data.native_image(band), model.native_image(band))


def residual_spectrum(
    data: Layer, model: Layer, region: Region | np.ndarray | None = None
) -> np.ndarray:
    """Return (data - model) / sqrt(model) of a region, by default all, (bin,).

    The region may be shares of pixels (y, x).
    """
    return noise_units(data.total(region), model.total(region))


def noise_units(counts: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Return (counts - expected) / sqrt(expected); NaN where nothing is expected."""
    counts, expected = np.asarray(counts, float), np.asarray(expected, float)
    out = np.full(expected.shape, np.nan)
    scale = np.sqrt(np.maximum(expected, 0))
    return np.divide(counts - expected, scale, out=out, where=expected > 0)


def _draw_residual_spectrum(axis: Axes, data: Layer, model: Layer) -> None:
    values = residual_spectrum(data, model)
    axis.axhspan(-1, 1, color="#eeeeee", zorder=0)
    axis.axhline(0, color="#999999", linewidth=0.8)
    axis.stairs(
        values, data.edges, baseline=None, color=ROLE_COLOURS[data.role], linewidth=0.8
    )
    axis.set_xlabel("energy (keV)")
    axis.set_ylabel(RESIDUAL_LABEL)
    axis.grid(visible=True)
