"""The explorer: what is chosen, and the views that follow."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, final

from bokeh.models import TextInput

from hifred.errors import HifredError
from hifred.explore.area_view import AreaView
from hifred.explore.choices import Choices
from hifred.explore.corrected_spectra import CorrectedSpectra
from hifred.explore.details import details_html
from hifred.explore.drawn_shape import Shape
from hifred.explore.energy_axis import EnergyAxis
from hifred.explore.gestures import Gestures
from hifred.explore.grid_view import GridView
from hifred.explore.instrument_views import (
    FUSIONS,
    by_view,
    instrument_views,
    view_colours,
    view_titles,
)
from hifred.explore.late_figure import LateFigure
from hifred.explore.map_controls import MapControls
from hifred.explore.maps_panel import (
    FUSION_LESS_TRUTH,
    SECOND_VIEWS,
    MapsPanel,
    Painting,
)
from hifred.explore.moment_view import MomentView
from hifred.explore.place import Place, moved, place_text, place_words, read_place
from hifred.explore.place import shape_of as shape_of_place
from hifred.explore.region_spectra import RegionSpectra, residuals_of
from hifred.explore.residual_spectrum_view import ResidualSpectrumView
from hifred.explore.shown_layers import shown_layers
from hifred.explore.sky_place import SkyPlace, sky_place
from hifred.explore.spectrum_controls import SpectrumControls
from hifred.explore.spectrum_view import SpectrumView
from hifred.explore.trial_controls import TrialControls
from hifred.explore.view import SLOTS, View
from hifred.explore.whole_view import ViewCompletion
from hifred.plots.comparison import brightest_pixel, first_imager
from hifred.plots.labels import measure_unit
from hifred.plots.layers import Layer, Spectrum
from hifred.plots.regions import Region
from hifred.plots.shelf import Shelf
from hifred.plots.style import ROLE_COLOURS
from hifred.plots.trial_grid import measure_grid
from hifred.store.trial_table import SettingKey

# What is shown, and the names of what it depends on.
Step = tuple[set[str], Callable[[], None]]
MAPS = {"trial", "second", "band", "stretch", "percentile", "smooth", "contours"}
RESIDUALS = {"trial", "second", "band", "residual"}
AXIS = {"trial", "axis", "line", "redshift"}
DEVIATIONS = {"trial", "region", *AXIS}
CORRECTIONS = {"trial", "second", "region", "among", "spectra"}
SPECTRA = {*DEVIATIONS, *CORRECTIONS, "group"}
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
        self.gestures = Gestures(self)
        self.instruments = instrument_views(shelf.roles().values())
        self.maps = MapsPanel(
            shelf, self.instruments, self.gestures.tap_map, self.gestures.drag_map
        )
        self.moment = MomentView(shelf, self.maps.shared)
        self._make_spectra()
        self.grid = GridView(self._choose_cell)
        self.late = {
            drawn.name: LateFigure(drawn)
            for drawn in (
                self.grid.figure,
                self.residuals.figure,
                self.areas.figure,
                self.moment.map.figure,
                *(self.maps.views[name].figure for name in SECOND_VIEWS),
            )
        }
        self._is_whole = False
        self._laid: tuple[str, tuple[str, str], dict[str, SettingKey]] | None = None
        self.details = TextInput(name="details", visible=False)  # HTML for the page
        self.address = TextInput(name="address", visible=False)
        self._completion = ViewCompletion(shelf, self.choices)
        self.view = self._completion.whole(View.read(query))
        self.trial_controls = TrialControls(self)
        self.map_controls = MapControls(self)
        self.spectrum_controls = SpectrumControls(self)
        self._watch()

    def _make_spectra(self) -> None:
        colours = view_colours(self.instruments)
        self.spectra = SpectrumView(colours | view_colours(("truth", *FUSIONS)))
        self.residuals = ResidualSpectrumView(self.spectra.figure.x_range, colours)
        self.areas = AreaView(self.spectra.figure.x_range, colours)
        self._region_spectra = RegionSpectra()
        self.corrected = CorrectedSpectra(self.shelf)

    @property
    def model(self) -> str:
        """Name of the input that trial A fused."""
        return self.shelf.model_of(self.view.trial)

    @property
    def place(self) -> Place:
        """Where the spectra are taken."""
        return read_place(self.view.region) or self._first_region()

    @property
    def sky(self) -> SkyPlace:
        """Where the maps lie on the sky."""
        return sky_place(self.shelf, self.model, self.view.trial)

    @property
    def shape(self) -> Shape:
        """The place of the spectra as a shape."""
        layers = self.shelf.counts(self.model).values()
        return shape_of_place(self.place, first_imager(list(layers)))

    def show(self) -> None:
        """Fill every view."""
        self.show_first()
        self.show_rest()

    def show_first(self) -> None:
        """Fill what is looked at first: maps and spectra."""
        self._show(View(axis="", slot=""))

    def show_rest(self) -> None:
        """Fill what `show_first` left out; from now on all of it follows."""
        self._is_whole = True
        of_fusions = ("grid", "residual-spectrum")
        for name in ("areas",) if self.shelf.is_input else of_fusions:
            self.late[name].open()
        for _, show in self._late_steps:
            show()

    def change(self, **changes: Any) -> None:
        """Change what is on the screen, and repaint what differs."""
        self._turn_to(replace(self.view, **changes))

    def choose_trial(self, trial: str, slot: str = "A") -> None:
        """Show a trial as A or B; a trial of another model takes the other with it.

        Two models have two skies: their cubes share neither energies nor pixels.
        """
        other = "A" if slot == "B" else "B"
        view = self.view.with_trial(trial, slot)
        model = self.shelf.model_of(trial)
        self._turn_to(self._completion.let_follow(view, other, model))

    def compare(self, is_on: bool) -> None:
        """Show a second trial, or stop doing so."""
        slot = self.view.slot if is_on else "A"
        self.change(second=self.view.trial if is_on else "", slot=slot)

    def choose_region(self, place: Place) -> None:
        """Show the spectra of a place."""
        self.change(region=place_text(place))

    def choose_band(self, band: tuple[float, float]) -> None:
        """Show the maps of an energy band, keV."""
        lower, upper = self.energy_range()
        energies = [min(max(float(energy), lower), upper) for energy in band]
        self.change(band=(min(energies), max(energies)))

    def choose_line(self, line: str) -> None:
        """Mark a known line and show the maps of its energies; empty marks none.

        Raises
        ------
        HifredError
            If the cubes do not hold it at the redshift that is set.
        """
        if not line:
            self.change(line="")
            return
        axis = EnergyAxis(line, self.view.redshift)
        lower, upper = self.energy_range()
        if not lower < axis.observed_kev < upper:
            raise HifredError(
                f"{line} must be within {lower:.4g}-{upper:.4g} keV; it is at "
                f"{axis.observed_kev:.4g} keV."
            )
        self.change(line=line)
        self.choose_band(axis.band())

    def move_region(self, columns: int, rows: int) -> None:
        """Move the place of the spectra by pixels of the imager."""
        layers = list(self.shelf.counts(self.model).values())
        side_y, side_x = layers[0].pixel_sides
        self.choose_region(moved(self.place, columns * side_x, rows * side_y))

    def layers(self) -> dict[str, Layer | str]:
        """Return what each map shows: a layer, or the word for why there is none."""
        return shown_layers(self.shelf, self.instruments, self.view)

    def titles(self) -> dict[str, str]:
        """Return what each map of a cube is called."""
        return view_titles(self.layers())

    def shown_spectra(self) -> dict[str, Spectrum]:
        """Return the spectra of the place by view."""
        layers = {k: v for k, v in self.layers().items() if isinstance(v, Layer)}
        sums = self._region_spectra.of(layers, self.place, self.view.group)
        return sums | self.corrected.of(self.view, self.place)

    def spectrum_kinds(self) -> dict[str, str]:
        """Return in words what the spectra of fusions are, by view."""
        kinds, shown = self.corrected.kinds(self.view, self.place), self.shown_spectra()
        return {view: kind for view, kind in kinds.items() if view in shown}

    def residual_kinds(self) -> list[str]:
        """Return what the residual may be taken against."""
        return [*self.shelf.counts(self.model), FUSION_LESS_TRUTH]

    def energy_range(self) -> tuple[float, float]:
        """Return the energies that all cubes of trial A's model cover, keV."""
        return self._completion.energies(self.view)

    def _turn_to(self, view: View) -> None:
        before, self.view = self.view, self._completion.whole(view, self.model)
        if self.view != before:
            self._show(before)

    def _show(self, before: View) -> None:
        changed = self.view.changed(before)
        steps = [*self._first_steps, *(self._late_steps if self._is_whole else [])]
        self._follow()
        for reasons, show in steps:
            if changed & reasons:
                show()
        self.address.value = self.view.query

    @property
    def _first_steps(self) -> list[Step]:
        return [
            ({"second", "moment"}, self._open_maps),
            ({"colours"}, self._show_colours),
            ({"trial"}, self._show_sky),
            (AXIS, self._show_axis),
            (MAPS, self._show_maps),
            (AXIS | {"band"}, self._mark_band),
            ({"trial", "band", "moment"}, self._show_moment),
            (RESIDUALS, self._show_residuals),
            (SPECTRA, self._show_spectra),
        ]

    @property
    def _late_steps(self) -> list[Step]:
        return [
            (CORRECTIONS, self._correct_spectra),
            (DEVIATIONS, self._show_deviations),
            (AXIS, self._show_areas),
            (GRID, self._show_grid),
            ({"trial", "second"}, self._show_details),
        ]

    def _follow(self) -> None:
        for controls in (
            self.trial_controls,
            self.map_controls,
            self.spectrum_controls,
        ):
            controls.follow(self.view)

    def _open_maps(self) -> None:
        """Bring the maps on the page that show something now."""
        wanted = SECOND_VIEWS if self.view.second else ()
        for name in (*wanted, *(["moment"] if self.view.moment else [])):
            self.late[name].open()

    def _show_colours(self) -> None:
        self.maps.set_colours(self.view.colours)

    def _show_sky(self) -> None:
        if (place := self.sky).is_known or self.maps.shared.sky.data["ra"]:
            self.maps.shared.sky.data = place.positions()

    def _show_axis(self) -> None:
        view = self.view
        axis = EnergyAxis(view.line, view.redshift, view.axis == "velocity")
        self.spectra.fit(self.energy_range(), axis)

    def _show_maps(self) -> None:
        view = self.view
        painting = Painting(view.stretch, view.percentile, view.smooth, view.contours)
        self.maps.show_layers(self.layers(), self._band, painting=painting)

    def _mark_band(self) -> None:
        self.spectra.mark_band(self._band)

    def _show_moment(self) -> None:
        self.moment.show(self.view.trial, self.view.moment, self._band)

    def _show_residuals(self) -> None:
        view = self.view
        trials = {"residual": view.trial, "second_residual": view.second}
        self.maps.show_residuals(trials, view.residual, self._band)

    def _show_spectra(self) -> None:
        layers = {k: v for k, v in self.layers().items() if isinstance(v, Layer)}
        spectra = self.shown_spectra()
        beyond = "" if spectra else ": beyond the field"
        self.spectra.show(spectra, title=place_words(self.place) + beyond)
        labels = {view: layer.label for view, layer in layers.items()}
        for view in self.corrected.of(self.view, self.place):
            labels[view] += ", corrected"
        self.spectra.name(labels)
        self.spectrum_controls.tell_kinds(self.view, self.spectrum_kinds())
        self.maps.select(self.shape)

    def _correct_spectra(self) -> None:
        self.corrected.begin(self.view, self.place, self._show_spectra)

    def _show_deviations(self) -> None:
        found: dict[str, Any] = {}
        if self.shelf.is_done(self.view.trial):
            expected = self.shelf.predictions(self.view.trial)
            found = residuals_of(self.shelf.counts(self.model), expected, self.place)
        self.residuals.show(found, self.spectra.axis)

    def _show_areas(self) -> None:
        if self.shelf.is_input:
            counts = self.shelf.counts(self.model)
            seen = by_view(counts, self.shelf.input(self.model).observations)
            self.areas.show(seen, self.spectra.axis, self.titles())

    def _show_grid(self) -> None:
        """Show the measure over two settings, all else as in the trial chosen last."""
        view = self.view
        settings = self.choices.settings(getattr(view, SLOTS[view.slot]))
        sides = view.columns, view.rows
        where = {k: v for k, v in settings.items() if k not in sides}
        if self._laid != (view.measure, sides, where):
            self._laid = view.measure, sides, where
            self._lay_grid(view.measure, sides, where)
        colours = {
            view.second: ROLE_COLOURS["second_fusion"],
            view.trial: ROLE_COLOURS["fusion"],
        }
        self.grid.mark({trial: colour for trial, colour in colours.items() if trial})

    def _lay_grid(
        self, measure: str, sides: tuple[str, str], where: dict[str, SettingKey]
    ) -> None:
        table, (columns, rows) = self.shelf.table, sides
        try:
            grid = measure_grid(table, measure, where=where, columns=columns, rows=rows)
            self.grid.show(grid, measure_unit(table, measure), sides)
            self.trial_controls.tell_measure(table, measure)
        except HifredError as error:
            self.grid.clear()
            self.trial_controls.refuse_measure(str(error))

    def _show_details(self) -> None:
        self.details.value = "".join(
            f"<h3>Trial {slot}</h3>{details_html(self.shelf, trial)}"
            for slot, field in SLOTS.items()
            if (trial := getattr(self.view, field))
        )

    @property
    def _band(self) -> tuple[float, float]:
        return self.view.band[0], self.view.band[1]

    def _choose_cell(self, trial: str) -> None:
        self.choose_trial(trial, self.view.slot)

    def _first_region(self) -> Region:
        layers = list(self.shelf.counts(self.model).values())
        return brightest_pixel(layers, self.energy_range())

    def _watch(self) -> None:
        self.gestures.watch_spectra()
        self.address.on_change("value", self._go_back)

    def _go_back(self, _: str, __: str, query: str) -> None:
        """Show what the address says, after the buttons Back and Forward."""
        if query.lstrip("?") != self.view.query:
            self._turn_to(View.read(query))
