r"""How much more, or less, images vary than their penalty expects.

With the Hessian :math:`H = F + Q` of likelihood and penalty, an image whose variance is
:math:`\rho` times what the prior expects is fitted with the energy

.. math:: \langle W^T Q W \rangle = \mathrm{tr}\, Q H^{-1} F H^{-1}
    + \rho \, \langle V^T Q V \rangle, \qquad V = W_0 - H^{-1} Q W_0

and smooth images :math:`W_0` of the energy that the penalty expects, as many as there
are pixels; see `Disturbances.of_prior`. Both terms are mean energies of random images.
The equation is solved for :math:`\rho`, component by component.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.posterior.disturbances import Disturbances
from hifred.solvers.nearby_minimum import NearbyMinimum

# Random responses for each trace.
PROBES, SEED = 2, 1
# A component of which the counts say less than this share of its pixels is taken to be
# like the others.
SHARE_OF_OTHERS = 0.05
SMALLEST = 0.01
# The ratio at a good strength: a sky is smooth, its neighbouring pixels differ by less
# than a penalty expects. 0.07 to 0.5 where `guided` chooses on toy models, 0.4 to 0.8
# on a sky with steps; 0.7 and more with ten times the strength.
USUAL = 0.2
# Times of it beyond which a penalty is told to be too weak, or too strong.
TOO_WEAK, TOO_STRONG = 0.2, 3.0


@final
@dataclass(frozen=True)
class PriorStrength:
    """Variances of images over those that the penalty expects.

    Attributes
    ----------
    ratios : (component,) array
    overall : float
        Of all components together, by what the counts say of each; about `USUAL` where
        the strength is right.
    """

    ratios: np.ndarray
    overall: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return a sentence where the penalty is much too strong or too weak."""
        times = self.overall / USUAL
        if times > TOO_STRONG:
            return (
                f"The penalty is about {times:.2g} times too strong: the cube is "
                "smoother than the counts say; divide mu by that and fuse again.",
            )
        if times < TOO_WEAK:
            return (
                f"The penalty is about {1 / times:.2g} times too weak: the cube is "
                "noisier than it need be; multiply mu by that and fuse again.",
            )
        return ()


def prior_strength(nearby: NearbyMinimum, disturbances: Disturbances) -> PriorStrength:
    """Return the ratios that explain the energy of a fit."""
    images = nearby.images
    n_modes = images.shape[1] - 1  # images in proportion to the guide cost nothing
    if nearby.problem.penalty is None or n_modes < 1:
        return PriorStrength(np.ones(len(images)), USUAL)
    of_counts, below = _energies(nearby, disturbances)
    above = disturbances.energies(images) - of_counts
    overall = max(float(above.sum() / max(below.sum(), SHARE_OF_OTHERS)), SMALLEST)
    like_others = SHARE_OF_OTHERS * n_modes
    ratios = (above + like_others * overall) / (below + like_others)
    return PriorStrength(np.maximum(ratios, SMALLEST), overall)


def _energies(
    nearby: NearbyMinimum, disturbances: Disturbances
) -> tuple[np.ndarray, np.ndarray]:
    """Return the energies (component,) of noise in a fit, and of fitted random images.

    The latter cost as much as the penalty expects before they are fitted.
    """
    of_counts, of_images = [], []
    for i_probe in range(PROBES):
        rng = np.random.default_rng([SEED, i_probe])
        tilt, moved = disturbances.tilt_of_counts(rng)
        of_counts.append(disturbances.energies(nearby.response(tilt) - moved))
        tilt, images = disturbances.of_prior(rng)
        of_images.append(disturbances.energies(images - nearby.response(tilt)))
    return np.mean(of_counts, axis=0), np.mean(of_images, axis=0)
