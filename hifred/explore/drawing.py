"""Bokeh's side of the visual language: square-root axes, palettes, hatches."""

import base64
import functools
import io

import numpy as np
from bokeh.models import CustomJSTickFormatter, LinearColorMapper
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, to_hex
from matplotlib.image import imsave

from hifred.plots.style import (
    DIFFERENCE_COLOURMAP,
    INTENSITY_COLOURMAP,
    NO_DATA_COLOUR,
    measure_colourmap,
)

COLOURMAPS = (INTENSITY_COLOURMAP, "viridis", "cividis", "magma", "gray", "gray_r")
# Bokeh has no square-root axis: the root is drawn, and the ticks are squared again.
_SQUARED_TICK = """
const value = tick * Math.abs(tick)
if (value === 0) return "0"
const size = Math.abs(value)
return size < 0.01 || size >= 1e4 ? value.toExponential(1) : value.toPrecision(2)
"""


def signed_root(values: np.ndarray) -> np.ndarray:
    """Return sign(v) sqrt(|v|), what the square-root axes show."""
    values = np.asarray(values, dtype=np.float64)
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))


def squared_ticks() -> CustomJSTickFormatter:
    """Return the tick labels of a square-root axis."""
    return CustomJSTickFormatter(code=_SQUARED_TICK)


@functools.cache
def palette(colourmap: str) -> list[str]:
    """Return the 256 colours of a matplotlib colour map."""
    return [to_hex(colour) for colour in colormaps[colourmap](np.linspace(0, 1, 256))]


def intensity_mapper() -> LinearColorMapper:
    """Return the colours of surface brightness, by shares of its scale."""
    return _mapper(INTENSITY_COLOURMAP)


def difference_mapper() -> LinearColorMapper:
    """Return the colours of a difference: white is zero."""
    return _mapper(DIFFERENCE_COLOURMAP)


def measure_mapper() -> LinearColorMapper:
    """Return the colours of a measure."""
    return _mapper(measure_colourmap("higher"))


def picture(image: np.ndarray, mapper: LinearColorMapper) -> str:
    """Return an image in the colours of a mapper as the ``data:`` address of a PNG."""
    colours = ListedColormap(list(mapper.palette)).with_extremes(bad=mapper.nan_color)
    file = io.BytesIO()
    imsave(
        file, image, cmap=colours, vmin=mapper.low, vmax=mapper.high,
        origin="lower", format="png",
    )  # fmt: skip
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _mapper(colourmap: str) -> LinearColorMapper:
    return LinearColorMapper(
        palette=palette(colourmap), low=0.0, high=1.0, nan_color=NO_DATA_COLOUR
    )
