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
# the wavelets' l1 norm is not: its multipliers have to go as far as the penalty is
# strong, and crawl where the weight is low. On simulated cubes a limit of 0.024 to
# 0.036 is best at a strength of 3, 0.1 at 8, 0.2 at 16. Weights that follow how far
# the cube and the multipliers went were no better, nor was a restarted Halpern
# iteration.
FIRST_WEIGHT = 0.1
DECAY = 0.5
LEAST_WEIGHT = 0.005
WEIGHT_PER_STRENGTH = 0.01
# Where a voxel is a spike, the instruments and the wavelets both see most of it. Its
# step is divided by up to one plus this, which keeps the squared norm of both together
# at most at 0.96 on a part of the published cubes (1.01 with half of it), before the
# margin of `joint_norm`.
SPIKE_SHARE = 1.0
# A voxel counts as no fainter than the mean of those around it, if that is at most so
# many times the mean of its own pixel: wavelets that see a dark voxel beside a bright
# one are slow, and so is a pixel of few counts that borrows the light of others.
MOST_BORROWED = 10.0
# Smallest brightness in the metric, relative to the mean: lets dark voxels rise. A
# quarter of the published sky is fainter than 0.01, and must not overshoot.
FAINTEST = 1e-3

# Every instrument, and where it is used: (channel, y, x) arrays of bool.
Terms = Sequence[tuple[PoissonLikelihood, np.ndarray]]


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
    sparse_step : (space_scales, energy, y, x) array
        Of the wavelet coefficients' multipliers, to be multiplied by it; no scales
        without a penalty.
    """

    cube_step: np.ndarray
    ratio_steps: list[np.ndarray]
    sparse_step: np.ndarray


def weight_at(iteration: int, strength: float) -> float:
    """Return dual step over primal step, for a penalty of this strength."""
    least = max(LEAST_WEIGHT, WEIGHT_PER_STRENGTH * strength)
    return max(FIRST_WEIGHT / (1 + DECAY * iteration), least)


def cube_metric(
    anchor: np.ndarray,
    sensitivity: np.ndarray,
    terms: Terms,
    penalty: SparseCube | None,
    *,
    norm: float = 1.0,
) -> CubeMetric:
    r"""Return the metric of expectation maximisation at a cube.

    Parameters
    ----------
    anchor, sensitivity : (energy, y, x) arrays
        The cube, and counts per unit of it.
    terms : Terms
    penalty : SparseCube or None
        The steps of the voxels under a wavelet set that of its multiplier.
    norm : float
        See `joint_norm`.

    Notes
    -----
    With wavelets, steps as uneven as the cube are slow: 80 iterations instead of 48
    on the published cubes, 112 instead of 56 on simulated ones at a strength of 3.
    """
    kind = anchor.dtype.type
    faintest = FAINTEST * anchor.mean(dtype=np.float64)
    brightness = np.maximum(anchor, kind(max(faintest, 1e-30)))
    if penalty is not None:
        np.maximum(brightness, _surroundings(brightness), out=brightness)
    steps = []
    for f, used in terms:
        seen = np.maximum(f.response.apply(brightness), kind(f.floor))
        steps.append(np.where(used, 1 / seen, 0).astype(anchor.dtype))
    cube_step = np.divide(brightness, sensitivity, out=brightness)
    if penalty is None:
        return CubeMetric(cube_step, steps, np.empty((0, *anchor.shape), kind))
    # Wavelets of every scale have their own steps: on the widest alone, those of the
    # finest crawl, the more the more scales there are.
    sparse_step = penalty.dual_step(cube_step)
    spike = _around(cube_step)
    spike /= cube_step
    np.maximum(1 - spike, 0, out=spike)
    cube_step /= kind(norm) * (1 + kind(SPIKE_SHARE) * spike)
    return CubeMetric(cube_step, steps, sparse_step)


def _surroundings(cube: np.ndarray) -> np.ndarray:
    """Return the mean around each voxel, in bounds of that along its own pixel."""
    most = scipy.ndimage.uniform_filter1d(cube, 3, axis=0)
    most *= cube.dtype.type(MOST_BORROWED)
    return np.asarray(np.minimum(_around(cube), most, out=most))


def _around(cube: np.ndarray) -> np.ndarray:
    """Return the mean over each voxel and the 26 around it."""
    return np.asarray(scipy.ndimage.uniform_filter(cube, 3))
