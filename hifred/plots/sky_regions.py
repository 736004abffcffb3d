"""Regions of a fused cube: where they lie, and their spectra."""

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from hifred.plots.labels import literal, pretty_unit
from hifred.plots.layers import fusion_layer
from hifred.plots.maps import draw_shared_maps, shared_band
from hifred.plots.spectra import MOST_BINS
from hifred.plots.style import ROLE_COLOURS, new_figure, styled
from hifred.regions import SkyField, SkyRegion, outlines

DENSITY_UNIT = "photon cm-2 s-1 keV-1"
MAP_HEIGHT = 3.8  # inches
# White on a black rim is seen on every colour of a map.
_RIM = [withStroke(linewidth=2.5, foreground="black")]


@styled
def plot_sky_regions(
    result: xr.Dataset,
    regions: Sequence[SkyRegion],
    field: SkyField,
    spectra: xr.Dataset,
) -> Figure:
    """Draw regions over the map of a fusion, and the spectrum of each beside it.

    Parameters
    ----------
    result : Dataset
        As `hifred.fusion.fuse` returns it.
    regions : sequence of SkyRegion
    field : SkyField
        The pixels that they were read on.
    spectra : Dataset
        Of the same regions, from `hifred.spectra.region_flux`; with draws their
        standard deviation is shown as a band.
    """
    height = max(MAP_HEIGHT, 0.9 + 1.35 * len(regions))
    figure = new_figure(10.5, height)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.3))[0]
    # Else the colour bar would be as high as all spectra.
    ratios = (MAP_HEIGHT, height - MAP_HEIGHT + 0.01)
    top = left.subfigures(2, 1, squeeze=False, height_ratios=ratios)[0, 0]
    layer = fusion_layer(result)
    axis = top.subplots()
    draw_shared_maps(top, [axis], [layer], band=shared_band([layer]))
    for number, region in enumerate(regions, start=1):
        _draw_outline(axis, number, outlines(region, field))
    axes = right.subplots(len(regions), 1, squeeze=False, sharex=True)[:, 0]
    for number, (panel, region) in enumerate(zip(axes, regions, strict=True), start=1):
        _draw_flux(panel, spectra.sel(region=region.name), spectra["energy_edges"])
        panel.set_title(literal(f"{number}: {region.name}"), loc="left")
    axes[-1].set_xlabel("energy (keV)")
    right.supylabel(f"flux ({pretty_unit(DENSITY_UNIT)})", fontsize="medium")
    return figure


def _draw_outline(axis: Axes, number: int, lines: Sequence[np.ndarray]) -> None:
    for line in lines:
        axis.plot(line[:, 1], line[:, 0], color="white", lw=1.2, path_effects=_RIM)
    corner = max((line[line[:, 0].argmax()] for line in lines), key=lambda end: end[0])
    axis.annotate(
        str(number), (corner[1], corner[0]), xytext=(3, 2), textcoords="offset points",
        color="white", fontsize=8, fontweight="bold", path_effects=_RIM,
    )  # fmt: skip


def _draw_flux(axis: Axes, own: xr.Dataset, edges: xr.DataArray) -> None:
    """Draw the spectrum of one region, neighbouring bins joined to 300 at most."""
    first = np.arange(0, own.sizes["energy"], -(-own.sizes["energy"] // MOST_BINS))
    ends = np.append(edges.to_numpy()[first], edges.to_numpy()[-1])
    density = np.add.reduceat(own["flux"].to_numpy(), first) / np.diff(ends)
    colour = ROLE_COLOURS["fusion"]
    axis.stairs(density, ends, baseline=None, color=colour)
    if "drawn_flux" in own:
        drawn = np.add.reduceat(own["drawn_flux"].to_numpy(), first, axis=1)
        error = drawn.std(axis=0, ddof=1) / np.diff(ends)
        axis.stairs(density + error, ends, baseline=density - error, fill=True,
                    color=colour, alpha=0.25)  # fmt: skip
    axis.set_xlim(ends[0], ends[-1])
    axis.set_ylim(bottom=min(0.0, float(density.min())))
    axis.yaxis.set_major_locator(MaxNLocator(4))
    axis.grid(visible=True)
