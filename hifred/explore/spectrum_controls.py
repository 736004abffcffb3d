"""Widgets of the spectra: bins, the axis, the line that is marked."""

from typing import Any, Protocol, final

from bokeh.models import NumericInput, RadioButtonGroup, Select

from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.quiet import Quiet
from hifred.explore.view import View
from hifred.products.line_list import LINES

GROUPS = (1, 2, 4, 8, 16, 32)
AXES = ("energy", "velocity")


class Reader(Protocol):
    """Who is told of choices."""

    view: View

    def change(self, **changes: Any) -> None: ...
    def choose_line(self, line: str) -> None: ...
    def energy_range(self) -> tuple[float, float]: ...


@final
class SpectrumControls:
    """Selectors of how spectra are drawn.

    Parameters
    ----------
    explorer : Reader
    """

    def __init__(self, explorer: Reader) -> None:
        self._explorer = explorer
        self._quiet = Quiet()
        self.group = Select(
            title="join energy bins", options=[str(n) for n in GROUPS], width=130,
            name="group",
        )  # fmt: skip
        self.axis = RadioButtonGroup(labels=list(AXES), active=0, name="axis")
        self.line = Select(title="line", width=170, name="line")
        self.redshift = NumericInput(
            title="redshift", mode="float", value=0, width=100, name="redshift"
        )
        self._watch()

    @property
    def roots(self) -> list[Any]:
        """All widgets."""
        return [self.group, self.axis, self.line, self.redshift]

    def follow(self, view: View) -> None:
        """Show what is chosen, without choosing again."""
        with self._quiet.held():
            self.group.value = str(view.group)
            self.axis.active = AXES.index(view.axis)
            self.redshift.value = view.redshift
            self._offer_lines(view)
            self.line.value = view.line

    def _offer_lines(self, view: View) -> None:
        """Offer the lines that the cubes hold at this redshift, and the one chosen."""
        low, high = self._explorer.energy_range()
        inside = [
            name
            for name in LINES
            if low < EnergyAxis(name, view.redshift).observed_kev < high
            or name == view.line
        ]
        options = [("", "none"), *((name, name) for name in inside)]
        if options != self.line.options:
            self.line.options = options

    def _watch(self) -> None:
        explorer, watch = self._explorer, self._quiet.watch
        watch(self.group, lambda new: explorer.change(group=int(new)))
        watch(self.axis, lambda new: explorer.change(axis=AXES[new]), "active")
        watch(self.line, explorer.choose_line)
        watch(self.redshift, lambda new: explorer.change(redshift=float(new or 0)))
