"""Widgets of the explorer, and where everything stands on the page."""

from typing import Protocol, final

import panel as pn

from hifred.explore.choices import Choices
from hifred.explore.grid_view import GridView
from hifred.explore.maps_panel import MapsPanel
from hifred.explore.spectrum_view import SpectrumView
from hifred.measures.names import measure_name
from hifred.plots.labels import BETTER, band_text, measure_unit, plain_unit
from hifred.plots.shelf import Shelf
from hifred.store.ranking import ranked_measures
from hifred.store.trial_table import TRUTH_MEASURES, TrialTable

FIRST_ROW = ("truth", "imager", "spectrometer", "fusion", "residual")
SECOND_ROW = ("second_fusion", "difference", "second_residual")
GROUPS = (1, 2, 4, 8, 16, 32)
CSS = """
.details { border-collapse: collapse; font-size: 12px; }
.details th { text-align: left; font-weight: 600; padding: 1px 10px 1px 0; }
.details td { padding: 1px 0; overflow-wrap: anywhere; }
"""


class _Explorer(Protocol):
    """What the controls ask of the explorer."""

    shelf: Shelf
    choices: Choices
    maps: MapsPanel
    spectra: SpectrumView
    grid: GridView
    trials: dict[str, str | None]
    band: tuple[float, float]

    def choose_trial(self, trial: str, slot: str = "A") -> None: ...
    def choose_band(self, band: tuple[float, float]) -> None: ...
    def compare(self, is_on: bool) -> None: ...
    def refresh(self) -> None: ...
    def show_grid(self) -> None: ...
    def residual_kinds(self) -> list[str]: ...
    def energy_range(self) -> tuple[float, float]: ...


