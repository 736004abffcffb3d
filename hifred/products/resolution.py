"""The resolution of a cube: the response to a line as a sum of Gaussians."""

from dataclasses import dataclass
from typing import final

import numpy as np
import scipy

# Gaussians are added until the largest residual is below this share of the peak.
RESIDUAL = 0.001
MOST_GAUSSIANS = 4
# Lines within this share of the resolution's sigma have one profile, to 1e-3 of it.
UNRESOLVED = 0.25
# Full width at half maximum of a Gaussian over its sigma.
FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@final
@dataclass(frozen=True, eq=False)
class LineShape:
    """A unit line as a sum of Gaussians about its energy.

    Parameters
    ----------
    shares : (gaussian,) array
        Their sum is 1.
    offsets : (gaussian,) array, keV
    variances : (gaussian,) array, keV2
    """

    shares: np.ndarray
    offsets: np.ndarray
    variances: np.ndarray

    @property
    def mean(self) -> float:
        """Mean offset, keV."""
        return float(self.shares @ self.offsets)

    @property
    def variance(self) -> float:
        """Variance about the mean offset, keV2."""
        about = self.variances + (self.offsets - self.mean) ** 2
        return float(self.shares @ about)

    @property
    def fwhm(self) -> float:
        """Full width at half maximum, keV, of the Gaussian of the narrowest part."""
        return float(FWHM * np.sqrt(self.variances.min()))

    def of_complex(self, energies: np.ndarray, shares: np.ndarray) -> "LineShape":
        """Return the shape of several lines at `energies` (keV) about their mean.

        Lines that are much nearer than the resolution are one, of their mean and
        variance.
        """
        nearest = UNRESOLVED * np.sqrt(self.variances.min())
        groups = _near_groups(energies, nearest)
        parts = [_merged(energies[g], shares[g]) for g in groups]
        weights, means, variances = (
            np.array(column) for column in zip(*parts, strict=True)
        )
        offsets = means - weights @ means
        return LineShape(
            np.outer(weights, self.shares).ravel(),
            np.add.outer(offsets, self.offsets).ravel(),
            np.add.outer(variances, self.variances).ravel(),
        )


def _near_groups(energies: np.ndarray, nearest: float) -> list[np.ndarray]:
    """Return the indices of lines in groups no wider than `nearest` (keV)."""
    groups: list[list[int]] = []
    for i_line in np.argsort(energies):
        if groups and energies[i_line] - energies[groups[-1][0]] < nearest:
            groups[-1].append(int(i_line))
        else:
            groups.append([int(i_line)])
    return [np.array(group) for group in groups]


def _merged(energies: np.ndarray, shares: np.ndarray) -> tuple[float, float, float]:
    """Return share, mean and variance of lines that stand as one."""
    total = float(shares.sum())
    mean = float(shares @ energies / total)
    return total, mean, float(shares @ (energies - mean) ** 2 / total)


def line_shape(line_spread: np.ndarray | None, bin_width: float) -> LineShape:
    """Return a line spread on energy bins as a sum of Gaussians.

    Parameters
    ----------
    line_spread : (odd,) array or None
        Share of a line's photons in each bin; None where all stay in theirs.
    bin_width : float, keV

    Notes
    -----
    One Gaussian has the mean and the variance of the line spread; where that does not
    describe it, up to four are fitted.
    """
    kernel = np.ones(1) if line_spread is None else np.asarray(line_spread, float)
    kernel = kernel / kernel.sum()
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    found = _one(kernel, offsets)
    for n_gaussians in range(2, MOST_GAUSSIANS + 1):
        if _residual(found, kernel, offsets) < RESIDUAL:
            break
        found = _several(kernel, offsets, n_gaussians)
    shares, means, variances = found
    return LineShape(shares, means * bin_width, variances * bin_width**2)


_Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def _one(kernel: np.ndarray, offsets: np.ndarray) -> _Parts:
    mean = kernel @ offsets
    variance = kernel @ (offsets - mean) ** 2
    return np.ones(1), np.array([mean]), np.array([variance])


def _mixture(parts: _Parts, offsets: np.ndarray) -> np.ndarray:
    shares, means, variances = parts
    # A line spread of one bin has no width to divide by.
    variance = np.maximum(variances, 1e-6)
    distance = (offsets[:, None] - means) ** 2 / (2.0 * variance)
    return np.exp(-distance) @ (shares / np.sqrt(2.0 * np.pi * variance))


def _residual(parts: _Parts, kernel: np.ndarray, offsets: np.ndarray) -> float:
    if np.count_nonzero(kernel) == 1:
        return 0.0
    return float(np.abs(_mixture(parts, offsets) - kernel).max() / kernel.max())


def _several(kernel: np.ndarray, offsets: np.ndarray, n_gaussians: int) -> _Parts:
    cumulative = np.cumsum(kernel)
    places = (np.arange(n_gaussians) + 0.5) / n_gaussians
    means = np.interp(places, cumulative, offsets.astype(float))
    spread = np.log(np.sqrt(kernel @ (offsets - kernel @ offsets) ** 2) + 0.5)
    start = np.concatenate(
        [np.zeros(n_gaussians), means, spread - 0.3 * np.arange(n_gaussians)]
    )

    def parts(values: np.ndarray) -> _Parts:
        logs, centres, widths = np.split(values, 3)
        shares = np.exp(logs - logs.max())
        return shares / shares.sum(), centres, np.exp(2.0 * widths)

    found = scipy.optimize.least_squares(
        lambda values: (_mixture(parts(values), offsets) - kernel) / kernel.max(),
        start,
        max_nfev=400,
    )
    return parts(found.x)
