"""The effective areas of the instruments, below the spectra of an input."""

from collections.abc import Mapping
from typing import final

import numpy as np
import xarray as xr
from bokeh.models import ColumnDataSource, Range1d

from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.instrument_views import words_of
from hifred.explore.step_figure import step_figure, steps


@final
class AreaView:
    """Step lines in cm2, on the axis of the spectra.

    Parameters
    ----------
    x_range : Range1d
        Of the spectra.
    colours : mapping of view to colour
        Of each instrument.
    """

    def __init__(self, x_range: Range1d, colours: Mapping[str, str]) -> None:
        self.figure = step_figure(
            "areas", x_range, Range1d(0, 1), label="effective area (cm²)", height=170
        )
        self.sources = {v: self._line(v, colour) for v, colour in colours.items()}
        self.figure.legend.update(
            location="bottom_right", label_text_font_size="10px", click_policy="hide"
        )

    def show(
        self,
        observations: Mapping[str, xr.Dataset],
        axis: EnergyAxis,
        titles: Mapping[str, str],
    ) -> None:
        """Show the area of each observation (energy,), cm2, and its name, by view."""
        highest = 0.0
        for view, observation in observations.items():
            area = observation["effective_area"].to_numpy()
            x, values = steps(axis, observation["energy_edges"].to_numpy(), area)
            self.sources[view].data = {"x": x, "value": values}
            highest = max(highest, float(np.nanmax(area)))
        for view, item in zip(self.sources, self.figure.legend[0].items, strict=True):
            item.label = {"value": titles[view]}
        self.figure.y_range.update(start=0.0, end=1.08 * highest or 1.0)

    def _line(self, view: str, colour: str) -> ColumnDataSource:
        source = ColumnDataSource({"x": [], "value": []}, name=f"area-{view}")
        self.figure.step(
            x="x", y="value", mode="after", source=source,
            line_color=colour, legend_label=words_of(view),
        )  # fmt: skip
        return source
