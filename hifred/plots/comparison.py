"""Truth, imager, spectrometer and fusion in one figure: maps above, spectra below."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from hifred.plots.layers import Layer, counts_layers, fusion_layer, truth_layer
from hifred.plots.maps import draw_shared_maps, shared_band
from hifred.plots.regions import Region
from hifred.plots.spectra import add_legend, draw_spectra
from hifred.plots.style import new_figure, styled
from hifred.posterior import Draws


@styled
def plot_comparison(
    observations: Mapping[str, xr.Dataset],
    result: xr.Dataset,
    truth: xr.Dataset | None = None,
    *,
    band: tuple[float, float] | None = None,
    region: Region | None = None,
    draws: Draws | None = None,
    title: str = "",
) -> Figure:
    """Draw maps of truth, instruments and fusion on one scale, and a spectrum of each.

    Parameters
    ----------
    observations : mapping of instrument to observation
    result : Dataset
        What `hifred.fuse` returns, or a trial.
    truth : Dataset, optional
        Left out on real data, which have none.
    band : (float, float), keV, optional
        Energies of the maps; by default all that every cube covers.
    region : Region, optional
        Where the spectra are taken; by default the brightest pixel of the imager.
    draws : Draws, optional
        Of the fusion: its spectrum has their central 68.3 % interval as a band.
    title : str
    """
    layers = comparison_layers(observations, result, truth, draws)
    band = band or shared_band(layers)
    region = region or brightest_pixel(layers, band)
    figure = new_figure(max(2.2 * len(layers) + 1.0, 7.0), 5.4)
    upper, lower = figure.subfigures(
        2, 1, squeeze=False, height_ratios=[1.0, 1.05]
    ).flat
    axes = upper.subplots(1, len(layers), squeeze=False, sharex=True, sharey=True)[0]
    draw_shared_maps(upper, axes, layers, band=band, regions=[region])
    axis = lower.subplots()
    draw_spectra(axis, layers, region, band=shared_band(layers))
    axis.set_title(f"1: {region.text()}", loc="left")
    add_legend(axis, layers)
    if title:
        figure.suptitle(title, fontsize=10.5)
    return figure


def comparison_layers(
    observations: Mapping[str, xr.Dataset],
    result: xr.Dataset | None,
    truth: xr.Dataset | None,
    draws: Draws | None = None,
) -> list[Layer]:
    """Return the layers in reading order: truth, imagers, spectrometers, fusion."""
    counts = counts_layers(observations).values()
    by_role = sorted(counts, key=lambda layer: layer.role != "imager")
    first = [] if truth is None else [truth_layer(truth)]
    last = [] if result is None else [fusion_layer(result, draws=draws)]
    return [*first, *by_role, *last]


def brightest_pixel(layers: Sequence[Layer], band: tuple[float, float]) -> Region:
    """Return the brightest pixel of the first imager, else of the first layer."""
    layer = first_imager(layers)
    image = layer.image(band)
    row, column = np.unravel_index(int(np.nanargmax(image)), image.shape)
    return Region.pixel(layer.y[row], layer.x[column])


def first_imager(layers: Sequence[Layer]) -> Layer:
    """Return the first imager, else the first layer."""
    return next((layer for layer in layers if layer.role == "imager"), layers[0])
