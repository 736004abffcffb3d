"""The linked maps: truth, instruments, fusion and residual, and a second trial's."""

from collections.abc import Callable, Mapping
from typing import final

import numpy as np
from bokeh.events import SelectionGeometry, Tap
from bokeh.models import ColumnDataSource, Range1d

from hifred.explore.drawing import difference_mapper, intensity_mapper, signed_root
from hifred.explore.map_view import MapView
from hifred.plots.labels import SURFACE_BRIGHTNESS_UNIT, plain_unit
from hifred.plots.layers import Layer
from hifred.plots.maps import highest_value
from hifred.plots.regions import Region
from hifred.plots.residuals import LIMIT, residual_image
from hifred.plots.shelf import Shelf

LAYER_VIEWS = ("truth", "imager", "spectrometer", "fusion", "second_fusion")
RESIDUAL_VIEWS = ("residual", "second_residual")
UNIT = plain_unit(SURFACE_BRIGHTNESS_UNIT)
NO_TRUTH = "no truth: real data"
FUSION_LESS_TRUTH = "fusion − truth"


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
        self.selection = ColumnDataSource(
            {key: [] for key in ("left", "right", "bottom", "top")}, name="selection"
        )
        self._ranges = Range1d(-1, 1), Range1d(-1, 1)
        self._intensity = intensity_mapper()
        self._residual, self._difference = difference_mapper(), difference_mapper()
        self.views = {name: self._view(name, self._intensity) for name in LAYER_VIEWS}
        for name in RESIDUAL_VIEWS:
            self.views[name] = self._view(name, self._residual)
        self.views["difference"] = self._view("difference", self._difference)

    def _view(self, name: str, mapper: object) -> MapView:
        is_rooted = mapper is self._intensity
        has_bar = name in {"fusion", "residual", "difference"}
        view = MapView(
            name,
            mapper,
            ranges=self._ranges,
            selection=self.selection,
            is_rooted=is_rooted,
            unit=(UNIT if is_rooted else " ") if has_bar else "",
        )
        view.figure.on_event(Tap, lambda event: self._tapped(event))
        view.figure.on_event(SelectionGeometry, lambda event: self._dragged(event))
        return view

    def show_layers(
        self, layers: Mapping[str, Layer | str], band: tuple[float, float]
    ) -> None:
        """Show the layers by view name, on one scale; a str is the word for none."""
        present = {k: v for k, v in layers.items() if isinstance(v, Layer)}
        images = {name: layer.image(band) for name, layer in present.items()}
        top = highest_value(list(images.values()))
        self._intensity.update(low=0.0, high=float(signed_root(np.array(top or 1.0))))
        extent = self._fit(present)
        for name, layer in layers.items():
            title = name.replace("second_fusion", "fusion B")
            if isinstance(layer, Layer):
                self.views[name].show(images[name], layer.extent, title=title)
            else:
                self.views[name].refuse(layer, extent, title=title)
        self._show_difference(images, present)

    def show_residual(
        self, view: str, trial: str | None, kind: str, band: tuple[float, float]
    ) -> None:
        """Show the residual of a trial against an instrument, or against the truth."""
        extent = self._extent
        if trial is None or not self._shelf.is_done(trial):
            word = "" if trial is None else self._shelf.word(trial)
            self.views[view].refuse(word, extent, title="residual")
            return
        model = self._shelf.model_of(trial)
        if kind == FUSION_LESS_TRUTH:
            self._show_error(view, trial, model, band)
            return
        data, expected = (
            self._shelf.counts(model)[kind],
            self._shelf.predictions(trial)[kind],
        )
        self._residual.update(low=-LIMIT, high=LIMIT)
        self.views[view].show(
            residual_image(data, expected, band),
            data.extent,
            title=f"residual: {kind} (σ)",
        )

    def select(self, region: Region, pixel_sides: tuple[float, float]) -> None:
        """Outline a region; a pixel with its own sides, (y, x) in arcsec."""
        y, x = region.centre
        half_y = max(region.y_range[1] - region.y_range[0], pixel_sides[0]) / 2
        half_x = max(region.x_range[1] - region.x_range[0], pixel_sides[1]) / 2
        self.selection.data = {
            "left": [x - half_x], "right": [x + half_x],
            "bottom": [y - half_y], "top": [y + half_y],
        }  # fmt: skip

    def _show_error(
        self, view: str, trial: str, model: str, band: tuple[float, float]
    ) -> None:
        truth = self._shelf.truth(model)
        if truth is None:
            self.views[view].refuse(NO_TRUTH, self._extent, title=FUSION_LESS_TRUTH)
            return
        fusion = self._shelf.fusion(trial)
        error = _less(fusion, truth, band)
        limit = highest_value([np.abs(error)]) or 1.0
        self._residual.update(low=-limit, high=limit)
        self.views[view].show(
            error, truth.extent, title=f"{FUSION_LESS_TRUTH} ({UNIT})"
        )

    def _show_difference(
        self, images: Mapping[str, np.ndarray], layers: Mapping[str, Layer]
    ) -> None:
        if "fusion" not in images or "second_fusion" not in images:
            self.views["difference"].refuse("no pair", self._extent, title="B − A")
            return
        if images["fusion"].shape != images["second_fusion"].shape:
            self.views["difference"].refuse("other grid", self._extent, title="B − A")
            return
        difference = images["second_fusion"] - images["fusion"]
        limit = highest_value([np.abs(difference)]) or 1.0
        self._difference.update(low=-limit, high=limit)
        extent = layers["fusion"].extent
        self.views["difference"].show(difference, extent, title="fusion B − fusion A")

    @property
    def _extent(self) -> tuple[float, float, float, float]:
        x, y = self._ranges
        return x.start, x.end, y.start, y.end

    def _fit(self, layers: Mapping[str, Layer]) -> tuple[float, float, float, float]:
        """Fit the shared ranges to the imager, when the field has changed."""
        chosen = layers.get("imager") or next(iter(layers.values()))
        left, right, bottom, top = chosen.extent
        x, y = self._ranges
        if (x.reset_start, x.reset_end, y.reset_start, y.reset_end) != chosen.extent:
            x.update(start=left, end=right, reset_start=left, reset_end=right)
            y.update(start=bottom, end=top, reset_start=bottom, reset_end=top)
            for view in self.views.values():
                view.fit(chosen.extent)
        return chosen.extent

    def _tapped(self, event: Tap) -> None:
        self._on_region(Region.pixel(event.y, event.x))

    def _dragged(self, event: SelectionGeometry) -> None:
        box = event.geometry
        if event.final and box.get("type") == "rect":
            self._on_region(Region((box["y0"], box["y1"]), (box["x0"], box["x1"])))


def _less(fusion: Layer, truth: Layer, band: tuple[float, float]) -> np.ndarray:
    """Return fusion less truth on the truth's pixels; a margin of the fusion is cut."""
    image, reference = fusion.image(band), truth.image(band)
    rows = Region((truth.y[0], truth.y[-1]), (truth.x[0], truth.x[-1])).slices(
        fusion.y, fusion.x
    )
    return np.asarray(image[rows] - reference)
