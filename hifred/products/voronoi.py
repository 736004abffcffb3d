"""Pixels in groups of about one signal-to-noise ratio.

Pixels are first accreted into compact groups (Cappellari & Copin 2003, MNRAS 342, 345,
section 5.1), then shared anew among the groups' centres: Lloyd's algorithm, on the
squared signal-to-noise ratio for Voronoi groups of about equal signal, or with a length
scale of each group (Diehl & Statler 2006, MNRAS 368, 497), whose sizes follow the
brightness where that changes steeply.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from hifred.errors import HifredError

# A group is full at this share of the target; section 5.1 of Cappellari & Copin.
FULL = 0.8
# Least roundness is 0: a disc; more is an elongated group.
LEAST_ROUND = 0.3
N_ROUNDS = 30


@final
@dataclass(frozen=True, eq=False)
class SignalMap:
    """Signal and noise of pixels, as lists.

    Parameters
    ----------
    signal : (pixel,) array
    variance : (pixel,) array
        Of the signal; above 0.
    y, x : (pixel,) arrays
        Places in pixels.
    """

    signal: np.ndarray
    variance: np.ndarray
    y: np.ndarray
    x: np.ndarray

    def snr(self, members: np.ndarray) -> float:
        """Return the signal-to-noise ratio of a group, as indices or a mask."""
        noise = np.sqrt(self.variance[members].sum())
        return float(self.signal[members].sum() / noise)

    @property
    def density(self) -> np.ndarray:
        """Squared signal-to-noise ratio of every pixel: what adds up in a group."""
        return np.maximum(self.signal, 0.0) ** 2 / self.variance


def grouped_pixels(
    signal: np.ndarray, variance: np.ndarray, target: float, *, weighted: bool = False
) -> np.ndarray:
    """Return the number of every pixel's group, (y, x); -1 where there is no signal.

    Parameters
    ----------
    signal : (y, x) array
    variance : (y, x) array
        Of the signal; pixels where it is not above 0 belong to no group.
    target : float
        Signal-to-noise ratio of a group.
    weighted : bool
        Whether groups have length scales.

    Raises
    ------
    HifredError
        If all pixels together do not reach the target.
    """
    is_lit = np.isfinite(signal) & (variance > 0) & (signal > 0)
    places = np.argwhere(is_lit)
    pixels = SignalMap(signal[is_lit], variance[is_lit], *places.T.astype(float))
    total = pixels.snr(np.arange(len(places))) if len(places) else 0.0
    if total < target:
        raise HifredError(
            f"the target of the groups must be reached by the whole field; got "
            f"{target:.3g} and {total:.3g} of signal to noise. Lower it."
        )
    groups = np.full(signal.shape, -1)
    groups[is_lit] = _tessellated(pixels, target, weighted=weighted)
    return groups


def _tessellated(pixels: SignalMap, target: float, *, weighted: bool) -> np.ndarray:
    labels = _accreted(pixels, target)
    for _ in range(N_ROUNDS):
        centres = _centres(pixels, labels)
        scales = _scales(pixels, labels, target) if weighted else np.ones(len(centres))
        nearest = _nearest(pixels, centres, scales)
        _, nearest = np.unique(nearest, return_inverse=True)
        if np.array_equal(nearest, labels):
            break
        labels = nearest
    return labels


def _accreted(pixels: SignalMap, target: float) -> np.ndarray:
    """Return first groups; those that stay too faint join the nearest full one."""
    labels = np.full(len(pixels.signal), -1)
    is_full: list[bool] = []
    seed = int(np.argmax(pixels.density))
    while True:
        members = _grown(pixels, labels, seed, target)
        labels[members] = len(is_full)
        is_full.append(pixels.snr(np.array(members)) >= FULL * target)
        free = np.flatnonzero(labels < 0)
        if free.size == 0:
            break
        used = labels >= 0
        centre = pixels.y[used].mean(), pixels.x[used].mean()
        seed = int(free[np.argmin(_squared_distance(pixels, free, centre))])
    return _joined(pixels, labels, np.array(is_full))


def _grown(
    pixels: SignalMap, labels: np.ndarray, seed: int, target: float
) -> list[int]:
    """Return a group that grows from `seed` while that brings it nearer the target."""
    members = [seed]
    free = np.flatnonzero(labels < 0)
    free = free[free != seed]
    ratio = pixels.snr(np.array(members))
    while free.size and ratio < target:
        centre = pixels.y[members].mean(), pixels.x[members].mean()
        candidate = int(free[np.argmin(_squared_distance(pixels, free, centre))])
        beside = np.hypot(
            pixels.y[members] - pixels.y[candidate],
            pixels.x[members] - pixels.x[candidate],
        ).min()
        grown = [*members, candidate]
        following = pixels.snr(np.array(grown))
        if beside > 1.5 or _roundness(pixels, grown) > LEAST_ROUND:
            break
        if abs(following - target) > abs(ratio - target):
            break
        members, ratio = grown, following
        free = free[free != candidate]
    return members


def _roundness(pixels: SignalMap, members: list[int]) -> float:
    """Return how far a group is from a disc: 0."""
    y, x = pixels.y[members], pixels.x[members]
    farthest = np.hypot(y - y.mean(), x - x.mean()).max()
    return float(farthest / np.sqrt(len(members) / np.pi) - 1.0)


def _squared_distance(
    pixels: SignalMap, members: np.ndarray, centre: tuple[float, float]
) -> np.ndarray:
    y, x = pixels.y[members] - centre[0], pixels.x[members] - centre[1]
    return np.asarray(y**2 + x**2)


def _joined(pixels: SignalMap, labels: np.ndarray, is_full: np.ndarray) -> np.ndarray:
    if not is_full.any():
        return np.zeros_like(labels)
    centres = _centres(pixels, labels)[is_full]
    kept = np.where(is_full, np.cumsum(is_full) - 1, -1)[labels]
    lost = kept < 0
    kept[lost] = _nearest(pixels, centres, np.ones(len(centres)))[lost]
    return kept


def _centres(pixels: SignalMap, labels: np.ndarray) -> np.ndarray:
    """Return the centres of signal (group, 2) of the groups."""
    weights = pixels.density
    total = np.bincount(labels, weights)
    sums = (np.bincount(labels, weights * place) for place in (pixels.y, pixels.x))
    return np.stack([s / total for s in sums], axis=1)


def _scales(pixels: SignalMap, labels: np.ndarray, target: float) -> np.ndarray:
    """Return the length scale of every group (Diehl & Statler 2006, eq. 4)."""
    area = np.bincount(labels)
    signal = np.bincount(labels, pixels.signal)
    ratio = signal / np.sqrt(np.bincount(labels, pixels.variance))
    return np.sqrt(area / np.pi * target / np.maximum(ratio, 1e-3 * target))


def _nearest(pixels: SignalMap, centres: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return the group whose centre is nearest, in its own scale."""
    y = np.subtract.outer(pixels.y, centres[:, 0])
    x = np.subtract.outer(pixels.x, centres[:, 1])
    return np.argmin((y**2 + x**2) / scales**2, axis=1)
