"""Maps of lines: flux, velocity, width and equivalent width with their errors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import xarray as xr

from hifred.errors import HifredError
from hifred.products.band_maps import band_maps
from hifred.products.bins import Bins, line_bins
from hifred.products.drawn_slabs import drawn_slabs
from hifred.products.draws import DrawnCubes
from hifred.products.line_band import WINDOW, LineBand, line_band
from hifred.products.line_fit import (
    N_STEPS_OF_A_DRAW,
    LineFit,
    fit_lines,
    fit_one_line,
    fit_two_lines,
    shows_two,
)
from hifred.products.maps import LineMaps, labelled_lines
from hifred.products.profile_kernels import N_SHARED
from hifred.products.quantities import fit_quantities, moment_quantities
from hifred.products.resolution import line_shape
from hifred.products.settings import Components, LineSettings
from hifred.products.side_bands import continuum_error, line_moments
from hifred.products.sky_cube import SkyCube
from hifred.settings import read_settings

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Report to nobody."""


def measure_lines(
    cube: xr.Dataset | xr.DataArray,
    settings: LineSettings | Mapping[str, object],
    *,
    draws: DrawnCubes | None = None,
    line_spread: np.ndarray | None = None,
    on_progress: Progress = _silent,
) -> xr.Dataset:
    """Return flux, velocity, width and equivalent width of lines in every pixel.

    Each line is measured twice: by moments over the continuum of its side bands, and
    by one or two Gaussians at the cube's resolution on a linear continuum, fitted to
    window and side bands together with the weights of counts. Flux, velocity, width and
    equivalent width are those of one Gaussian, also where two are told, unless two are
    asked for.

    Parameters
    ----------
    cube : Dataset or (energy, y, x) DataArray
        ``flux`` in photon cm-2 s-1 per bin with ``energy`` or ``energy_edges`` in keV:
        a fusion, a truth, or any other cube; ``reference_exposure`` (energy), cm2 s,
        and ``line_spread`` are used where it has them.
    settings : LineSettings or mapping
        As a ``lines.toml`` holds them.
    draws : optional
        Anything with ``.fit`` and ``.cubes()``: posterior draws, `CubeSet` or
        `CountDraws`. Every quantity is measured on every draw.
    line_spread : (odd,) array, optional
        The response to a line, on energy bins, that the cube still has; instead of its
        own. Without any, widths include the resolution.
    on_progress : callable
        Called with the number of cubes measured and their total.

    Returns
    -------
    Dataset
        The variables of `hifred.products.quantities.QUANTITIES` (line, y, x); with
        draws ``NAME_error``, their standard deviation, and the ends of the central
        interval, ``NAME_lower`` and ``NAME_upper``. ``status`` tells which fits are
        to be trusted, ``components`` the number of Gaussians, ``bin_number`` what was
        added up. See `band_maps` for those of moments and ratios.

    Raises
    ------
    HifredError
        If the settings, a line or the cube make no sense; see `line_band`.
    """
    if not isinstance(settings, LineSettings):
        settings = read_settings(LineSettings, settings)
    sky = SkyCube.of(cube, line_spread)
    resolution = line_shape(sky.line_spread, sky.bin_width)
    tasks = []
    for name, choice in settings.lines.items():
        band = line_band(
            name,
            choice,
            settings,
            energy_edges=sky.energy_edges,
            resolution=resolution,
        )
        tasks.append(_Task.begin(sky, band, settings, choice.components))
    _measure_draws(tasks, sky, draws, on_progress)
    maps = labelled_lines([task.maps() for task in tasks], sky, settings)
    return maps.merge(band_maps(sky.labelled_flux, settings, draws))


