"""The map of a moment of the spectra in the band."""

from typing import Literal, final

import numpy as np
from bokeh.models import LinearColorMapper
from bokeh.models.tickers import BasicTicker

from hifred.explore.drawing import palette
from hifred.explore.map_view import MapView, SharedParts
from hifred.plots.labels import plain_unit
from hifred.plots.layers import Layer
from hifred.plots.shelf import Shelf
from hifred.plots.style import ANGLE_COLOURMAP, NO_DATA_COLOUR
from hifred.products.moment_maps import moment_map

MOMENTS: dict[str, Literal[0, 1, 2]] = {
    "photons in the band": 0,
    "mean energy": 1,
    "variance of the energy": 2,
}


@final
class MomentView:
    """A map of a moment of the fused cube A, on a scale of its own.

    Parameters
    ----------
    shelf : Shelf
    shared : SharedParts
    """

    def __init__(self, shelf: Shelf, shared: SharedParts) -> None:
        self._shelf, self._shared = shelf, shared
        self._mapper = LinearColorMapper(
            palette=palette(ANGLE_COLOURMAP), low=0, high=1, nan_color=NO_DATA_COLOUR
        )
        ticker = BasicTicker(desired_num_ticks=3)
        self.map = MapView("moment", self._mapper, shared, unit="", bar_ticker=ticker)

    def show(self, trial: str, moment: str, band: tuple[float, float]) -> None:
        """Show a moment of a trial's cube in a band (keV), or that there is none."""
        if not moment or not self._shelf.is_done(trial):
            word = self._shelf.word(trial) if moment else "no moment chosen"
            self.map.refuse(word, self._shared.extent, title="moment")
            return
        layer = self._shelf.fusion(trial)
        cube = self._shelf.trial(trial)["flux"]
        found = moment_map(cube, _whole_bins(layer, band), MOMENTS[moment])
        values = found.to_numpy()
        self._mapper.update(low=float(np.nanmin(values)), high=float(np.nanmax(values)))
        title = f"{moment} ({plain_unit(found.attrs['units'])})"
        self.map.show(values, values, layer.extent, title=title)


def _whole_bins(layer: Layer, band: tuple[float, float]) -> tuple[float, float]:
    """Return the edges of the bins that the maps of a band add up, keV."""
    bins = layer.bins(band)
    return float(layer.edges[bins.start]), float(layer.edges[bins.stop])