@final
class Controls:
    """Selectors of trial, measure, band and comparison.

    Parameters
    ----------
    explorer : Explorer
        Called when a choice is made.
    name : str
        Title of the page.
    """

    def __init__(self, explorer: _Explorer, name: str) -> None:
        self._explorer = explorer
        self._name = name
        self._is_following = False
        self._make_choices(explorer)
        self._make_texts(explorer)
        self._watch()

    def _make_choices(self, explorer: _Explorer) -> None:
        table = explorer.shelf.table
        self._settings = {
            setting: pn.widgets.Select(name=setting, width=150)
            for setting in explorer.choices.names
        }
        self.measure = pn.widgets.Select(
            name="measure", options=_measure_options(table), width=310
        )
        self.group = pn.widgets.Select(
            name="join neighbouring energy bins", options=list(GROUPS), width=200
        )
        self.residual = pn.widgets.Select(
            name="residual against", options=explorer.residual_kinds(), width=200
        )

    def _make_texts(self, explorer: _Explorer) -> None:
        self._compare = pn.widgets.Checkbox(name="compare with a trial B", value=False)
        self._slot = pn.widgets.RadioButtonGroup(
            name="choose", options={"trial A": "A", "trial B": "B"}, visible=False
        )
        self.band = pn.widgets.RangeSlider(
            name="energy band (keV)", width=760, show_value=False
        )
        self.details = pn.pane.HTML("", width=330, stylesheets=[CSS])
        self._note = pn.pane.HTML("", width=330)
        self._time = pn.pane.HTML("", width=200)
        self._second = pn.FlexBox(
            *(_pane(explorer.maps, view) for view in SECOND_ROW), visible=False
        )

    @property
    def slot(self) -> str:
        """Whether a choice is for trial A or B."""
        return str(self._slot.value)

    def follow(self) -> None:
        """Show the settings of the trial that is chosen, without choosing again."""
        self._is_following = True
        try:
            trial = self._explorer.trials[self.slot]
            self._follow_settings(str(trial))
            self.residual.options = self._explorer.residual_kinds()
        finally:
            self._is_following = False
        has_second = self._explorer.trials["B"] is not None
        self._slot.visible = self._second.visible = has_second

    def _follow_settings(self, trial: str) -> None:
        choices, settings = (
            self._explorer.choices,
            self._explorer.choices.settings(trial),
        )
        where: dict[str, object] = {}
        for name, widget in self._settings.items():
            widget.options = choices.options(name, where)  # type: ignore[arg-type]
            widget.value = settings[name]
            if name in {"model", "regularizer"}:
                where[name] = settings[name]

    def show_band(self, band: tuple[float, float]) -> None:
        """Show the band on the slider."""
        lower, upper = self._explorer.energy_range()
        self._is_following = True
        try:
            self.band.param.update(
                start=lower, end=upper, step=(upper - lower) / 2000, value=band
            )
            self.band.name = f"energy band: {band_text(band)}"
        finally:
            self._is_following = False

    def tell_time(self, seconds: float) -> None:
        """Say how long the last answer took."""
        self._time.object = f"<small>answered in {1000 * seconds:.0f} ms</small>"

    def tell_measure(self, measure: str) -> None:
        """Say what the heat map shows."""
        table = self._explorer.shelf.table
        unit = measure_unit(table, measure)
        shown = "dimensionless" if unit == "1" else plain_unit(unit)
        name = table.about.get(measure, {}).get("long_name", measure)
        better = BETTER[table.direction(measure)]
        self._note.object = f"<small>{name} ({shown}), {better}. Click a cell.</small>"

    def refuse_measure(self, reason: str) -> None:
        """Say why the measure cannot be shown."""
        self._note.object = f"<b>Not shown.</b> {reason}"

    def page(self) -> pn.viewable.Viewable:
        """Return the page: choices on the left, pictures on the right."""
        side = pn.Column(
            pn.pane.HTML(f"<h2>hifred · {self._name}</h2>", width=330),
            pn.FlexBox(*self._settings.values(), width=340),
            pn.Row(self._compare, self._slot),
            self.measure,
            pn.pane.Bokeh(self._explorer.grid.figure),
            self._note,
            self.details,
            width=360,
        )
        main = pn.Column(
            pn.Row(self.band, self._time),
            pn.FlexBox(*(_pane(self._explorer.maps, view) for view in FIRST_ROW)),
            self._second,
            pn.Row(self.residual, self.group),
            pn.pane.Bokeh(self._explorer.spectra.figure),
            _hint(),
            sizing_mode="stretch_width",
        )
        return pn.Row(side, main, sizing_mode="stretch_width")

    def _watch(self) -> None:
        for name, widget in self._settings.items():
            widget.param.watch(lambda event, name=name: self._chosen(name), "value")
        self.measure.param.watch(lambda _: self._explorer.show_grid(), "value")
        self.group.param.watch(lambda _: self._act(self._explorer.refresh), "value")
        self.residual.param.watch(lambda _: self._act(self._explorer.refresh), "value")
        self._compare.param.watch(
            lambda event: self._explorer.compare(event.new), "value"
        )
        self._slot.param.watch(lambda _: self.follow(), "value")
        self.band.param.watch(
            lambda event: self._act(lambda: self._explorer.choose_band(event.new)),
            "value_throttled",
        )

    def _act(self, action: object) -> None:
        if not self._is_following and callable(action):
            action()

    def _chosen(self, changed: str) -> None:
        """Choose the trial nearest to the settings, the changed one kept first."""
        if self._is_following:
            return
        wanted = {name: widget.value for name, widget in self._settings.items()}
        kept = [name for name in ("model", "regularizer") if name in wanted]
        order = [*dict.fromkeys([*kept, changed, *wanted])]
        trial = self._explorer.choices.nearest({name: wanted[name] for name in order})
        self._explorer.choose_trial(trial, self.slot)


def _measure_options(table: TrialTable) -> dict[str, str]:
    """Return the measures, and one that needs the truth, to be refused aloud."""
    known = ranked_measures(table)
    absent = [name for name in TRUTH_MEASURES[:1] if name not in known]
    return {measure_name(name): name for name in known} | {
        f"{measure_name(name)} (needs the truth)": name for name in absent
    }


def _pane(maps: MapsPanel, view: str) -> pn.viewable.Viewable:
    return pn.pane.Bokeh(maps.views[view].figure)


def _hint() -> pn.viewable.Viewable:
    return pn.pane.HTML(
        "<small>Click a map for the spectra of a pixel, drag for those of a region. "
        "Click the spectrum for one energy, drag for a band. Click a legend entry to "
        "hide its line. Bands of colour: central 68.3 % Poisson interval.</small>"
    )
