"""Completes views: nothing is left open, and nothing is named that there is not."""

from dataclasses import replace
from typing import final

from hifred.explore.choices import Choices
from hifred.explore.drawing import COLOURMAPS
from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.instrument_views import FUSIONS, by_view
from hifred.explore.maps_panel import FUSION_LESS_TRUTH
from hifred.explore.moment_view import MOMENTS
from hifred.explore.place import read_named_shapes, read_place
from hifred.explore.stretch import STRETCHES
from hifred.explore.view import SLOTS, SPECTRA, SUMS, View
from hifred.plots.maps import shared_band
from hifred.plots.shelf import Shelf
from hifred.products.line_list import LINES


@final
class ViewCompletion:
    """Fills in what a view leaves open, from what a sweep has.

    Parameters
    ----------
    shelf : Shelf
    choices : Choices
    """

    def __init__(self, shelf: Shelf, choices: Choices) -> None:
        self._shelf, self._choices = shelf, choices

    def whole(self, view: View, model: str = "") -> View:
        """Return a view with everything chosen.

        Parameters
        ----------
        view : View
        model : str
            That was shown before: band and region are of its sky.
        """
        known = self._shelf.table.trials
        trial = view.trial if view.trial in known else self._choices.first()
        second = view.second if view.second in known else ""
        view = replace(view, trial=trial, second=second)
        view = self.let_follow(view, "B", self._shelf.model_of(trial))
        has_other_sky = bool(model) and self._shelf.model_of(trial) != model
        if len(view.band) != 2 or has_other_sky:
            view = replace(view, band=self.energies(view))
        if read_place(view.region) is None or has_other_sky:
            view = replace(view, region="")
        if read_place(view.region) not in read_named_shapes(view.among).values():
            view = replace(view, among="")
        return self._with_known_words(view)

    def let_follow(self, view: View, slot: str, model: str) -> View:
        """Return a view whose trial in a slot is of a model, the nearest that is."""
        trial = getattr(view, SLOTS[slot])
        if trial and self._shelf.model_of(trial) != model:
            settings = {**self._choices.settings(trial), "model": model}
            return view.with_trial(self._choices.nearest(settings), slot)
        return view

    def energies(self, view: View) -> tuple[float, float]:
        """Return the energies that all cubes of a view's model cover, keV."""
        model = self._shelf.model_of(view.trial)
        return shared_band(list(self._shelf.counts(model).values()))

    def _with_known_words(self, view: View) -> View:
        counts = self._shelf.counts(self._shelf.model_of(view.trial))
        kinds = [*counts, FUSION_LESS_TRUTH]
        contoured = ("truth", *by_view(counts, counts), *FUSIONS)
        columns, rows = self._choices.sides(view.columns, view.rows)
        line = _known(view.line, LINES)
        axis = EnergyAxis(line, view.redshift, view.axis == "velocity")
        return replace(
            view,
            columns=columns,
            rows=rows,
            measure=view.measure or self._choices.measure,
            residual=_known(view.residual, kinds, kinds[0]),
            stretch=_known(view.stretch, STRETCHES, View.stretch),
            colours=_known(view.colours, COLOURMAPS, View.colours),
            contours=_known(view.contours, contoured),
            moment=_known(view.moment, MOMENTS),
            spectra=_known(view.spectra, SPECTRA, SUMS),
            line=line,
            axis="velocity" if axis.shows_velocity else "energy",
            slot=view.slot if view.second and view.slot in SLOTS else "A",
        )


def _known(name: str, names: object, otherwise: str = "") -> str:
    return name if name in names else otherwise  # type: ignore[operator]
