"""Averaging kernels: whose flux a pixel of a fused cube has."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from hifred.plots.error_maps import image_extent
from hifred.plots.maps import draw_image, outline
from hifred.plots.regions import Region
from hifred.plots.style import (
    ANGLE_COLOURMAP,
    DIFFERENCE_COLOURMAP,
    MEASURE_COLOURMAP,
    new_figure,
    styled,
    symmetric_scale,
)

PERCENT = 100


@styled
def plot_averaging(kernels: xr.Dataset, region: Region | None = None) -> Figure:
    """Draw how much of each pixel's flux is its own, from how far it is, and a kernel.

    Parameters
    ----------
    kernels : Dataset
        From `hifred.posterior.averaging_kernels`.
    region : Region, optional
        Whose pixel's kernel is drawn; by default the brightest.
    """
    region = region or _brightest(kernels["flux"])
    figure = new_figure(10.6, 3.3)
    left, middle, right = figure.subplots(1, 3)
    share = PERCENT * kernels["own_share"]
    scale = Normalize(0.0, max(PERCENT, float(share.max())))
    _draw_map(left, share, scale, MEASURE_COLOURMAP)
    left.set_title("flux of a pixel that is its own")
    _bar(figure, left, "share of the flux (%)")
    width = kernels["width"]
    longest = float(kernels["x_offset"][-1] - kernels["x_offset"][0])
    # Dark pixels at the bound of zero have next to no flux of their own.
    _draw_map(middle, width, Normalize(0.0, longest), ANGLE_COLOURMAP)
    middle.set_title("where its flux is taken from")
    _bar(figure, middle, "diameter of the kernel (arcsec)", extend="max")
    for axis in (left, middle):
        outline(axis, [region])
    y, x = region.centre
    kernel = kernels["kernel"].sel(y=y, x=x, method="nearest")
    _draw_kernel(right, PERCENT * kernel)
    right.set_title("1: kernel of one pixel")
    _bar(figure, right, "share of the flux (%)")
    return figure


def _draw_map(
    axis: Axes, image: xr.DataArray, scale: Normalize, colourmap: str
) -> None:
    extent = image_extent(image)
    draw_image(axis, image.to_numpy(), extent, scale=scale, colourmap=colourmap)


def _draw_kernel(axis: Axes, kernel: xr.DataArray) -> None:
    renamed = kernel.drop_vars(["y", "x"]).rename(y_offset="y", x_offset="x")
    values = renamed.to_numpy()
    scale = symmetric_scale(float(np.abs(values).max()))
    _draw_map(axis, renamed, scale, DIFFERENCE_COLOURMAP)
    axis.set_ylabel("y offset from the pixel (arcsec)")
    axis.set_xlabel("x offset from the pixel (arcsec)")


def _bar(figure: Figure, axis: Axes, label: str, extend: str = "neither") -> None:
    bar = figure.colorbar(axis.images[0], ax=axis, shrink=0.8, extend=extend)
    bar.set_label(label)


def _brightest(flux: xr.DataArray) -> Region:
    row, column = np.unravel_index(int(np.nanargmax(flux)), flux.shape)
    return Region.pixel(float(flux["y"][row]), float(flux["x"][column]))
