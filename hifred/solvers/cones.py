"""What must stay positive: expected counts, the cube, wavelet bounds."""

from typing import Protocol, TypeVar, final

import numpy as np

from hifred.functionals.positivity import PositiveCube
from hifred.solvers.counts_term import CountsTerm, unpacked
from hifred.solvers.cube_slack import CorrectedCube, CubeSlack
from hifred.solvers.hessian_parts import HessianParts
from hifred.solvers.slack import Slack

K = TypeVar("K", bound=Slack | CubeSlack)  # the slack of a cone
C = TypeVar("C", contravariant=True)  # what a slack calls corrected


class Cone(Protocol[K, C]):
    """Positive quantities that depend on the coefficient images.

    Images have shape (component, pixel) throughout. What is corrected, and a change,
    are what the slack of the same cone takes and returns.
    """

    def begin(self, images: np.ndarray, level: float) -> K:
        """Return a strictly feasible slack near the central path."""

    def restore(
        self, value: np.ndarray, multiplier: np.ndarray, target: np.ndarray
    ) -> K:
        """Return the slack that holds these arrays."""

    def slope(self, slack: K) -> np.ndarray:
        """Return what the cone adds to the gradient at the slack's multipliers.

        A likelihood adds its own slope, which the values alone give.
        """

    def pull(self, slack: K, corrected: C) -> np.ndarray:
        """Return what `corrected` (target + level) / value adds to the gradient."""

    def change(self, step: np.ndarray, slack: K, corrected: C) -> np.ndarray:
        """Return the change of the values for a `step` of the images."""

    def certify(
        self, slack: K, step: np.ndarray, weight: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Return the complementarity with multipliers corrected for a Newton `step`.

        Infinite where a corrected multiplier would be negative; then `weight`, by
        which multipliers follow the step, is returned with zeros there.
        """

    def add_curvature(self, weight: np.ndarray, parts: HessianParts) -> None:
        """Add the Hessian of half the weighted squares of the values to `parts`."""


@final
class CountsCone:
    """The expected counts of one instrument; the targets are its counts."""

    def __init__(self, term: CountsTerm) -> None:
        self.term = term
        self._target = np.where(term.domain(), term.counts, 0.0)

    def begin(self, images: np.ndarray, level: float) -> Slack:
        expected = self.term.expected(images)
        inverse = np.zeros_like(expected)
        np.divide(self._target, expected, out=inverse, where=self._target > 0)
        return self.restore(expected, inverse, self._target)

    def restore(
        self, value: np.ndarray, multiplier: np.ndarray, target: np.ndarray
    ) -> Slack:
        return Slack(value, multiplier, target)

    def slope(self, slack: Slack) -> np.ndarray:
        return self.pull(slack, slack.inverse())

    def pull(self, slack: Slack, corrected: np.ndarray) -> np.ndarray:
        # Voxels without counts have no barrier, only the slope 1 of the likelihood:
        # `corrected` is zero there.
        return self.term.pull(1 - corrected)

    def change(
        self, step: np.ndarray, slack: Slack, corrected: np.ndarray
    ) -> np.ndarray:
        return self.term.change(step)

    def certify(
        self, slack: Slack, step: np.ndarray, weight: np.ndarray
    ) -> tuple[float, np.ndarray]:
        return 0.0, weight

    def add_curvature(self, weight: np.ndarray, parts: HessianParts) -> None:
        if weight.size:
            parts.add_counts(self.term, weight)


@final
class CubeCone:
    """The cube ``V W``, as (pixel, energy); the targets are zero."""

    def __init__(self, positive: PositiveCube) -> None:
        self.positive = positive

    def begin(self, images: np.ndarray, level: float) -> CubeSlack:
        cube = self.positive.cube(images)
        multiplier = (level / cube).astype(cube.dtype)
        return self.restore(cube, multiplier, np.zeros(1))

    def restore(
        self, value: np.ndarray, multiplier: np.ndarray, target: np.ndarray
    ) -> CubeSlack:
        return CubeSlack(value, multiplier, self.positive.spectra)

    def slope(self, slack: CubeSlack) -> np.ndarray:
        return -self.positive.adjoint(slack.multiplier)

    def pull(self, slack: CubeSlack, corrected: CorrectedCube | None) -> np.ndarray:
        if corrected is None:
            return np.zeros((len(slack.basis), len(slack.value)))
        return -slack.pull(corrected)

    def change(
        self, step: np.ndarray, slack: CubeSlack, corrected: CorrectedCube | None
    ) -> np.ndarray:
        return step

    def certify(
        self, slack: CubeSlack, step: np.ndarray, weight: np.ndarray
    ) -> tuple[float, np.ndarray]:
        correction = weight * self.positive.cube(step)
        negative = slack.multiplier + correction < 0
        if negative.any():
            return np.inf, np.where(negative, 0, weight)
        return slack.product() + float(np.vdot(slack.value, correction)), weight

    def add_curvature(self, weight: np.ndarray, parts: HessianParts) -> None:
        if weight.size:
            n = len(self.positive.spectra)
            parts.add_local(unpacked(self.positive.triangle(weight), n))
