"""The residual spectra of the selected region: data less fusion, in noise."""

from collections.abc import Mapping
from typing import final

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, Range1d, Span

from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.step_figure import step_figure, steps
from hifred.plots.residuals import LIMIT

COLUMNS = ("x", "value")


@final
class ResidualSpectrumView:
    """Step lines in standard deviations, below the spectra and on their axis.

    Parameters
    ----------
    x_range : Range1d
        Of the spectra.
    colours : mapping of view to colour
        Of each instrument.
    """

    def __init__(self, x_range: Range1d, colours: Mapping[str, str]) -> None:
        self.sources = {
            view: ColumnDataSource({"x": [], "value": []}, name=f"deviation-{view}")
            for view in colours
        }
        self.figure = step_figure(
            "residual-spectrum",
            x_range,
            Range1d(-LIMIT, LIMIT),
            label="residual A (σ)",
            height=150,
        )
        self.figure.xaxis.visible = False
        self.figure.add_layout(
            BoxAnnotation(bottom=-1, top=1, fill_color="#999999", fill_alpha=0.15)
        )
        self.figure.add_layout(Span(location=0, dimension="width", line_color="#888"))
        for view, source in self.sources.items():
            line = self.figure.step(
                x="x", y="value", mode="after", source=source,
                line_color=colours[view],
            )  # fmt: skip
            line.tags = [f"line-{view}"]

    def show(
        self, residuals: dict[str, tuple[np.ndarray, np.ndarray]], axis: EnergyAxis
    ) -> None:
        """Show residuals by view: edges (keV) and values; absent views are emptied."""
        for view, source in self.sources.items():
            if view in residuals:
                x, values = steps(axis, *residuals[view])
                source.data = {"x": x, "value": values}
            elif len(source.data["x"]):
                source.data = {"x": [], "value": []}
        known = [v[np.isfinite(v)] for _, v in residuals.values()]
        largest = max((float(np.abs(v).max()) for v in known if v.size), default=0.0)
        limit = max(LIMIT, 1.05 * largest)
        self.figure.y_range.update(start=-limit, end=limit)
