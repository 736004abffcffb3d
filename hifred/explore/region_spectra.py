"""The spectra of one place in every cube, taken again only where something changed."""

from collections.abc import Mapping
from typing import final

import numpy as np

from hifred.errors import HifredError
from hifred.explore.instrument_views import by_view
from hifred.explore.place import Place, pixels_of
from hifred.plots.layers import Layer, Spectrum
from hifred.plots.residuals import residual_spectrum


@final
class RegionSpectra:
    """The spectra that were asked for last, by view."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[Layer, Place, int], Spectrum]] = {}

    def of(
        self, layers: Mapping[str, Layer], place: Place, group: int
    ) -> dict[str, Spectrum]:
        """Return the spectra of a place: the same objects as before where they are.

        Parameters
        ----------
        layers : mapping of view to Layer
            Those whose pixels do not reach the place have no spectrum.
        place : Place
        group : int
            Bins that are joined, but for the imager's, which are wide.
        """
        found = {}
        for view, layer in layers.items():
            joined = 1 if layer.role == "imager" else group
            if (spectrum := self._spectrum(view, layer, place, joined)) is not None:
                found[view] = spectrum
        return found

    def _spectrum(
        self, view: str, layer: Layer, place: Place, group: int
    ) -> Spectrum | None:
        asked = layer, place, group
        if view not in self._kept or self._kept[view][0] != asked:
            try:
                pixels = pixels_of(place, layer)
            except HifredError:
                return None
            self._kept[view] = asked, layer.spectrum(pixels, group=group)
        return self._kept[view][1]


def residuals_of(
    counts: Mapping[str, Layer], expected: Mapping[str, Layer], place: Place
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return edges (keV) and residuals (standard deviations) of a place, by view."""
    found = {}
    models = by_view(counts, expected)
    for view, data in by_view(counts, counts).items():
        try:
            pixels = pixels_of(place, data)
        except HifredError:
            continue
        residuals = residual_spectrum(data, models[view], pixels)
        found[view] = data.edges, residuals
    return found
