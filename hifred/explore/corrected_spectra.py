"""Spectra of fusions, corrected for what their priors moved between regions."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np
import xarray as xr

from hifred import dims
from hifred.errors import HifredError
from hifred.explore.instrument_views import FUSIONS
from hifred.explore.late_work import LateWork
from hifred.explore.place import (
    Place,
    have_shared_names,
    pixels_of,
    read_named_shapes,
    shares_of,
)
from hifred.explore.view import CORRECTED, View
from hifred.observations import FusionInput
from hifred.plots.layers import Layer, Spectrum
from hifred.plots.shelf import Shelf
from hifred.regions import SkyRegion
from hifred.spectra import region_flux

logger = logging.getLogger(__name__)

MOST_KEPT = 16
SUM = "sum over the pixels of the cube"
OTHER_NUMBERS = (
    "; each shape is a region of its own here, where `hifred spectra` takes shapes of "
    "one name together, and has other numbers"
)

# Flux (place, energy), photon cm-2 s-1 per bin; or why there is none.
Found = np.ndarray | str


@final
@dataclass(frozen=True)
class Asked:
    """A trial, and places whose spectra are corrected together.

    Parameters
    ----------
    trial : str
    places : tuple of Place
    """

    trial: str
    places: tuple[Place, ...]


@final
class CorrectedSpectra:
    """The spectra that `hifred spectra` writes, found beside the page and kept.

    Parameters
    ----------
    shelf : Shelf

    Attributes
    ----------
    work : LateWork
        Corrects: a region of a large cube takes seconds.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._found: dict[Asked, Found] = {}
        self._shown: dict[str, tuple[tuple[Asked, Place, int], Spectrum]] = {}
        self.work = LateWork()

    def begin(self, view: View, place: Place, then: Callable[[], None]) -> None:
        """Correct what a view wants and has not yet, then call `then`."""
        asked = self._asked(view, place).values()
        known = {one: self._found.pop(one) for one in asked if one in self._found}
        self._found |= known  # at the end: the first are dropped
        missing = [one for one in asked if one not in known]
        corrections = [self._correction(one) for one in missing]

        def keep(found: list[Found]) -> None:
            self._found |= dict(zip(missing, found, strict=True))
            for old in list(self._found)[:-MOST_KEPT]:
                del self._found[old]
            then()

        if missing:
            self.work.begin(lambda: [correct() for correct in corrections], keep)

    def of(self, view: View, place: Place) -> dict[str, Spectrum]:
        """Return the spectra of a place that are corrected, by the view of the fusion.

        They are the same objects as before where nothing differs.
        """
        return {
            name: self._spectrum(name, (one, place, view.group), found)
            for name, one in self._asked(view, place).items()
            if isinstance(found := self._found.get(one), np.ndarray)
        }

    def kinds(self, view: View, place: Place) -> dict[str, str]:
        """Return in words what the spectra of fusions are, by view."""
        done = self._done(view)
        asked = self._asked(view, place)
        return {
            name: self._kind(asked[name], view.among) if asked else SUM for name in done
        }

    def _done(self, view: View) -> dict[str, str]:
        trials = zip(FUSIONS, (view.trial, view.second), strict=True)
        return {n: trial for n, trial in trials if trial and self._shelf.is_done(trial)}

    def _asked(self, view: View, place: Place) -> dict[str, Asked]:
        if view.spectra != CORRECTED:
            return {}
        places = tuple(read_named_shapes(view.among).values()) or (place,)
        return {name: Asked(trial, places) for name, trial in self._done(view).items()}

    def _kind(self, one: Asked, among: str) -> str:
        found = self._found.get(one)
        if found is None:
            return f"{SUM}; the correction is on its way"
        if isinstance(found, str):
            reason = " ".join(found.split()).removesuffix(".")
            return f"{SUM}, not corrected: {reason}"
        has_draws = self._shelf.fusion(one.trial).draws is not None
        errors = ", without errors (`hifred spectra` has them)" if has_draws else ""
        if have_shared_names(among):
            return f"corrected with {_company(one)}{errors}{OTHER_NUMBERS}"
        return f"corrected with {_company(one)}, as by `hifred spectra`{errors}"

    def _spectrum(
        self, view: str, wanted: tuple[Asked, Place, int], found: np.ndarray
    ) -> Spectrum:
        if view not in self._shown or self._shown[view][0] != wanted:
            one, place, group = wanted
            layer, flux = self._shelf.fusion(one.trial), found[one.places.index(place)]
            spectrum = layer.mean_spectrum(flux, pixels_of(place, layer), group=group)
            self._shown[view] = wanted, spectrum
        return self._shown[view][1]

    def _correction(self, one: Asked) -> Callable[[], Found]:
        """Return what corrects, with all it needs: a shelf serves one thread."""
        shelf = self._shelf
        try:
            layer, result = shelf.fusion(one.trial), shelf.trial(one.trial)
            fusion_input = shelf.input(shelf.model_of(one.trial))
        except Exception as error:  # whatever a file that is gone or broken raises
            reason = _reason(error)
            return lambda: reason
        return partial(_corrected, one.places, layer, result, fusion_input)


def _company(one: Asked) -> str:
    if len(one.places) == 1:
        return "the sky around"
    return f"all {len(one.places)} regions of its file and the sky around"


def _corrected(
    places: tuple[Place, ...],
    layer: Layer,
    result: xr.Dataset,
    fusion_input: FusionInput,
) -> Found:
    try:
        regions = [
            SkyRegion(f"{n}", xr.DataArray(shares_of(place, layer), dims=dims.IMAGE))
            for n, place in enumerate(places, start=1)
        ]
        flux = region_flux(result, regions, fusion_input=fusion_input)["flux"]
    except Exception as error:  # else the page would wait for ever
        return _reason(error)
    return flux.to_numpy()


def _reason(error: Exception) -> str:
    """Return why there is no correction; what nobody foresaw is logged, too."""
    if isinstance(error, HifredError):
        return str(error)
    logger.error("a spectrum could not be corrected", exc_info=error)
    return f"{type(error).__name__}: {error}"
