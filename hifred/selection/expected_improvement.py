"""Which point of a grid to look at next, when few of its scores are known."""

import warnings
from typing import Any, final

import numpy as np
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

# Scores of a fusion change over a fifth of an axis at the fastest.
LENGTHS = (0.2, 4.0)
# Share of the scores' variance that the grid does not explain.
NUGGET = 1e-4
# Of more scores, some are taken; of more points, some are looked at.
MOST_SCORES, MOST_POINTS = 300, 20_000


@final
class GridModel:
    """What the scores of some points say about the others, with its uncertainty.

    A Gaussian process with a Matern covariance (nu = 5/2) and one length for each
    axis, which maximise the likelihood of the scores.

    Parameters
    ----------
    points : (point, axis) array
        Every point of the grid; each axis from 0 to 1.

    References
    ----------
    Jones, Schonlau & Welch 1998, J. Global Optim. 13, 455; Rasmussen & Williams 2006,
    Gaussian Processes for Machine Learning; Ginsbourger et al. 2010 (several points at
    a time, each believed to have the score that is expected of it).
    """

    def __init__(self, points: np.ndarray) -> None:
        self._points = points[:, np.ptp(points, axis=0) > 0]

    @property
    def n_points(self) -> int:
        """Return how many points the grid has."""
        return len(self._points)

    @property
    def n_first(self) -> int:
        """Return how many scores must be known before they tell where to look."""
        return self._points.shape[1] + 1

    def farthest(self, known: list[int], left: np.ndarray) -> int:
        """Return that of the points `left` which lies farthest from the known ones.

        Of none, the one nearest to the middle of the grid.
        """
        if not known:
            return int(left[np.argmin(_distance(self._points[left], 0.5))])
        gaps = [_distance(self._points[left], self._points[i]) for i in known]
        return int(left[np.argmax(np.min(gaps, axis=0))])

    def most_promising(
        self, merits: dict[int, float], waiting: list[int], left: np.ndarray
    ) -> int:
        """Return that of the points `left` whose expected improvement is largest.

        Parameters
        ----------
        merits : dict
            Number of a point to its score, more is better.
        waiting : list of int
            Points whose scores will come.
        left : (candidate,) array of int
        """
        known = _thinned(merits)
        scores = np.array([merits[i] for i in known])
        process = self._process(known, scores)
        if waiting:
            believed = process.predict(self._points[waiting])
            known, scores = known + waiting, np.append(scores, believed)
            process = self._process(known, scores)
        mean, error = process.predict(self._points[left], return_std=True)
        gain = expected_improvement(mean - scores.max(), error)
        return int(left[np.argmax(gain)])

    def _process(self, known: list[int], scores: np.ndarray) -> Any:
        n_axes = self._points.shape[1]
        lengths = Matern(np.full(n_axes, 0.7), [LENGTHS] * n_axes, nu=2.5)
        process = GaussianProcessRegressor(
            ConstantKernel(1.0, (0.1, 100.0)) * lengths, alpha=NUGGET, normalize_y=True
        )
        with warnings.catch_warnings():
            # A length at its bound is meant.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return process.fit(self._points[known], scores)


def _distance(points: np.ndarray, point: np.ndarray | float) -> np.ndarray:
    return np.sum((points - point) ** 2, axis=1)


def expected_improvement(gain: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return E[max(x, 0)] of normal x with mean `gain` and standard error `error`."""
    error = np.maximum(error, 1e-12)
    return gain * norm.cdf(gain / error) + error * norm.pdf(gain / error)


def _thinned(merits: dict[int, float]) -> list[int]:
    """Return points of all merits, the best and the worst among them."""
    ranked = sorted(merits, key=lambda i: (-merits[i], i))
    n = min(len(ranked), MOST_SCORES)
    return [ranked[i] for i in np.linspace(0, len(ranked) - 1, n).round().astype(int)]
