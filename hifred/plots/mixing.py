"""Mixing between regions: matrices of shares, and the map of light from elsewhere."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hifred.plots.error_maps import image_extent
from hifred.plots.labels import literal
from hifred.plots.style import MEASURE_COLOURMAP, NO_DATA_COLOUR, new_figure, styled

# More cells than this, along a side, have no room for numbers.
MOST_NUMBERS = 12
PERCENT = 100
LIGHT, DARK = "white", "black"


@styled
def plot_shares(shares: pd.DataFrame, origins: pd.DataFrame) -> Figure:
    """Draw where the light of each region lands, and whose light each group has.

    Parameters
    ----------
    shares : DataFrame
        By region, a column per group and ``lost``; rows sum to 1.
    origins : DataFrame
        By region, a column per group; columns sum to 1.
    """
    n_rows, n_columns = shares.shape
    cell = 0.7 if n_columns <= MOST_NUMBERS else 0.3
    width = 3.6 + cell * (n_columns + origins.shape[1])
    figure = new_figure(width, 2.1 + 0.5 * max(n_rows, 2))
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_matrix(left, shares)
    left.set_title("where the light of a region lands: rows of 100 %")
    left.set_ylabel("region (name)")
    drawn = _draw_matrix(right, origins)
    right.set_title("whose light a group has: columns of 100 %")
    bar = figure.colorbar(drawn, ax=[left, right])
    bar.set_label("share of the light (%)")
    return figure


@styled
def plot_elsewhere(found: xr.Dataset) -> Figure:
    """Draw which share of each pixel's light comes from elsewhere.

    Parameters
    ----------
    found : Dataset
        From `hifred.mixing.light_from_elsewhere`.
    """
    share = found["elsewhere"]
    figure = new_figure(4.6, 3.9)
    axis = figure.subplots()
    y, x = share["y"].values, share["x"].values
    axis.set_facecolor(NO_DATA_COLOUR)
    drawn = axis.imshow(
        np.ma.masked_invalid(PERCENT * share.values), origin="lower",
        extent=image_extent(share),
        vmin=0, vmax=PERCENT, cmap=MEASURE_COLOURMAP,
    )  # fmt: skip
    if max(share.shape) <= MOST_NUMBERS:
        for (row, column), value in np.ndenumerate(share.values):
            _write(axis, float(x[column]), float(y[row]), value)
    axis.set_xlabel("x (arcsec)")
    axis.set_ylabel("y (arcsec)")
    axis.set_title(literal(f"{found.attrs['instrument']}, with the imager as the sky"))
    figure.colorbar(drawn, ax=axis).set_label("light from elsewhere (%)")
    return figure


def _draw_matrix(axis: Axes, matrix: pd.DataFrame):  # type: ignore[no-untyped-def]
    drawn = axis.imshow(
        PERCENT * matrix.to_numpy(), vmin=0, vmax=PERCENT, cmap=MEASURE_COLOURMAP,
        aspect="auto",
    )  # fmt: skip
    if matrix.shape[1] <= MOST_NUMBERS + 1:
        for (row, column), value in np.ndenumerate(matrix.to_numpy()):
            _write(axis, column, row, value)
    names = [literal(str(name)) for name in matrix.columns]
    axis.set_xticks(range(len(names)), names, rotation=35, ha="right")
    axis.set_yticks(range(len(matrix)), [literal(str(name)) for name in matrix.index])
    axis.tick_params(length=0)
    axis.set_xlabel("group of pixels (name)")
    return drawn


def _write(axis: Axes, x: float, y: float, value: float) -> None:
    if np.isfinite(value):
        colour = LIGHT if value < 0.5 else DARK
        axis.text(x, y, f"{PERCENT * value:.0f}", ha="center", va="center", fontsize=7,
                  color=colour)  # fmt: skip
