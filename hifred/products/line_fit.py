"""Gaussian lines on a continuum, fitted to many spectra at once."""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.products import profile_kernels as kernels
from hifred.products.first_guesses import pair_guesses, single_guesses
from hifred.products.line_band import LineBand
from hifred.products.resolution import FWHM
from hifred.products.side_bands import line_moments
from hifred.threads import in_slices

# A fit ends when its last step was below this many standard errors.
TOLERANCE = 2e-2
N_STEPS = 25
# From the fit of the cube to that of a draw; what is not there by then is no line.
N_STEPS_OF_A_DRAW = 12
# Evidence, in the Bayesian information criterion, that counts as very strong
# (Kass & Raftery 1995, J. Am. Stat. Assoc. 90, 773).
EVIDENCE = 10.0
# Separation, in FWHM of the cube, below which no pair is told. Pairs of 1.5 are; the
# noise of the separation must not hide them.
LEAST_SEPARATION = 1.25


@final
@dataclass(frozen=True, eq=False)
class LineFit:
    """Fitted parameters of many spectra.

    Parameters
    ----------
    values : (spectrum, parameter) array
        As `hifred.products.profile_kernels` orders them.
    status : (spectrum,) array of int
        How each fit ended.
    """

    values: np.ndarray
    status: np.ndarray

    @property
    def n_lines(self) -> int:
        """Number of Gaussians."""
        return (self.values.shape[1] - kernels.N_SHARED) // 2

    def part(self, chosen: np.ndarray) -> "LineFit":
        """Return the fits of some of the spectra."""
        return LineFit(self.values[chosen], self.status[chosen])

    @property
    def continuum(self) -> np.ndarray:
        """At both ends of the band, (spectrum, 2), photon cm-2 s-1 keV-1."""
        return self.values[:, :2]

    @property
    def variance(self) -> np.ndarray:
        """Of a line beside the resolution, (spectrum,), keV2; noise may make it < 0."""
        return self.values[:, 2]

    @property
    def fluxes(self) -> np.ndarray:
        """(spectrum, line), photon cm-2 s-1."""
        return self.values[:, kernels.N_SHARED :: 2]

    @property
    def energies(self) -> np.ndarray:
        """(spectrum, line), keV."""
        return self.values[:, kernels.N_SHARED + 1 :: 2]


def fit_lines(
    spectra: np.ndarray,
    exposure: np.ndarray,
    band: LineBand,
    first: np.ndarray,
    n_steps: int = N_STEPS,
) -> LineFit:
    r"""Fit lines on a linear continuum, as the Poisson likelihood weighs the bins.

    .. math:: m_i = \Delta_i \, c(E_i) + \sum_k F_k \int_i L * N(E_k, v)

    with ``L`` the shape of the line at the cube's resolution.

    Parameters
    ----------
    spectra : (spectrum, bin) array, photon cm-2 s-1
    exposure : (bin,) array, cm2 s
        Flux times exposure is count-like; the scale does not change the estimate.
    band : LineBand
    first : (spectrum, parameter) array
        Where to begin.
    n_steps : int
        Steps after which a fit ends.

    Returns
    -------
    LineFit
        NaN where a spectrum is dark.
    """
    values = np.array(first, dtype=float, order="C")
    status = np.zeros(len(values), dtype=np.int64)
    in_slices(
        kernels.fit_all,
        len(values),
        np.ascontiguousarray(spectra, dtype=float),
        np.ascontiguousarray(exposure, dtype=float),
        *_constants(band),
        _bounds(band),
        values,
        TOLERANCE,
        n_steps,
        status,
    )
    values[status == kernels.DARK] = np.nan
    return LineFit(values, status)


def fit_one_line(spectra: np.ndarray, exposure: np.ndarray, band: LineBand) -> LineFit:
    """Fit one Gaussian from several first guesses, as `fit_lines`; the best is kept."""
    guesses = single_guesses(line_moments(spectra, band), band)
    return _best_fit(spectra, exposure, band, guesses)


