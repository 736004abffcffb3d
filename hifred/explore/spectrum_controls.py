"""Widgets of the spectra: bins, the axis, the marked line, what is corrected."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Protocol, final

from bokeh.models import Div, NumericInput, RadioButtonGroup, Select

from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.instrument_views import TITLES
from hifred.explore.place import read_named_shapes
from hifred.explore.quiet import Quiet
from hifred.explore.view import CORRECTED, SPECTRA, View
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
        self.spectra = RadioButtonGroup(labels=list(SPECTRA), active=0, name="spectra")
        self.among = Select(title="region of the file", width=170, name="among")
        self.note = Div(name="note-on-spectra", sizing_mode="stretch_width")
        self._watch()

    @property
    def roots(self) -> list[Any]:
        """All widgets."""
        first = [self.group, self.axis, self.line, self.redshift]
        return [*first, self.spectra, self.among, self.note]

    def follow(self, view: View) -> None:
        """Show what is chosen, without choosing again."""
        with self._quiet.held():
            self.group.value = str(view.group)
            self.axis.active = AXES.index(view.axis)
            self.redshift.value = view.redshift
            self._offer_lines(view)
            self.line.value = view.line
            self.spectra.active = SPECTRA.index(view.spectra)
            self._offer_regions(view)

    def tell_kinds(self, view: View, kinds: Mapping[str, str]) -> None:
        """Say what the spectra of fusions are, where they are to be corrected."""
        said = [
            f"<b>{TITLES[name]}</b>: {_html(kind)}." for name, kind in kinds.items()
        ]
        nothing = "<b>Nothing to correct</b>: no spectrum of a fusion is shown."
        is_wanted = view.spectra == CORRECTED
        self.note.text = ("<br>".join(said) or nothing) if is_wanted else ""

    def _offer_regions(self, view: View) -> None:
        shapes = read_named_shapes(view.among)
        self.among.options = [(shape.text, name) for name, shape in shapes.items()]
        self.among.visible = bool(shapes)
        self.among.value = view.region if shapes else ""

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
        watch(self.spectra, lambda new: explorer.change(spectra=SPECTRA[new]), "active")
        watch(self.among, lambda new: explorer.change(region=new))
        watch(self.redshift, lambda new: explorer.change(redshift=float(new or 0)))


def _html(text: str) -> str:
    return re.sub("`([^`]*)`", r"<code>\1</code>", escape(text))
