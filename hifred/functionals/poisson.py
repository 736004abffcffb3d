"""The Poisson likelihood of counts, as a divergence that is zero at a perfect fit."""

from typing import final

import numpy as np

from hifred.functionals import poisson_kernels as kernels
from hifred.functionals.base import Smooth
from hifred.operators.response import Response
from hifred.threads import in_slices

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
        arrays = self._flat(expected)
        sums = np.zeros(-(-expected.size // kernels.VOXELS_PER_PART))
        in_slices(kernels.sum_divergence, len(sums), *arrays, sums)
        return float(sums.sum())

    def slope(self, expected: np.ndarray) -> np.ndarray:
        """Return the derivative with respect to the expected counts."""
        arrays = self._flat(expected)
        slope = np.empty_like(arrays[1])
        in_slices(kernels.write_slope, slope.size, *arrays, slope)
        return slope.reshape(expected.shape)

    def _flat(self, expected: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return counts, `expected`, mask and floor as the compiled loops want them."""
        dtype = np.result_type(expected.dtype, np.float32)
        mask = np.zeros(0, bool) if self.mask is None else self.mask
        counts, model, used = (
            np.ascontiguousarray(np.broadcast_to(values, shape), kind).ravel()
            for values, shape, kind in (
                (self.counts, expected.shape, dtype),
                (expected, expected.shape, dtype),
                (mask, mask.shape, bool),
            )
        )
        return counts, model, used, dtype.type(self.floor)
