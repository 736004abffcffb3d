"""Maps side by side, on one scale."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, FigureBase
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from hifred.errors import HifredError
from hifred.plots.labels import (
    SURFACE_BRIGHTNESS,
    SURFACE_BRIGHTNESS_UNIT,
    band_text,
    power_of_ten,
    scaled_label,
)
from hifred.plots.layers import Layer
from hifred.plots.regions import Region
from hifred.plots.style import (
    DIFFERENCE_COLOURMAP,
    INTENSITY_COLOURMAP,
    NO_DATA_COLOUR,
    NO_DIFFERENCE_COLOUR,
    keep_ticks_on_scale,
    new_figure,
    square_root_scale,
    styled,
)

# White on a black rim is seen on every colour of a map.
_RIM = [withStroke(linewidth=3.0, foreground="black")]


@styled
def plot_maps(
    layers: Sequence[Layer],
    band: tuple[float, float] | None = None,
    *,
    regions: Sequence[Region] = (),
    n_columns: int | None = None,
) -> Figure:
    """Draw the surface brightness of each layer in one band, on one shared scale.

    Parameters
    ----------
    layers : sequence of Layer
        What to draw, in order; see `hifred.plots.layers`.
    band : (float, float), keV, optional
        Energies to add up; by default all that every layer covers.
    regions : sequence of Region
        Outlined on every map and numbered.
    n_columns : int, optional
        Maps per row; by default all in one row up to five.

    Raises
    ------
    HifredError
        If there is no layer.
    """
    band = band or shared_band(layers)
    n_columns = n_columns or min(len(layers), 5)
    n_rows = -(-len(layers) // n_columns)
    figure = new_figure(2.35 * n_columns + 0.9, 2.4 * n_rows + 0.45)
    axes = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
    draw_shared_maps(figure, list(axes.flat), layers, band=band, regions=regions)
    figure.suptitle(f"Band {band_text(band)}", fontsize=10)
    return figure


def draw_shared_maps(
    figure: FigureBase,
    axes: Sequence[Axes],
    layers: Sequence[Layer],
    *,
    band: tuple[float, float],
    regions: Sequence[Region] = (),
) -> None:
    """Draw `layers` on the first of `axes` with one colour bar; hide the others."""
    images = [layer.image(band) for layer in layers]
    scale = square_root_scale(0.0, highest_value(images))
    drawn = None
    for axis, layer, image in zip(axes, layers, images, strict=False):
        drawn = draw_image(axis, image, layer.extent, scale=scale)
        axis.set_title(layer.label)
        outline(axis, regions)
    for axis in axes[len(layers) :]:
        axis.set_visible(False)
    keep_outer_labels(axes[: len(layers)])
    if drawn is not None:
        bar = figure.colorbar(drawn, ax=list(axes), shrink=0.85, pad=0.02)
        label_brightness(bar.ax.yaxis, highest_value(images), bar.ax.set_ylabel)
        keep_ticks_on_scale(bar)


def label_brightness(
    axis: Axis, highest: float, set_label: Callable[[str], object]
) -> None:
    """Label an axis of surface brightness, its power of ten in the label."""
    exponent = power_of_ten(highest)
    axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / 10.0**exponent:.3g}"))
    set_label(scaled_label(SURFACE_BRIGHTNESS, SURFACE_BRIGHTNESS_UNIT, exponent))


def draw_image(
    axis: Axes,
    image: np.ndarray,
    extent: tuple[float, float, float, float],
    *,
    scale: Normalize,
    colourmap: str = INTENSITY_COLOURMAP,
) -> AxesImage:
    """Draw one map with both axes in arcsec; NaN pixels are grey.

    Parameters
    ----------
    axis : Axes
    image : (y, x) array
    extent : (left, right, bottom, top), arcsec
    scale : Normalize
        Colour scale, in the unit of `image`.
    colourmap : str
    """
    is_difference = colourmap == DIFFERENCE_COLOURMAP
    axis.set_facecolor(NO_DIFFERENCE_COLOUR if is_difference else NO_DATA_COLOUR)
    drawn = axis.imshow(
        np.ma.masked_invalid(image),
        origin="lower",
        extent=extent,
        norm=scale,
        cmap=colourmap,
        interpolation="nearest",
    )
    axis.set_xlabel("x offset (arcsec)")
    axis.set_ylabel("y offset (arcsec)")
    for spine in axis.spines.values():
        spine.set_visible(True)
    return drawn


def outline(axis: Axes, regions: Sequence[Region]) -> None:
    """Outline and number the regions."""
    for i_region, region in enumerate(regions):
        y, x = region.centre
        if region.is_pixel:
            axis.plot(
                x,
                y,
                marker="+",
                markersize=9,
                mew=1.4,
                color="white",
                path_effects=_RIM,
            )
        else:
            axis.add_patch(_rectangle(region))
        axis.annotate(
            str(i_region + 1),
            (x, y) if region.is_pixel else (region.x_range[1], region.y_range[1]),
            xytext=(4, 3),
            textcoords="offset points",
            color="white",
            path_effects=_RIM,
            fontsize=8,
            fontweight="bold",
        )


def _rectangle(region: Region) -> Rectangle:
    corner = (region.x_range[0], region.y_range[0])
    width = region.x_range[1] - region.x_range[0]
    height = region.y_range[1] - region.y_range[0]
    return Rectangle(
        corner,
        width,
        height,
        fill=False,
        edgecolor="white",
        linewidth=1.2,
        path_effects=_RIM,
    )


def keep_outer_labels(axes: Sequence[Axes]) -> None:
    """Keep axis labels on the left and lower side of a block of maps only."""
    for axis in axes:
        axis.label_outer()


def highest_value(images: Sequence[np.ndarray]) -> float:
    """Return the top of a shared scale: the highest finite value, 0 if none."""
    finite = [image[np.isfinite(image)] for image in images]
    return max((float(part.max()) for part in finite if part.size), default=0.0)


def shared_band(layers: Sequence[Layer]) -> tuple[float, float]:
    """Return the energies (keV) that every layer covers.

    Raises
    ------
    HifredError
        If there is no layer, or no common energy.
    """
    if not layers:
        raise HifredError("layers must hold at least one cube; got none. Pass some.")
    lower = max(layer.energy_range[0] for layer in layers)
    upper = min(layer.energy_range[1] for layer in layers)
    if upper <= lower:
        raise HifredError(
            f"layers must share some energies; got no overlap between {lower} and "
            f"{upper} keV. Draw them apart, or pass a band."
        )
    return lower, upper
