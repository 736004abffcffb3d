"""Images as spectrometers see them, whatever their spectrum."""

from typing import final

import numpy as np

from hifred.fusion.assembly import Assembly
from hifred.operators.matrix import Matrix


@final
class SeenImages:
    r"""The mean over energies of what is between a sky and the spectrometers' pixels.

    .. math:: K = \sum_i w_i K_i \Big/ \sum_i w_i

    with the sum of the entries of the spectral matrix of each pair as its weight.

    Parameters
    ----------
    assembly : Assembly
    """

    def __init__(self, assembly: Assembly) -> None:
        responses = (assembly.responses[n] for n in sorted(assembly.spectrometers))
        self._parts = [_weighed(response.pairs) for response in responses]
        self._n_seen = [parts[0][1].shape[0] for parts in self._parts]
        flat = np.ones((1, self._parts[0][0][1].shape[1]))
        # Above all eigenvalues of the square, as all entries are positive.
        self._largest = float(self._back(self.apply(flat)).max())

    def apply(self, images: np.ndarray) -> np.ndarray:
        """Return images (n, sky pixel) as they are seen, (n, pixel of all)."""
        return np.hstack(
            [np.sum([w * k.apply_rows(images) for w, k in p], 0) for p in self._parts]
        )

    def faded(self, images: np.ndarray) -> np.ndarray:
        """Return images (n, sky pixel) less what is seen best of them.

        A step of Landweber's: a pattern that is seen with a strength ``s`` keeps
        ``1 - s^2`` over the largest.
        """
        return images - self._back(self.apply(images)) / self._largest

    def _back(self, seen: np.ndarray) -> np.ndarray:
        split = np.split(seen, np.cumsum(self._n_seen)[:-1], axis=1)
        return np.asarray(
            sum(
                w * k.adjoint_rows(part)
                for part, parts in zip(split, self._parts, strict=True)
                for w, k in parts
            )
        )


def _weighed(pairs: tuple[tuple[Matrix, Matrix], ...]) -> list[tuple[float, Matrix]]:
    weights = np.array([float(np.sum(g.to_dense())) for g, _ in pairs])
    shares = (weights / weights.sum()).tolist()
    return [(share, k) for share, (_, k) in zip(shares, pairs, strict=True)]
