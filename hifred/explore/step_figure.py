"""Step lines below the spectra, on their axis."""

import numpy as np
from bokeh.models import Range1d
from bokeh.plotting import figure

from hifred.explore.energy_axis import EnergyAxis


def step_figure(
    name: str, x_range: Range1d, y_range: Range1d, *, label: str, height: int
) -> figure:
    """Return an empty figure below the spectra.

    Parameters
    ----------
    name : str
    x_range : Range1d
        Of the spectra.
    y_range : Range1d
    label : str
        Of the values.
    height : int
        In pixels.
    """
    empty = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        tools="",
        toolbar_location=None,
        x_range=x_range,
        y_range=y_range,
        y_axis_label=label,
        min_border_left=70,
    )
    empty.axis.axis_label_text_font_size = "10px"
    empty.axis.axis_label_text_font_style = "normal"
    return empty


def steps(
    axis: EnergyAxis, edges: np.ndarray, *columns: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return a step line: places that increase, and columns, the last bin said twice.

    Parameters
    ----------
    axis : EnergyAxis
        Where energies are placed; velocities decrease with energy.
    edges : (bin + 1,) array, keV
    *columns : (bin,) arrays
    """
    places = axis.places(edges)
    turn = slice(None, None, -1) if axis.shows_velocity else slice(None)
    turned = [column[turn] for column in columns]
    return places[turn], *(np.append(column, column[-1:]) for column in turned)
