"""Maps of a fused cube's flux, its standard error, and their ratio."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from hifred.errors import HifredError
from hifred.plots.labels import band_text
from hifred.plots.layers import Layer
from hifred.plots.maps import draw_image, highest_value, label_brightness
from hifred.plots.style import (
    INTENSITY_COLOURMAP,
    MEASURE_COLOURMAP,
    keep_ticks_on_scale,
    new_figure,
    square_root_scale,
    styled,
)

PERCENT = 100
# Dark pixels have errors of several times their brightness: the scale ends before.
SHOWN_MEDIANS = 3


@styled
def plot_standard_errors(
    layer: Layer, band: tuple[float, float] | None = None
) -> Figure:
    """Draw the surface brightness of a band, its standard error, and both by pixel.

    Parameters
    ----------
    layer : Layer
        With draws, or of counts.
    band : (float, float), keV, optional
        Energies to add up, in each draw; by default all.

    Raises
    ------
    HifredError
        If no errors of the layer are known.
    """
    band = band or layer.energy_range
    image, error = layer.image(band), layer.image_error(band)
    if error is None:
        raise HifredError(
            f"errors of {layer.label} must be known; got no draws. Run `hifred sample`."
        )
    figure = new_figure(9.6, 3.2)
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    shown = {"brightness": image, "standard error": error}
    for axis, (title, values) in zip(axes, shown.items(), strict=False):
        _draw_brightness(figure, axis, layer, values)
        axis.set_title(title)
    share = np.divide(
        PERCENT * error, image, out=np.full(image.shape, np.nan), where=image > 0
    )
    _draw_share(figure, axes[2], layer, share)
    figure.suptitle(f"{layer.label}, {band_text(band)}", fontsize=10)
    for axis in axes:
        axis.label_outer()
    return figure


def _draw_brightness(
    figure: Figure, axis: Axes, layer: Layer, values: np.ndarray
) -> None:
    highest = highest_value([values])
    scale = square_root_scale(0.0, highest)
    drawn = draw_image(axis, values, layer.extent, scale=scale,
                       colourmap=INTENSITY_COLOURMAP)  # fmt: skip
    bar = figure.colorbar(drawn, ax=axis, shrink=0.8)
    label_brightness(bar.ax.yaxis, highest, bar.ax.set_ylabel)
    keep_ticks_on_scale(bar)


def _draw_share(figure: Figure, axis: Axes, layer: Layer, share: np.ndarray) -> None:
    top = float(np.nanmedian(share)) if np.isfinite(share).any() else 1.0
    scale = Normalize(0.0, SHOWN_MEDIANS * top)
    drawn = draw_image(
        axis, share, layer.extent, scale=scale, colourmap=MEASURE_COLOURMAP
    )
    axis.set_title("error over brightness")
    figure.colorbar(drawn, ax=axis, shrink=0.8, extend="max").set_label("error (%)")
