"""The effective areas of the instruments, below the spectra of an input."""

from collections.abc import Mapping
from typing import final

import numpy as np
import xarray as xr
from bokeh.models import ColumnDataSource, Range1d
from bokeh.plotting import figure

from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.residual_spectrum_view import steps
from hifred.plots.style import ROLE_COLOURS

ROLES = ("spectrometer", "imager")


@final
class AreaView:
    """Step lines in cm2, on the axis of the spectra.

    Parameters
    ----------
    x_range : Range1d
        Of the spectra.
    """

    def __init__(self, x_range: Range1d) -> None:
        self.figure = figure(
            name="areas",
            height=170,
            sizing_mode="stretch_width",
            tools="",
            toolbar_location=None,
            x_range=x_range,
            y_range=Range1d(0, 1),
            y_axis_label="effective area (cm²)",
            min_border_left=70,
        )
        self.figure.axis.axis_label_text_font_size = "10px"
        self.figure.axis.axis_label_text_font_style = "normal"
        self.sources = {role: self._line(role) for role in ROLES}
        self.figure.legend.update(
            location="bottom_right", label_text_font_size="10px", click_policy="hide"
        )

    def show(self, observations: Mapping[str, xr.Dataset], axis: EnergyAxis) -> None:
        """Show the area of each observation (energy,), cm2, by its role."""
        highest = 0.0
        for observation in observations.values():
            area = observation["effective_area"].to_numpy()
            x, values = steps(axis, observation["energy_edges"].to_numpy(), area)
            role = str(observation.attrs["role"])
            self.sources[role].data = {"x": x, "value": values}
            highest = max(highest, float(np.nanmax(area)))
        self.figure.y_range.update(start=0.0, end=1.08 * highest or 1.0)

    def _line(self, role: str) -> ColumnDataSource:
        source = ColumnDataSource({"x": [], "value": []}, name=f"area-{role}")
        self.figure.step(
            x="x", y="value", mode="after", source=source,
            line_color=ROLE_COLOURS[role], legend_label=role,
        )  # fmt: skip
        return source