def fit_two_lines(spectra: np.ndarray, exposure: np.ndarray, band: LineBand) -> LineFit:
    """Fit two Gaussians of one width from several first guesses; the best is kept."""
    guesses = pair_guesses(line_moments(spectra, band), band)
    best = _best_fit(spectra, exposure, band, guesses)
    return LineFit(_in_order(best.values), best.status)


def _best_fit(
    spectra: np.ndarray, exposure: np.ndarray, band: LineBand, guesses: list[np.ndarray]
) -> LineFit:
    fits = [fit_lines(spectra, exposure, band, guess) for guess in guesses]
    costs = np.stack([misfits(spectra, exposure, band, fit, fit) for fit in fits])
    best = np.argmin(np.nan_to_num(costs, nan=np.inf), axis=0)
    rows = np.arange(len(spectra))
    return LineFit(
        np.stack([fit.values for fit in fits])[best, rows],
        np.stack([fit.status for fit in fits])[best, rows],
    )


def shows_two(
    spectra: np.ndarray,
    exposure: np.ndarray,
    band: LineBand,
    *,
    fits: tuple[LineFit, LineFit],
) -> np.ndarray:
    """Return which spectra show two lines rather than one broad one, (spectrum,) bool.

    Parameters
    ----------
    spectra, exposure, band
        As for `fit_lines`.
    fits : (LineFit, LineFit)
        Of one line and of two.

    Notes
    -----
    Two are told where both fluxes are above 0, the energies differ by 1.25 times the
    resolution (FWHM) or more, and the Bayesian information criterion says so very
    strongly. Where residuals are larger than those of counts, all are scaled down.
    """
    one, two = fits
    cost_of_one = misfits(spectra, exposure, band, one, two)
    cost_of_two = misfits(spectra, exposure, band, two, two)
    n_bins = spectra.shape[1]
    scale = np.maximum(cost_of_two / (n_bins - two.values.shape[1]), 1.0)
    evidence = (cost_of_one - cost_of_two) / scale - 2.0 * np.log(n_bins)
    separation = np.abs(np.diff(two.energies, axis=1)[:, 0])
    is_apart = separation >= LEAST_SEPARATION * resolution_kev(band)
    is_fitted = two.status == kernels.FITTED
    return (
        is_fitted & is_apart & (evidence > EVIDENCE) & np.all(two.fluxes > 0.0, axis=1)
    )


def resolution_kev(band: LineBand) -> float:
    """Return the resolution (FWHM) at the line, at least two bins of the cube."""
    return max(float(FWHM * np.sqrt(band.shape.variances.min())), 2 * band.width.min())


def misfits(
    spectra: np.ndarray,
    exposure: np.ndarray,
    band: LineBand,
    fit: LineFit,
    weigher: LineFit,
) -> np.ndarray:
    """Return the weighted squared residuals of a fit, (spectrum,).

    The variance of a bin is what `weigher` expects in it, in count-like units.
    """
    found = np.empty(len(spectra))
    in_slices(
        kernels.write_misfits,
        len(spectra),
        np.ascontiguousarray(spectra, dtype=float),
        np.ascontiguousarray(exposure, dtype=float),
        *_constants(band),
        fit.values,
        weigher.values,
        found,
    )
    return found


def _constants(band: LineBand) -> tuple[tuple[np.ndarray, ...], ...]:
    shape = band.shape
    return (
        (np.ascontiguousarray(band.low), np.ascontiguousarray(band.high)),
        (shape.shares, shape.offsets, shape.variances),
    )


def _bounds(band: LineBand) -> tuple[float, float, float, float]:
    """Return the least and most variance beside the resolution, and the window."""
    lowest, highest = band.window_kev
    narrowest = float(band.shape.variances.min())
    finest = (0.05 * float(band.width.min())) ** 2
    # A line of noise may be narrower than the resolution; below this it is a spike.
    return finest - 0.8 * narrowest, (0.5 * (highest - lowest)) ** 2, lowest, highest


def _in_order(values: np.ndarray) -> np.ndarray:
    """Return the parameters with the line of lower energy first."""
    swapped = values[:, 4] > values[:, 6]
    values = values.copy()
    values[swapped] = values[swapped][:, [0, 1, 2, 5, 6, 3, 4]]
    return values
