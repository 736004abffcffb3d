"""The linked maps: truth, instruments, fusion and residual, and a second trial's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from bokeh.events import DoubleTap, SelectionGeometry, Tap
from bokeh.models import LinearColorMapper
from bokeh.models.tickers import BasicTicker, FixedTicker, Ticker

from hifred.explore.drawing import difference_mapper, intensity_mapper, palette
from hifred.explore.drawn_shape import Shape
from hifred.explore.instrument_views import FUSIONS, view_titles
from hifred.explore.map_view import MapView, SharedParts
from hifred.explore.smoothing import contours, smoothed
from hifred.explore.stretch import ColourScale, brightness_at, difference_limit
from hifred.plots.labels import SURFACE_BRIGHTNESS_UNIT, plain_unit
from hifred.plots.layers import Layer
from hifred.plots.regions import Region
from hifred.plots.residuals import LIMIT, residual_image
from hifred.plots.shelf import Shelf

RESIDUAL_VIEWS = ("residual", "second_residual")
DIFFERENCE_VIEWS = (*RESIDUAL_VIEWS, "difference")
# Those of a trial B.
SECOND_VIEWS = (FUSIONS[-1], *DIFFERENCE_VIEWS[1:])
UNIT = plain_unit(SURFACE_BRIGHTNESS_UNIT)
SIGMA = "σ"
NO_TRUTH = "no truth: real data"
FUSION_LESS_TRUTH = "fusion − truth"

# Shares of the brightest pixel.
CONTOUR_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)

Band = tuple[float, float]


@final
@dataclass(frozen=True)
class Painting:
    """How the maps are painted: see the fields of the same names of `View`."""

    stretch: str
    percentile: float
    smooth: float = 0.0
    contours: str = ""


@final
class MapsPanel:
    """All maps, with one selection and one pair of ranges.

    Parameters
    ----------
    shelf : Shelf
    instruments : sequence of str
        Views of instruments.
    on_tap : callable
        Called with the x and y, in arcsec, that was clicked on any map.
    on_drag : callable
        Called with the geometry that was dragged, as Bokeh has it.
    """

    def __init__(
        self,
        shelf: Shelf,
        instruments: Sequence[str],
        on_tap: Callable[[float, float], None],
        on_drag: Callable[[dict[str, Any]], None],
    ) -> None:
        self._shelf = shelf
        layer_views = ("truth", *instruments, *FUSIONS)
        self.first_views = (*layer_views[:-1], RESIDUAL_VIEWS[0])
        self._on_tap, self._on_drag = on_tap, on_drag
        self.shared = SharedParts()
        self.scale = ColourScale()
        # One bar explains the colours of all layers.
        self._with_bar = "imager" if shelf.is_input else "fusion"
        self._intensity = intensity_mapper()
        self._residual, self._difference = difference_mapper(), difference_mapper()
        self.views = {
            **{name: self._view(name, self._intensity, UNIT) for name in layer_views},
            **{n: self._view(n, self._residual, SIGMA) for n in RESIDUAL_VIEWS},
            "difference": self._view("difference", self._difference, UNIT),
        }
        # Fusion B on top of fusion A, for the page to blink.
        self.views["fusion"].draw_over(self.views["second_fusion"], self._intensity)
        self._shown: dict[str, tuple[Layer | str, object]] = {}
        self._images: dict[str, np.ndarray] = {}
        self._selected: Shape | None = None

    def show_layers(
        self,
        layers: Mapping[str, Layer | str],
        band: Band,
        painting: Painting,
    ) -> None:
        """Show the layers by view name, on one scale; a str is the word for none.

        Views whose image and scale stay the same are left alone.
        """
        present = {k: v for k, v in layers.items() if isinstance(v, Layer)}
        self._fit(present)
        asked = (band, painting.smooth)
        stale = {n for n, layer in layers.items() if self._is_stale(n, layer, asked)}
        self._images = {
            name: self._image(layer, *asked) if name in stale else self._images[name]
            for name, layer in present.items()
        }
        highest = brightness_at(list(self._images.values()), painting.percentile)
        scale = ColourScale(painting.stretch, highest)
        titles = view_titles(layers)
        has_scale_changed, self.scale = scale != self.scale, scale
        if has_scale_changed:
            self.views[self._with_bar].label_bar(scale)
        for name, layer in layers.items():
            if name in stale or (has_scale_changed and name in present):
                self._show_layer(name, layer, *asked, title=titles[name])
        self._show_difference(present)
        self._show_contours(present.get(painting.contours), painting.contours)

    def show_residuals(self, trials: Mapping[str, str], kind: str, band: Band) -> None:
        """Show residuals of trials, by view, against an instrument or the truth."""
        found = {v: self._deviation(trial, kind, band) for v, trial in trials.items()}
        images = [what[0] for what in found.values() if not isinstance(what, str)]
        is_error = kind == FUSION_LESS_TRUTH
        limit = difference_limit(images, self.scale.highest) if is_error else LIMIT
        _set_limits(self._residual, limit)
        ending = " − truth" if is_error else f": residual ({SIGMA})"
        for view, what in found.items():
            title = ("B" if view.startswith("second") else "A") + ending
            if isinstance(what, str):
                self.views[view].refuse(what, self.shared.extent, title=title)
            else:
                image, extent = what
                self.views[view].show(image, image, extent, title=title)

    def set_colours(self, colours: str) -> None:
        """Take other colours for brightness."""
        self._intensity.palette = palette(colours)

    def select(self, shape: Shape) -> None:
        """Outline a shape."""
        if shape != self._selected:
            self._selected = shape
            x, y = shape.outline()
            self.shared.selection.data = {"x": x, "y": y}

    def _view(self, name: str, mapper: LinearColorMapper, unit: str) -> MapView:
        ticker = _scale_ticker() if name == self._with_bar else _bar_ticker(name)
        view = MapView(name, mapper, self.shared, unit=unit, bar_ticker=ticker)
        # Two clicks in a short time are a double one to Bokeh: here they are two.
        view.figure.on_event(Tap, self._tapped)
        view.figure.on_event(DoubleTap, self._tapped)
        view.figure.on_event(SelectionGeometry, self._dragged)
        return view

    def _is_stale(self, name: str, layer: Layer | str, asked: object) -> bool:
        is_stale = self._shown.get(name) != (layer, asked)
        self._shown[name] = layer, asked
        return is_stale

    @staticmethod
    def _image(layer: Layer, band: Band, fwhm: float) -> np.ndarray:
        return smoothed(layer.image(band), fwhm / layer.pixel_sides[0])

    def _show_layer(
        self, name: str, layer: Layer | str, band: Band, fwhm: float, *, title: str
    ) -> None:
        view = self.views[name]
        if isinstance(layer, str):
            view.refuse(layer, self.shared.extent, title=title)
            return
        image = self._images[name]
        # What is blurred has other errors, which neighbouring pixels share.
        error = None if fwhm else layer.image_error(band)
        shares, title = self.scale.shares(image), title + f", {fwhm:g}″" * bool(fwhm)
        view.show(image, shares, layer.extent, title=title, error=error)

    def _show_contours(self, layer: Layer | None, name: str) -> None:
        xs: list[np.ndarray] = []
        ys: list[np.ndarray] = []
        if layer is not None:
            image = self._images[name]
            levels = np.nanmax(image) * np.array(CONTOUR_LEVELS)
            xs, ys = contours(image, layer.y, layer.x, levels)
        if xs or self.shared.contours.data["xs"]:
            self.shared.contours.data = {"xs": xs, "ys": ys}

    def _deviation(
        self, trial: str, kind: str, band: Band
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
        view, title = self.views["difference"], "B − A"
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

    def _tapped(self, event: Tap | DoubleTap) -> None:
        self._on_tap(event.x, event.y)

    def _dragged(self, event: SelectionGeometry) -> None:
        if event.final:
            self._on_drag(event.geometry)


def _scale_ticker() -> Ticker:
    return FixedTicker(ticks=list(ColourScale().ticks))


def _bar_ticker(name: str) -> Ticker | None:
    """Return where the colours of a difference are explained; None for others."""
    return BasicTicker(desired_num_ticks=3) if name in DIFFERENCE_VIEWS else None


def _set_limits(mapper: LinearColorMapper, limit: float) -> None:
    mapper.update(low=-limit, high=limit)


def _less(fusion: Layer, truth: Layer, band: Band) -> np.ndarray:
    """Return fusion less truth on the truth's pixels; a margin of the fusion is cut."""
    image, reference = fusion.image(band), truth.image(band)
    rows = Region((truth.y[0], truth.y[-1]), (truth.x[0], truth.x[-1])).slices(
        fusion.y, fusion.x
    )
    return np.asarray(image[rows] - reference)