@final
@dataclass(frozen=True, eq=False)
class _Task:
    """One line: what was fitted to the cube, and what is found in the draws."""

    band: LineBand
    exposure: np.ndarray
    bins: Bins
    settings: LineSettings
    one: LineFit | None
    two: LineFit
    is_pair: np.ndarray
    found: Mapping[str, np.ndarray]
    signal: np.ndarray
    continuum_error: np.ndarray
    drawn: list[dict[str, np.ndarray]]

    @classmethod
    def begin(
        cls,
        sky: SkyCube,
        band: LineBand,
        settings: LineSettings,
        components: Components | None,
    ) -> "_Task":
        exposure = sky.grouped_exposure(band)
        pixels = sky.grouped_flux(band)
        bins = line_bins(pixels, exposure, band, settings)
        spectra = bins.summed(pixels)
        one, two, is_pair = _fitted(
            spectra, exposure, band, components or settings.components
        )
        found = _quantities(spectra, band, (one, two), is_pair, settings)
        signal = _signal_to_noise(spectra, exposure, band, found["flux"])
        off = continuum_error(spectra, band)
        return cls(
            band, exposure, bins, settings, one, two, is_pair, found, signal, off, []
        )

    def measure(self, pixels: np.ndarray) -> None:
        """Measure a draw's pixels (bin, y, x) from where the cube's fits ended."""
        spectra = self.bins.summed(pixels)
        fits = (
            None if self.one is None else self._from(self.one, spectra),
            self._from(self.two, spectra[self.is_pair]),
        )
        found = _quantities(spectra, self.band, fits, self.is_pair, self.settings)
        self.drawn.append(found)

    def _from(self, fit: LineFit, spectra: np.ndarray) -> LineFit:
        return fit_lines(
            spectra, self.exposure, self.band, fit.values, n_steps=N_STEPS_OF_A_DRAW
        )

    def maps(self) -> LineMaps:
        """Return everything that was found."""
        return LineMaps(
            self.band,
            self.bins,
            self.found,
            self.drawn,
            signal=self.signal,
            continuum_error=self.continuum_error,
            status=(self.one or self.two).status,
            is_pair=self.is_pair,
        )


def _fitted(
    spectra: np.ndarray, exposure: np.ndarray, band: LineBand, components: Components
) -> tuple[LineFit | None, LineFit, np.ndarray]:
    """Return the fits of one line, and of two where spectra are pairs.

    One is fitted to all unless all are to be pairs.
    """
    if components == 2:
        two = fit_two_lines(spectra, exposure, band)
        return None, two, np.ones(len(spectra), bool)
    one = fit_one_line(spectra, exposure, band)
    if components == 1:
        nothing = LineFit(np.empty((0, N_SHARED + 4)), np.empty(0, int))
        return one, nothing, np.zeros(len(spectra), bool)
    two = fit_two_lines(spectra, exposure, band)
    is_pair = shows_two(spectra, exposure, band, fits=(one, two))
    return one, two.part(is_pair), is_pair


def _quantities(
    spectra: np.ndarray,
    band: LineBand,
    fits: tuple[LineFit | None, LineFit],
    is_pair: np.ndarray,
    settings: LineSettings,
) -> dict[str, np.ndarray]:
    convention = settings.velocity_convention
    one, two = fits
    found = {}
    for name, values in fit_quantities(two, band, convention).items():
        found[name] = np.full(len(spectra), np.nan)
        found[name][is_pair] = values
    if one is not None:
        # The mean of a line is that of one Gaussian everywhere: a map must not jump
        # where a second one is told.
        found |= fit_quantities(one, band, convention)
    moments = line_moments(spectra, band)
    return found | moment_quantities(moments, band, convention)


def _signal_to_noise(
    spectra: np.ndarray, exposure: np.ndarray, band: LineBand, flux: np.ndarray
) -> np.ndarray:
    """Return the flux over the error of as many counts, (group,)."""
    window = band.part == WINDOW
    counts = spectra[:, window] @ exposure[window]
    scale = np.mean(exposure[window])
    return flux * scale / np.sqrt(np.maximum(counts, 1.0))


def _measure_draws(
    tasks: list[_Task], sky: SkyCube, draws: DrawnCubes | None, on_progress: Progress
) -> None:
    if draws is None or not tasks:
        return
    total = int(getattr(draws, "count", 0))
    bands = [task.band for task in tasks]
    for done, slabs in enumerate(drawn_slabs(draws, sky, bands), start=1):
        for task, slab in zip(tasks, slabs, strict=True):
            task.measure(slab)
        on_progress(done, max(total, done))
    if len(tasks[0].drawn) < 2:
        raise HifredError(
            f"draws must hold at least 2 cubes; got {len(tasks[0].drawn)}."
        )
