"""The step of the paper's iterations: where it begins, and how it shrinks and grows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np

from hifred.functionals.poisson import PoissonLikelihood

# The curvature of the likelihood is estimated by this many products.
POWER_ITERATIONS = 20
# Voxels with fewer expected counts curve no more than those with so many: with 1 the
# first steps overshoot where most voxels have less, with 0.01 they crawl.
FEWEST_COUNTS = 0.1
# A step that was halved is doubled again after so many good ones.
STEADY = 5


@final
@dataclass(frozen=True)
class Pace:
    """The length of the step, and what it has gone through.

    A model that comes near zero under a count has a gradient that only a short step
    survives, for some iterations; after them the step grows back to its ceiling.

    Attributes
    ----------
    step_size : float
    ceiling : float
        The step grows no further; it is lowered where no step of that length is good.
    n_steady : int
        Good steps of this length in a row.
    n_halvings : int
        Of all iterations so far.
    """

    step_size: float
    ceiling: float
    n_steady: int = 0
    n_halvings: int = 0

    @property
    def share(self) -> float:
        """Return the length of the step over the longest that it may be."""
        return self.step_size / self.ceiling

    def after_good_step(self) -> Self:
        """Return the pace of the next step."""
        n_steady = self.n_steady + 1
        if n_steady < STEADY or self.step_size >= self.ceiling:
            return replace(self, n_steady=n_steady)
        longer = min(2 * self.step_size, self.ceiling)
        return replace(self, step_size=longer, n_steady=0)

    def halved(self) -> Self:
        """Return half the pace, for another try."""
        never_good = self.n_steady == 0 and self.step_size == self.ceiling
        return replace(
            self,
            step_size=self.step_size / 2,
            ceiling=self.ceiling / 2 if never_good else self.ceiling,
            n_steady=0,
            n_halvings=self.n_halvings + 1,
        )


def automatic_step(
    likelihoods: Mapping[str, PoissonLikelihood], first_guess: np.ndarray
) -> float:
    """Return one over the curvature of the likelihood at the first guess.

    Parameters
    ----------
    likelihoods : mapping of str to PoissonLikelihood
    first_guess : (energy or component, y, x) array
        In the precision of the likelihoods.
    """
    x = np.random.default_rng(0).standard_normal(first_guess.shape)
    x = x.astype(first_guess.dtype)
    weights = {
        name: _inverse(f.expected_counts(first_guess)).astype(x.dtype)
        for name, f in likelihoods.items()
    }
    curvature = 1.0
    for _ in range(POWER_ITERATIONS):
        x /= np.linalg.norm(x)
        x = sum(
            f.response.adjoint(weights[name] * f.response.apply(x))
            for name, f in likelihoods.items()
        )  # type: ignore[assignment]
        curvature = float(np.linalg.norm(x))
    return 1 / max(curvature, 1e-30)


def _inverse(expected: np.ndarray) -> np.ndarray:
    return np.asarray(1 / np.maximum(expected, FEWEST_COUNTS))
