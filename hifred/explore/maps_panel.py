"""The linked maps: truth, instruments, fusion and residual, and a second trial's."""

from collections.abc import Callable, Mapping
from typing import final

import numpy as np
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import LinearColorMapper
from bokeh.models.tickers import BasicTicker, FixedTicker, Ticker

from hifred.explore.drawing import difference_mapper, intensity_mapper, palette
from hifred.explore.map_view import MapView, SharedParts
from hifred.explore.stretch import ColourScale, brightness_at, difference_limit
from hifred.plots.labels import SURFACE_BRIGHTNESS_UNIT, plain_unit
from hifred.plots.layers import Layer
from hifred.plots.regions import Region
from hifred.plots.residuals import LIMIT, residual_image
from hifred.plots.shelf import Shelf

LAYER_VIEWS = ("truth", "imager", "spectrometer", "fusion", "second_fusion")
RESIDUAL_VIEWS = ("residual", "second_residual")
DIFFERENCE_VIEWS = (*RESIDUAL_VIEWS, "difference")
UNIT = plain_unit(SURFACE_BRIGHTNESS_UNIT)
SIGMA = "σ"
NO_TRUTH = "no truth: real data"
FUSION_LESS_TRUTH = "fusion − truth"
TITLES = {"fusion": "fusion A", "second_fusion": "fusion B"}

Band = tuple[float, ...]


