"""The explorer: what is chosen, and the views that follow."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, final

from bokeh.document import Document
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import Div, TextInput

from hifred.errors import HifredError
from hifred.explore.choices import Choices
from hifred.explore.details import DETAILS_CSS, details_html
from hifred.explore.grid_view import GridView
from hifred.explore.map_controls import MapControls
from hifred.explore.maps_panel import FUSION_LESS_TRUTH, NO_TRUTH, MapsPanel
from hifred.explore.region_spectra import RegionSpectra
from hifred.explore.spectrum_controls import SpectrumControls
from hifred.explore.spectrum_view import SpectrumView
from hifred.explore.stretch import STRETCHES
from hifred.explore.trial_controls import TrialControls
from hifred.explore.view import SLOTS, View, read_region, region_text
from hifred.plots.comparison import brightest_pixel
from hifred.plots.labels import measure_unit
from hifred.plots.layers import Layer
from hifred.plots.maps import shared_band
from hifred.plots.regions import Region
from hifred.plots.shelf import Shelf
from hifred.plots.style import ROLE_COLOURS
from hifred.plots.trial_grid import measure_grid

NOT_COMPARED = "not compared"
MAPS = {"trial", "second", "band", "stretch", "percentile"}
RESIDUALS = {"trial", "second", "band", "residual"}
SPECTRA = {"trial", "second", "region", "group"}
GRID = {"trial", "second", "slot", "measure", "columns", "rows"}


@final
class Explorer:
    """One visitor's page: trial A, perhaps a trial B, a band and a region.

    Parameters
    ----------
    shelf : Shelf
        Where the cubes come from.
    query : str
        What the address asks for, see `View`.
    """

    def __init__(self, shelf: Shelf, query: str = "") -> None:
        self.shelf = shelf
        self.choices = Choices(shelf.table)
        self.maps = MapsPanel(shelf, self.choose_region)
        self.spectra = SpectrumView()
        self.grid = GridView(self._choose_cell)
        self.details = Div(name="details", stylesheets=[DETAILS_CSS])
        self.address = TextInput(name="address", visible=False)
        self.document: Document | None = None
        self._region_spectra = RegionSpectra()
        self.view = self._whole(View.read(query))
        self.trial_controls = TrialControls(self)
        self.map_controls = MapControls(self)
        self.spectrum_controls = SpectrumControls(self)
        self._watch()

    @property
    def model(self) -> str:
        """Name of the input that trial A fused."""
        return self.shelf.model_of(self.view.trial)

    @property
    def region(self) -> Region:
        """Where the spectra are taken."""
        return read_region(self.view.region) or self._first_region()

    def show(self) -> None:
        """Fill every view."""
        self._show(View())

    def change(self, **changes: Any) -> None:
        """Change what is on the screen, and repaint what differs."""
        self._turn_to(replace(self.view, **changes))

    def choose_trial(self, trial: str, slot: str = "A") -> None:
        """Show a trial as A or B; a trial of another model takes the other with it.

        Two models have two skies: their cubes share neither energies nor pixels.
        """
        view = self.view.with_trial(trial, slot)
        other = "A" if slot == "B" else "B"
        view = self._let_follow(view, other, self.shelf.model_of(trial))
        self._turn_to(view)

    def compare(self, is_on: bool) -> None:
        """Show a second trial, or stop doing so."""
        slot = self.view.slot if is_on else "A"
        self.change(second=self.view.trial if is_on else "", slot=slot)

    def choose_region(self, region: Region) -> None:
        """Show the spectra of a region."""
        self.change(region=region_text(region))

    def choose_band(self, band: tuple[float, float]) -> None:
        """Show the maps of an energy band, keV."""
        lower, upper = self.energy_range()
        energies = [min(max(energy, lower), upper) for energy in band]
        self.change(band=(min(energies), max(energies)))

    def layers(self) -> dict[str, Layer | str]:
        """Return what each map shows: a layer, or the word for why there is none."""
        by_role = {
            layer.role: layer for layer in self.shelf.counts(self.model).values()
        }
        return {
            "truth": self.shelf.truth(self.model) or NO_TRUTH,
            "imager": by_role.get("imager", "no imager"),
            "spectrometer": by_role.get("spectrometer", "no spectrometer"),
            "fusion": self._fusion(self.view.trial),
            "second_fusion": self._fusion(self.view.second),
        }

    def residual_kinds(self) -> list[str]:
        """Return what the residual may be taken against."""
        return [*self.shelf.counts(self.model), FUSION_LESS_TRUTH]

    def energy_range(self) -> tuple[float, float]:
        """Return the energies that all cubes of trial A's model cover, keV."""
        return self._energies_of(self.view)

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        """Send all changes made inside at once."""
        if self.document is None:
            yield
            return
        self.document.hold("combine")
        try:
            yield
        finally:
            self.document.unhold()

    def _turn_to(self, view: View) -> None:
        before, self.view = self.view, self._whole(view, self.model)
        if self.view != before:
            self._show(before)

    def _show(self, before: View) -> None:
        changed = self.view.changed(before)
        with self._held():
            self._follow()
            self._show_if(changed & {"colours"}, self._show_colours)
            self._show_if(changed & {"trial"}, self._show_energies)
            self._show_if(changed & MAPS, self._show_maps)
            self._show_if(changed & RESIDUALS, self._show_residuals)
            self._show_if(changed & SPECTRA, self._show_spectra)
            self._show_if(changed & GRID, self._show_grid)
            self._show_if(changed & {"trial", "second"}, self._show_details)
            self.address.value = self.view.query

    @staticmethod
    def _show_if(reason: set[str], show: Callable[[], None]) -> None:
        if reason:
            show()

    def _follow(self) -> None:
        for controls in (
            self.trial_controls,
            self.map_controls,
            self.spectrum_controls,
        ):
            controls.follow(self.view)

    def _show_colours(self) -> None:
        self.maps.set_colours(self.view.colours)

    def _show_energies(self) -> None:
        self.spectra.fit(self.energy_range())

    def _show_maps(self) -> None:
        view = self.view
        band = view.band[0], view.band[1]
        self.maps.show_layers(
            self.layers(), band, stretch=view.stretch, percentile=view.percentile
        )
        self.spectra.mark_band(band)

    def _show_residuals(self) -> None:
        view = self.view
        trials = {"residual": view.trial, "second_residual": view.second}
        band = view.band[0], view.band[1]
        self.maps.show_residuals(trials, view.residual, band)

    def _show_spectra(self) -> None:
        layers = {k: v for k, v in self.layers().items() if isinstance(v, Layer)}
        region = self.region
        spectra = self._region_spectra.of(layers, region, self.view.group)
        self.spectra.show(spectra, title=region.text())
        self.spectra.name({role: layer.label for role, layer in layers.items()})
        self._outline(layers.get("imager") or next(iter(layers.values())), region)

    def _outline(self, layer: Layer, region: Region) -> None:
        if region.is_pixel:
            rows, columns = region.slices(layer.y, layer.x)
            region = Region.pixel(layer.y[rows.start], layer.x[columns.start])
        self.maps.select(region, layer.pixel_sides)

    def _show_grid(self) -> None:
        """Show the measure over two settings, all else as in the trial chosen last."""
        view = self.view
        settings = self.choices.settings(getattr(view, SLOTS[view.slot]))
        sides = view.columns, view.rows
        where = {k: v for k, v in settings.items() if k not in sides}
        table = self.shelf.table
        try:
            grid = measure_grid(
                table, view.measure, where=where, columns=sides[0], rows=sides[1]
            )
            self.grid.show(grid, measure_unit(table, view.measure), sides)
            self.trial_controls.tell_measure(table, view.measure)
        except HifredError as error:
            self.grid.clear()
            self.trial_controls.refuse_measure(str(error))
        colours = {
            view.second: ROLE_COLOURS["second_fusion"],
            view.trial: ROLE_COLOURS["fusion"],
        }
        self.grid.mark({trial: colour for trial, colour in colours.items() if trial})

    def _show_details(self) -> None:
        self.details.text = "".join(
            f"<h3>Trial {slot}</h3>{details_html(self.shelf, trial)}"
            for slot, field in SLOTS.items()
            if (trial := getattr(self.view, field))
        )

    def _fusion(self, trial: str) -> Layer | str:
        if not trial:
            return NOT_COMPARED
        is_done = self.shelf.is_done(trial)
        return self.shelf.fusion(trial) if is_done else self.shelf.word(trial)

    def _choose_cell(self, trial: str) -> None:
        self.choose_trial(trial, self.view.slot)

    def _let_follow(self, view: View, slot: str, model: str) -> View:
        trial = getattr(view, SLOTS[slot])
        if trial and self.shelf.model_of(trial) != model:
            settings = {**self.choices.settings(trial), "model": model}
            return view.with_trial(self.choices.nearest(settings), slot)
        return view

    def _whole(self, view: View, model: str = "") -> View:
        """Return a view with everything chosen, for what it leaves open or names wrong.

        Parameters
        ----------
        view : View
        model : str
            That was shown before: band and region are of its sky.
        """
        known = self.shelf.table.trials
        trial = view.trial if view.trial in known else self.choices.first()
        view = replace(view, trial=trial, second=view.second * (view.second in known))
        view = self._let_follow(view, "B", self.shelf.model_of(trial))
        has_other_sky = bool(model) and self.shelf.model_of(trial) != model
        if len(view.band) != 2 or has_other_sky:
            view = replace(view, band=self._energies_of(view))
        if read_region(view.region) is None or has_other_sky:
            view = replace(view, region="")
        return self._with_known_words(view)

    def _with_known_words(self, view: View) -> View:
        kinds = [*self.shelf.counts(self.shelf.model_of(view.trial)), FUSION_LESS_TRUTH]
        columns, rows = self.choices.sides(view.columns, view.rows)
        return replace(
            view,
            columns=columns,
            rows=rows,
            measure=view.measure or self.choices.measure,
            residual=view.residual if view.residual in kinds else kinds[0],
            stretch=view.stretch if view.stretch in STRETCHES else View.stretch,
            slot=view.slot if view.second and view.slot in SLOTS else "A",
        )

    def _energies_of(self, view: View) -> tuple[float, float]:
        model = self.shelf.model_of(view.trial)
        return shared_band(list(self.shelf.counts(model).values()))

    def _first_region(self) -> Region:
        layers = list(self.shelf.counts(self.model).values())
        return brightest_pixel(layers, self.energy_range())

    def _watch(self) -> None:
        self.spectra.figure.on_event(Tap, self._tap_energy)
        self.spectra.figure.on_event(SelectionGeometry, self._drag_band)
        self.address.on_change("value", self._go_back)

    def _go_back(self, _: str, __: str, query: str) -> None:
        """Show what the address says, after the buttons Back and Forward."""
        if query.lstrip("?") != self.view.query:
            self._turn_to(View.read(query))

    def _tap_energy(self, event: Tap) -> None:
        self.choose_band((event.x, event.x))

    def _drag_band(self, event: SelectionGeometry) -> None:
        if event.final and event.geometry.get("type") == "rect":
            self.choose_band((event.geometry["x0"], event.geometry["x1"]))
