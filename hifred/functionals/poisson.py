"""The Poisson likelihood of counts, as a divergence that is zero at a perfect fit."""

from typing import final

import numpy as np
import scipy.special

from hifred.functionals.base import Smooth
from hifred.operators.response import Response

# Expected counts below this are extended by a parabola that curves upwards:
# m - d ln m has no value there, and for d = 0 a straight line would reward
# negative models without bound.
FLOOR = 1e-8


@final
class PoissonLikelihood(Smooth):
    r"""Divergence of the expected counts from the recorded ones.

    .. math:: f(Z) = \sum_v M_v \left[ m_v - d_v + d_v \ln (d_v / m_v) \right],
        \qquad m = \sum_q G_q Z K_q^T + b

    Half the deviance (C-statistic); it differs from the negative logarithm of the
    likelihood by a number that depends on the counts alone.

    Parameters
    ----------
    response : Response
        From sky cube (or coefficient images) to expected counts.
    counts : (channel, y, x) array, count
        Recorded counts.
    background : (channel, y, x) array, count, optional
        Expected background.
    mask : (channel, y, x) array of bool, optional
        True where the voxel is used.
    floor : float
        Smallest expected count at which the formula is taken as it is.
    """

    def __init__(
        self,
        response: Response,
        counts: np.ndarray,
        background: np.ndarray | None = None,
        mask: np.ndarray | None = None,
        *,
        floor: float = FLOOR,
    ) -> None:
        self.response = response
        self.counts = counts
        self.background = background
        self.mask = mask
        self.floor = floor

    def expected_counts(self, x: np.ndarray) -> np.ndarray:
        """Return the model counts of the sky `x`, shape (channel, y, x)."""
        expected = self.response.apply(x)
        return expected if self.background is None else expected + self.background

    def value(self, x: np.ndarray) -> float:
        return self.divergence(self.expected_counts(x))

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.response.adjoint(self.slope(self.expected_counts(x)))

    def divergence(self, expected: np.ndarray) -> float:
        """Return the value for given expected counts, summed in double precision."""
        edge = self._edge()
        terms = scipy.special.kl_div(self.counts, np.maximum(expected, edge))
        below = np.minimum(expected - edge, 0)
        if below.any():
            slope = 1 - self.counts / self.floor
            terms = terms + below * (slope + 0.5 * below * self._curvature_at_floor())
        return float(np.sum(self._masked(terms), dtype=np.float64))

    def slope(self, expected: np.ndarray) -> np.ndarray:
        """Return the derivative with respect to the expected counts."""
        above = np.maximum(expected, self.floor)
        slope = 1 - self.counts / above
        below = np.minimum(expected - self._edge(), 0)
        if below.any():
            slope = slope + below * self._curvature_at_floor()
        return self._masked(slope)

    def _edge(self) -> np.ndarray:
        """Return where the parabola begins: without counts the formula holds at 0."""
        return np.where(self.counts > 0, self._floor_like_counts(), 0)

    def _floor_like_counts(self) -> np.ndarray:
        dtype = np.result_type(self.counts.dtype, np.float32)
        return np.asarray(self.floor, dtype)

    def _curvature_at_floor(self) -> np.ndarray:
        return np.maximum(self.counts, 1) / self.floor**2

    def _masked(self, values: np.ndarray) -> np.ndarray:
        return values if self.mask is None else np.where(self.mask, values, 0)
