"""Figures that the page gets once they have something to show: each costs a while."""

from typing import final

from bokeh.models import Column
from bokeh.plotting import figure


@final
class LateFigure:
    """A place on the page, empty until its figure is wanted.

    Parameters
    ----------
    drawn : figure

    Attributes
    ----------
    place : Column
        Named after the figure, with ``-place`` behind.
    """

    def __init__(self, drawn: figure) -> None:
        self._drawn = drawn
        self.place = Column(
            name=f"{drawn.name}-place", sizing_mode=drawn.sizing_mode, children=[]
        )

    def open(self) -> None:
        """Put the figure into its place, unless it is there."""
        if not self.place.children:
            self.place.children = [self._drawn]
