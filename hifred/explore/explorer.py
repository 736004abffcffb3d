"""The explorer: what is chosen, and the views that follow."""

import time
from typing import final

import panel as pn
from bokeh.events import SelectionGeometry, Tap

from hifred.errors import HifredError
from hifred.explore.choices import Choices
from hifred.explore.controls import Controls
from hifred.explore.details import details_html
from hifred.explore.grid_view import GridView
from hifred.explore.maps_panel import FUSION_LESS_TRUTH, NO_TRUTH, MapsPanel
from hifred.explore.spectrum_view import SpectrumView
from hifred.plots.comparison import brightest_pixel
from hifred.plots.labels import measure_unit
from hifred.plots.layers import Layer
from hifred.plots.maps import shared_band
from hifred.plots.regions import Region
from hifred.plots.shelf import Shelf
from hifred.plots.style import ROLE_COLOURS
from hifred.plots.trial_grid import measure_grid

NOT_COMPARED = "not compared"
SIDES = ("mu", "rank")


@final
class Explorer:
    """One visitor's page: trial A, perhaps a trial B, a band and a region.

    Parameters
    ----------
    shelf : Shelf
        Where the cubes come from.
    name : str
        Title of the page.
    """

    def __init__(self, shelf: Shelf, name: str = "sweep") -> None:
        self.shelf = shelf
        self.choices = Choices(shelf.table)
        self.trials: dict[str, str | None] = {"A": self.choices.first(), "B": None}
        self.maps = MapsPanel(shelf, self.choose_region)
        self.spectra = SpectrumView()
        self.grid = GridView(self._choose_cell)
        self.band = self._widest_band()
        self.region = self._first_region()
        self.controls = Controls(self, name)
        self.spectra.figure.on_event(Tap, self._tap_energy)
        self.spectra.figure.on_event(SelectionGeometry, self._drag_band)
        self.spectra.figure.x_range.update(start=self.band[0], end=self.band[1])
        self.refresh()

    @property
    def model(self) -> str:
        """Name of the input that trial A fused."""
        return self.shelf.model_of(str(self.trials["A"]))

    def choose_trial(self, trial: str, slot: str = "A") -> None:
        """Show a trial as A or B; a trial of another model takes the other with it.

        Two models have two skies: their cubes share neither energies nor pixels.
        """
        started = time.perf_counter()
        before = self.model
        self.trials[slot] = trial
        self._let_follow("A" if slot == "B" else "B", self.shelf.model_of(trial))
        if self.model != before:
            self.band, self.region = self._widest_band(), self._first_region()
        self.refresh()
        self.controls.tell_time(time.perf_counter() - started)

    def compare(self, is_on: bool) -> None:
        """Show a second trial, or stop doing so."""
        self.trials["B"] = self.trials["A"] if is_on else None
        self.refresh()

    def choose_region(self, region: Region) -> None:
        """Show the spectra of a region."""
        started = time.perf_counter()
        self.region = region
        self._show_spectra()
        self.controls.tell_time(time.perf_counter() - started)

    def choose_band(self, band: tuple[float, float]) -> None:
        """Show the maps of an energy band, keV."""
        started = time.perf_counter()
        self.band = min(band), max(band)
        self._show_maps()
        self.controls.tell_time(time.perf_counter() - started)

    def refresh(self) -> None:
        """Bring every view up to date."""
        self.controls.follow()
        self.show_grid()
        self._show_maps()
        self._show_spectra()
        self.controls.details.object = "".join(
            f"<h4>Trial {slot}</h4>{details_html(self.shelf, trial)}"
            for slot, trial in self.trials.items()
            if trial is not None
        )

    def show_grid(self) -> None:
        """Show the measure over mu and rank, all else as in the trial chosen last."""
        settings = self.choices.settings(str(self.trials[self.controls.slot]))
        where = {k: v for k, v in settings.items() if k not in SIDES}
        measure = self.controls.measure.value
        try:
            grid = measure_grid(self.shelf.table, measure, where=where)
            self.grid.show(grid, measure_unit(self.shelf.table, measure))
            self.controls.tell_measure(measure)
        except HifredError as error:
            self.grid.clear()
            self.controls.refuse_measure(str(error))
        colours = {"A": ROLE_COLOURS["fusion"], "B": ROLE_COLOURS["second_fusion"]}
        self.grid.mark({str(t): colours[s] for s, t in self.trials.items() if t})

    def layers(self) -> dict[str, Layer | str]:
        """Return what each map shows: a layer, or the word for why there is none."""
        by_role = {
            layer.role: layer for layer in self.shelf.counts(self.model).values()
        }
        return {
            "truth": self.shelf.truth(self.model) or NO_TRUTH,
            "imager": by_role.get("imager", "no imager"),
            "spectrometer": by_role.get("spectrometer", "no spectrometer"),
            "fusion": self._fusion("A"),
            "second_fusion": self._fusion("B"),
        }

    def residual_kinds(self) -> list[str]:
        """Return what the residual may be taken against."""
        return [*self.shelf.counts(self.model), FUSION_LESS_TRUTH]

    def energy_range(self) -> tuple[float, float]:
        """Return the energies that all cubes of trial A's model cover, keV."""
        return self._widest_band()

    def _fusion(self, slot: str) -> Layer | str:
        trial = self.trials[slot]
        if trial is None:
            return NOT_COMPARED
        return (
            self.shelf.fusion(trial)
            if self.shelf.is_done(trial)
            else self.shelf.word(trial)
        )

    def _show_maps(self) -> None:
        self.maps.show_layers(self.layers(), self.band)
        kind = self.controls.residual.value
        self.maps.show_residual("residual", self.trials["A"], kind, self.band)
        if self.trials["B"] is not None:
            self.maps.show_residual(
                "second_residual", self.trials["B"], kind, self.band
            )
        self.spectra.mark_band(self.band)
        self.controls.show_band(self.band)

    def _show_spectra(self) -> None:
        layers = {k: v for k, v in self.layers().items() if isinstance(v, Layer)}
        group = self.controls.group.value
        spectra = {
            role: layer.spectrum(self.region, group=self._group(layer, group))
            for role, layer in layers.items()
        }
        self.spectra.show(spectra, title=self.region.text())
        self.spectra.name({role: layer.label for role, layer in layers.items()})
        imager = layers.get("imager") or next(iter(layers.values()))
        sides = tuple(imager.extent[i + 1] - imager.extent[i] for i in (2, 0))
        n_pixels = len(imager.y), len(imager.x)
        pixel = sides[0] / n_pixels[0], sides[1] / n_pixels[1]
        self.maps.select(self._snapped(imager), pixel)

    def _snapped(self, layer: Layer) -> Region:
        if not self.region.is_pixel:
            return self.region
        rows, columns = self.region.slices(layer.y, layer.x)
        return Region.pixel(layer.y[rows.start], layer.x[columns.start])

    @staticmethod
    def _group(layer: Layer, wanted: int) -> int:
        return wanted if layer.role != "imager" else 1

    def _choose_cell(self, trial: str) -> None:
        self.choose_trial(trial, self.controls.slot)

    def _let_follow(self, slot: str, model: str) -> None:
        trial = self.trials[slot]
        if trial is not None and self.shelf.model_of(trial) != model:
            settings = {**self.choices.settings(trial), "model": model}
            self.trials[slot] = self.choices.nearest(settings)

    def _widest_band(self) -> tuple[float, float]:
        return shared_band(list(self.shelf.counts(self.model).values()))

    def _first_region(self) -> Region:
        return brightest_pixel(list(self.shelf.counts(self.model).values()), self.band)

    def _tap_energy(self, event: Tap) -> None:
        self.choose_band((event.x, event.x))

    def _drag_band(self, event: SelectionGeometry) -> None:
        if event.final and event.geometry.get("type") == "rect":
            self.choose_band((event.geometry["x0"], event.geometry["x1"]))

    def page(self) -> pn.viewable.Viewable:
        """Return the page."""
        return self.controls.page()
