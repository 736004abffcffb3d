"""Moments and band ratios that a ``lines.toml`` asks for, with errors from draws."""

import logging
from collections.abc import Callable

import xarray as xr

from hifred import dims
from hifred.products.draws import DrawnCubes
from hifred.products.moment_maps import band_ratio, moment_map
from hifred.products.settings import LineSettings

LOGGER = logging.getLogger(__name__)
Measure = Callable[[xr.DataArray], xr.DataArray]


def band_maps(
    flux: xr.DataArray, settings: LineSettings, draws: DrawnCubes | None = None
) -> xr.Dataset:
    """Return the maps (y, x) of all bands: ``moment_0_NAME`` to 2, ``ratio_NAME``.

    Parameters
    ----------
    flux : (energy, y, x) DataArray, photon cm-2 s-1 per bin
    settings : LineSettings
        Of which moments and ratios are read.
    draws : optional
        With them every map has a ``NAME_error``, the standard deviation of the draws.

    Raises
    ------
    HifredError
        If a band holds no bin of the cube.
    """
    _tell_beyond(flux, settings)
    measures = _measures(settings)
    found = xr.Dataset({name: measure(flux) for name, measure in measures.items()})
    if draws is None or not measures:
        return found
    drawn = [
        xr.Dataset({name: measure(cube) for name, measure in measures.items()})
        for cube in draws.cubes()
    ]
    deviation = xr.concat(drawn, "draw").std("draw", ddof=1)
    for name in measures:
        words = f"{found[name].attrs['long_name']}: standard error"
        attrs = found[name].attrs | {"long_name": words}
        found[f"{name}_error"] = deviation[name].assign_attrs(attrs)
    return found


def _tell_beyond(flux: xr.DataArray, settings: LineSettings) -> None:
    """Warn of bands whose maps hold less than they say: by more than a bin."""
    first, last = (float(flux[dims.ENERGY][end]) for end in (0, -1))
    spare = 1.5 * (last - first) / max(flux.sizes[dims.ENERGY] - 1, 1)
    bands = [moment.band_kev for moment in settings.moments.values()]
    for ratio in settings.ratios.values():
        bands += [ratio.upper_kev, ratio.lower_kev]
    for low, high in bands:
        if low < first - spare or high > last + spare:
            LOGGER.warning(
                "the band from %g to %g keV reaches beyond the cube: its maps hold "
                "%.5g to %.5g keV.",
                *(low, high, max(low, first), min(high, last)),
            )


def _measures(settings: LineSettings) -> dict[str, Measure]:
    measures: dict[str, Measure] = {}
    for name, moment in settings.moments.items():
        for order in (0, 1, 2):
            measures[f"moment_{order}_{name}"] = _moment(moment.band_kev, order)
    for name, ratio in settings.ratios.items():
        measures[f"ratio_{name}"] = _ratio(ratio.upper_kev, ratio.lower_kev)
    return measures


def _moment(band: tuple[float, float], order: int) -> Measure:
    return lambda cube: moment_map(cube, band, order)


def _ratio(upper: tuple[float, float], lower: tuple[float, float]) -> Measure:
    return lambda cube: band_ratio(cube, upper, lower)
