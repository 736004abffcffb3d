"""Widgets that choose trials: settings, comparison, what the grid shows."""

from functools import partial
from typing import Any, Protocol, final

from bokeh.models import Checkbox, Div, RadioButtonGroup, Select

from hifred.explore.choices import Choices
from hifred.explore.quiet import Quiet
from hifred.explore.view import View
from hifred.measures.names import measure_name
from hifred.plots.labels import BETTER, measure_unit, plain_unit
from hifred.store.ranking import ranked_measures
from hifred.store.trial_table import TRUTH_MEASURES, TrialTable, setting_text

SLOT_NAMES = {"A": "trial A", "B": "trial B"}
WIDE = {"sizing_mode": "stretch_width"}


class Chooser(Protocol):
    """Who is told of choices."""

    choices: Choices
    view: View

    def choose_trial(self, trial: str, slot: str) -> None: ...
    def compare(self, is_on: bool) -> None: ...
    def change(self, **changes: Any) -> None: ...


@final
class TrialControls:
    """Selectors of the settings of a trial, and of what the grid shows.

    Parameters
    ----------
    explorer : Chooser
    """

    def __init__(self, explorer: Chooser) -> None:
        self._explorer = explorer
        self._quiet = Quiet()
        names = explorer.choices.names
        self.settings = {
            name: Select(title=name, name=f"setting-{name}", **WIDE) for name in names
        }
        self.compare = Checkbox(label="compare with a trial B", name="compare")
        self.slot = RadioButtonGroup(
            labels=list(SLOT_NAMES.values()), active=0, visible=False, name="slot"
        )
        options = _measure_options(explorer.choices.table)
        self.measure = Select(title="measure", options=options, name="measure", **WIDE)
        sides = [name for name in names if name != "model"]
        self.columns = Select(title="across", options=sides, name="columns", **WIDE)
        self.rows = Select(title="upwards", options=sides, name="rows", **WIDE)
        self.note = Div(name="note", **WIDE)
        self._watch()

    @property
    def roots(self) -> list[Any]:
        """All widgets."""
        last = [self.measure, self.columns, self.rows, self.note]
        return [*self.settings.values(), self.compare, self.slot, *last]

    def follow(self, view: View) -> None:
        """Show what is chosen, without choosing again."""
        has_second = bool(view.second)
        with self._quiet.held():
            self._follow_settings(view.second if view.slot == "B" else view.trial)
            self.compare.active = self.slot.visible = has_second
            self.slot.active = list(SLOT_NAMES).index(view.slot)
            self.measure.value = view.measure
            self.columns.value, self.rows.value = view.columns, view.rows

    def tell_measure(self, table: TrialTable, measure: str) -> None:
        """Say what the heat map shows."""
        unit = measure_unit(table, measure)
        shown = "" if unit == "1" else f" ({plain_unit(unit)})"
        better = BETTER[table.direction(measure)]
        self.note.text = (
            f"{measure_name(measure)}{shown}, {better} and brighter. Click a cell."
        )

    def refuse_measure(self, reason: str) -> None:
        """Say why the measure cannot be shown."""
        self.note.text = f"<b>Not shown.</b> {reason}"

    def _follow_settings(self, trial: str) -> None:
        choices = self._explorer.choices
        settings = choices.settings(trial)
        where: dict[str, Any] = {}
        for name, widget in self.settings.items():
            options = list(choices.options(name, where))
            if widget.options != options:
                widget.options = options
            widget.value = setting_text(settings[name])
            if name in {"model", "regularizer"}:
                where[name] = settings[name]

    def _watch(self) -> None:
        explorer, watch = self._explorer, self._quiet.watch
        for name, widget in self.settings.items():
            watch(widget, partial(self._choose, name))
        watch(self.compare, explorer.compare, "active")
        watch(self.slot, lambda i: explorer.change(slot=list(SLOT_NAMES)[i]), "active")
        for widget in (self.measure, self.columns, self.rows):
            watch(widget, partial(self._change, widget.name))

    def _change(self, field: str, new: object) -> None:
        self._explorer.change(**{field: new})

    def _choose(self, changed: str, _: object) -> None:
        """Choose the trial nearest to the settings, the changed one kept first."""
        choices = self._explorer.choices
        wanted = {
            name: choices.options(name, {}).get(str(widget.value))
            for name, widget in self.settings.items()
        }
        kept = [name for name in ("model", "regularizer") if name in wanted]
        order = [*dict.fromkeys([*kept, changed, *wanted])]
        trial = choices.nearest({name: wanted[name] for name in order})
        self._explorer.choose_trial(trial, self._explorer.view.slot)


def _measure_options(table: TrialTable) -> list[tuple[str, str]]:
    """Return the measures, and one that needs the truth, to be refused aloud."""
    known = ranked_measures(table)
    absent = [name for name in TRUTH_MEASURES[:1] if name not in known]
    return [(name, measure_name(name)) for name in known] + [
        (name, f"{measure_name(name)} (needs the truth)") for name in absent
    ]