@final
class MapsPanel:
    """All maps, with one selection and one pair of ranges.

    Parameters
    ----------
    shelf : Shelf
    on_region : callable
        Called with the region that was clicked or dragged on any map.
    """

    def __init__(self, shelf: Shelf, on_region: Callable[[Region], None]) -> None:
        self._shelf = shelf
        self._on_region = on_region
        self.shared = SharedParts()
        self.scale = ColourScale()
        self._intensity = intensity_mapper()
        self._residual, self._difference = difference_mapper(), difference_mapper()
        self.views = {
            **{name: self._view(name, self._intensity, UNIT) for name in LAYER_VIEWS},
            **{n: self._view(n, self._residual, SIGMA) for n in RESIDUAL_VIEWS},
            "difference": self._view("difference", self._difference, UNIT),
        }
        self._shown: dict[str, tuple[Layer | str, Band]] = {}
        self._images: dict[str, np.ndarray] = {}

    def show_layers(
        self,
        layers: Mapping[str, Layer | str],
        band: tuple[float, float],
        *,
        stretch: str,
        percentile: float,
    ) -> None:
        """Show the layers by view name, on one scale; a str is the word for none.

        Views whose image and scale stay the same are left alone.
        """
        present = {k: v for k, v in layers.items() if isinstance(v, Layer)}
        self._fit(present)
        stale = {n for n, layer in layers.items() if self._is_stale(n, layer, band)}
        self._images = {
            name: layer.image(band) if name in stale else self._images[name]
            for name, layer in present.items()
        }
        highest = brightness_at(list(self._images.values()), percentile)
        scale = ColourScale(stretch, highest)
        has_scale_changed, self.scale = scale != self.scale, scale
        if has_scale_changed:
            self.views["fusion"].label_bar(scale)
        for name, layer in layers.items():
            if name in stale or (has_scale_changed and name in present):
                self._show_layer(name, layer)
        self._show_difference(present)

    def show_residuals(
        self, trials: Mapping[str, str], kind: str, band: tuple[float, float]
    ) -> None:
        """Show residuals of trials, by view, against an instrument or the truth."""
        found = {v: self._deviation(trial, kind, band) for v, trial in trials.items()}
        images = [what[0] for what in found.values() if not isinstance(what, str)]
        is_error = kind == FUSION_LESS_TRUTH
        limit = difference_limit(images, self.scale.highest) if is_error else LIMIT
        _set_limits(self._residual, limit)
        title = f"{kind} ({UNIT})" if is_error else f"residual: {kind} ({SIGMA})"
        for view, what in found.items():
            ending = " B" if view.startswith("second") else " A"
            if isinstance(what, str):
                self.views[view].refuse(what, self.shared.extent, title=title + ending)
            else:
                image, extent = what
                self.views[view].show(image, image, extent, title=title + ending)

    def set_colours(self, colours: str) -> None:
        """Take other colours for brightness."""
        self._intensity.palette = palette(colours)

    def select(self, region: Region, pixel_sides: tuple[float, float]) -> None:
        """Outline a region; a pixel with its own sides, (y, x) in arcsec."""
        y, x = region.centre
        half_y = max(region.y_range[1] - region.y_range[0], pixel_sides[0]) / 2
        half_x = max(region.x_range[1] - region.x_range[0], pixel_sides[1]) / 2
        self.shared.selection.data = {
            "left": [x - half_x], "right": [x + half_x],
            "bottom": [y - half_y], "top": [y + half_y],
        }  # fmt: skip

    def _view(self, name: str, mapper: LinearColorMapper, unit: str) -> MapView:
        view = MapView(
            name, mapper, self.shared, unit=unit, bar_ticker=_bar_ticker(name)
        )
        view.figure.on_event(Tap, self._tapped)
        view.figure.on_event(SelectionGeometry, self._dragged)
        return view

    def _is_stale(
        self, name: str, layer: Layer | str, band: tuple[float, float]
    ) -> bool:
        is_stale = self._shown.get(name) != (layer, band)
        self._shown[name] = layer, band
        return is_stale

    def _show_layer(self, name: str, layer: Layer | str) -> None:
        view, title = self.views[name], TITLES.get(name, name)
        if isinstance(layer, str):
            view.refuse(layer, self.shared.extent, title=title)
            return
        image = self._images[name]
        view.show(image, self.scale.shares(image), layer.extent, title=title)

    def _deviation(
        self, trial: str, kind: str, band: tuple[float, float]
    ) -> tuple[np.ndarray, tuple[float, float, float, float]] | str:
        """Return image and extent of a residual, or the word for why there is none."""
        if not trial or not self._shelf.is_done(trial):
            return self._shelf.word(trial) if trial else ""
        model = self._shelf.model_of(trial)
        if kind != FUSION_LESS_TRUTH:
            data = self._shelf.counts(model)[kind]
            expected = self._shelf.predictions(trial)[kind]
            return residual_image(data, expected, band), data.extent
        truth = self._shelf.truth(model)
        if truth is None:
            return NO_TRUTH
        return _less(self._shelf.fusion(trial), truth, band), truth.extent

    def _show_difference(self, layers: Mapping[str, Layer]) -> None:
        view, title = self.views["difference"], "fusion B − fusion A"
        first, second = layers.get("fusion"), layers.get("second_fusion")
        if first is None or second is None:
            view.refuse("no pair", self.shared.extent, title=title)
            return
        if not first.has_grid_of(second):
            view.refuse("other pixels or energies", self.shared.extent, title=title)
            return
        difference = self._images["second_fusion"] - self._images["fusion"]
        limit = difference_limit([difference], self.scale.highest)
        _set_limits(self._difference, limit)
        view.show(difference, difference, first.extent, title=title)

    def _fit(self, layers: Mapping[str, Layer]) -> None:
        """Fit the shared ranges to the imager, when the field has changed."""
        chosen = layers.get("imager") or next(iter(layers.values()))
        self.shared.fit(chosen.extent)

    def _tapped(self, event: Tap) -> None:
        self._on_region(Region.pixel(event.y, event.x))

    def _dragged(self, event: SelectionGeometry) -> None:
        box = event.geometry
        if event.final and box.get("type") == "rect":
            self._on_region(Region((box["y0"], box["y1"]), (box["x0"], box["x1"])))


def _bar_ticker(name: str) -> Ticker | None:
    """Return where a map's colours are explained; one bar is enough for one scale."""
    if name == "fusion":
        return FixedTicker(ticks=list(ColourScale().ticks))
    return BasicTicker(desired_num_ticks=5) if name in DIFFERENCE_VIEWS else None


def _set_limits(mapper: LinearColorMapper, limit: float) -> None:
    mapper.update(low=-limit, high=limit)


def _less(fusion: Layer, truth: Layer, band: tuple[float, float]) -> np.ndarray:
    """Return fusion less truth on the truth's pixels; a margin of the fusion is cut."""
    image, reference = fusion.image(band), truth.image(band)
    rows = Region((truth.y[0], truth.y[-1]), (truth.x[0], truth.x[-1])).slices(
        fusion.y, fusion.x
    )
    return np.asarray(image[rows] - reference)
