"""Mixing between regions and single pixels, as maps on the instrument."""

import textwrap

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from hifred.plots.error_maps import image_extent
from hifred.plots.labels import literal
from hifred.plots.maps import draw_image, keep_outer_labels
from hifred.plots.mixing import PERCENT
from hifred.plots.style import MEASURE_COLOURMAP, new_figure, styled

TITLE_WIDTH = 24  # characters


@styled
def plot_pixel_shares(
    shares: pd.DataFrame, origins: pd.DataFrame, group_of_pixel: xr.DataArray
) -> Figure:
    """Draw where the light of each region lands, above whose light each pixel has.

    Parameters
    ----------
    shares, origins : DataFrame
        As for `plot_shares`, a column for each pixel that is used.
    group_of_pixel : (y, x) DataArray of int
        Number of the column of each pixel; -1 where it is not used.
    """
    groups = [name for name in shares.columns if name != "lost"]
    figure = new_figure(2.1 * len(shares) + 1.4, 4.9)
    axes = figure.subplots(2, len(shares), squeeze=False, sharex=True, sharey=True)
    rows = (
        (shares[groups], "of {}'s light", "share of the region's light (%)"),
        (origins[groups], "from {}", "share of the pixel's light (%)"),
    )
    for row, (table, title, label) in zip(axes, rows, strict=True):
        percent = PERCENT * table.to_numpy()
        scale = Normalize(0.0, float(np.nanmax(percent)) or 1.0)
        for axis, name, values in zip(row, table.index, percent, strict=True):
            drawn = draw_image(
                axis, _on_pixels(values, group_of_pixel), image_extent(group_of_pixel),
                scale=scale, colourmap=MEASURE_COLOURMAP,
            )  # fmt: skip
            words = textwrap.fill(title.format(name), TITLE_WIDTH)
            axis.set_title(literal(words))
        figure.colorbar(drawn, ax=list(row), pad=0.02).set_label(label)
    keep_outer_labels(list(axes.flat))
    return figure


def _on_pixels(values: np.ndarray, group_of_pixel: xr.DataArray) -> np.ndarray:
    number = group_of_pixel.to_numpy()
    return np.where(number >= 0, values[number], np.nan)
