"""Images as spectrometers see them, whatever their spectrum."""

from typing import final

import numpy as np

from hifred.fusion.assembly import Assembly
from hifred.observations import mask_of
from hifred.operators.matrix import Matrix


@final
class SeenImages:
    r"""The mean over energies of what is between a sky and the spectrometers' pixels.

    .. math:: K = \sum_i w_i K_i \Big/ \sum_i w_i

    with the sum of the entries of the spectral matrix of each pair as its weight, in
    the pixels that have an unmasked channel.

    Parameters
    ----------
    assembly : Assembly
    """

    def __init__(self, assembly: Assembly) -> None:
        names = sorted(assembly.spectrometers)
        self._parts = [_weighed(assembly.responses[name].pairs) for name in names]
        self._used = [
            mask_of(assembly.observations[name]).any(axis=0).ravel() for name in names
        ]
        flat = np.ones((1, self._parts[0][0][1].shape[1]))
        # No eigenvalue of the square is above this, as all entries are positive.
        self._largest = float(self._back(self.apply(flat)).max())

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return images (n, sky pixel) as they are seen, (n, used pixel of all)."""
        seen = [
            np.sum([w * k.apply_rows(images) for w, k in pairs], axis=0)[:, used]
            for pairs, used in zip(self._parts, self._used, strict=True)
        ]
        return np.hstack(seen)

    def share(self, images: np.ndarray) -> float:
        """Return the mean square of images as they are seen, over theirs; 0 of none."""
        power = float(np.mean(images**2))
        return float(np.mean(self.apply(images) ** 2)) / power if power else 0.0

    def best_seen(self, images: np.ndarray) -> np.ndarray:
        r"""Return what is seen best of images (n, sky pixel), :math:`K^T K W / L`.

        With a bound ``L`` of the largest eigenvalue of the product. To take this off is
        a step of Landweber's: no pattern turns its sign.
        """
        return self._back(self.apply(images)) / self._largest

    def _back(self, seen: np.ndarray) -> np.ndarray:
        ends = np.cumsum([used.sum() for used in self._used])[:-1]
        found = []
        for part, pairs, used in zip(
            np.split(seen, ends, axis=1), self._parts, self._used, strict=True
        ):
            whole = np.zeros((len(part), used.size))
            whole[:, used] = part
            found += [w * k.adjoint_rows(whole) for w, k in pairs]
        return np.asarray(np.sum(found, axis=0))


def _weighed(pairs: tuple[tuple[Matrix, Matrix], ...]) -> list[tuple[float, Matrix]]:
    weights = np.array([g.apply(np.ones((g.shape[1], 1))).sum() for g, _ in pairs])
    shares = (weights / weights.sum()).tolist()
    return [(share, k) for share, (_, k) in zip(shares, pairs, strict=True)]
