"""How far the primal-dual solver moves each voxel and each multiplier in a step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import scipy

from hifred.functionals.poisson import PoissonLikelihood
from hifred.functionals.sparse_cube import SparseCube

# Dual step over primal step. The conjugate of the Poisson divergence is strongly
# convex, with a modulus near 1 in this metric, so the weight may fall as one over the
# number of steps; the cube crawls where it stays the same, be it 0.01 or 0.3. That of
# the wavelets' l1 norm is not, which then crawls itself: 0.01 was the best limit of
# 0.002 to 0.03 at all sizes together.
FIRST_WEIGHT = 0.1
DECAY = 0.5
LEAST_WEIGHT = 0.01
# Share of the step sizes' bound that is left to the wavelet coefficients.
SPARSE_SHARE = 0.4
# Smallest brightness in the metric, relative to the mean: lets dark voxels rise. A
# quarter of the published sky is fainter than 0.01, and must not overshoot.
FAINTEST = 1e-3


@final
@dataclass(frozen=True)
class CubeMetric:
    """Lengths of the steps at a weight of one.

    Attributes
    ----------
    cube_step : (energy, y, x) array
        To be divided by the weight.
    ratio_steps : list of (channel, y, x) arrays
        One per instrument, to be multiplied by it; zero where a voxel is not used.
    sparse_step : (energy, y, x) array, optional
        Of the wavelet coefficients' multipliers, to be multiplied by it.
    """

    cube_step: np.ndarray
    ratio_steps: list[np.ndarray]
    sparse_step: np.ndarray | None


def weight_at(iteration: int) -> float:
    """Return dual step over primal step."""
    return max(FIRST_WEIGHT / (1 + DECAY * iteration), LEAST_WEIGHT)


def cube_metric(
    anchor: np.ndarray,
    sensitivity: np.ndarray,
    terms: Sequence[tuple[PoissonLikelihood, np.ndarray]],
    penalty: SparseCube | None,
) -> CubeMetric:
    r"""Return the metric of expectation maximisation at a cube.

    Parameters
    ----------
    anchor, sensitivity : (energy, y, x) arrays
        The cube, and counts per unit of it.
    terms : sequence of (PoissonLikelihood, (channel, y, x) array of bool)
        Every instrument, and where it is used.
    penalty : SparseCube or None
        The longest step of a voxel under one of its wavelets bounds the step of the
        wavelet's multiplier.

    Notes
    -----
    The steps of a sparse cube follow every voxel too. From a smoothed cube they are
    longer under a bright voxel, for the wavelets as well, but too long for the dark
    voxels beside it, and the objective of the published cubes was 1.4 % higher after
    10 iterations.
    """
    kind = anchor.dtype.type
    faintest = FAINTEST * anchor.mean(dtype=np.float64)
    brightness = np.maximum(anchor, kind(max(faintest, 1e-30)))
    steps = []
    for f, used in terms:
        seen = np.maximum(f.response.apply(brightness), kind(f.floor))
        steps.append(np.where(used, 1 / seen, 0).astype(anchor.dtype))
    cube_step = brightness / sensitivity
    if penalty is None:
        return CubeMetric(cube_step, steps, None)
    cube_step *= kind(1 - SPARSE_SHARE)
    longest = scipy.ndimage.maximum_filter(cube_step, _around(penalty))
    return CubeMetric(cube_step, steps, kind(SPARSE_SHARE) / longest)


def _around(penalty: SparseCube) -> tuple[int, int, int]:
    """Return the sides of the box that holds most of the widest wavelet."""
    transform = penalty.transform
    along_energy = 2 * 2**transform.energy_scales + 1
    along_space = 2 * 2**transform.space_scales + 1
    return along_energy, along_space, along_space
