"""The image that imagers see, summed over energy, everywhere on the sky."""

from collections.abc import Iterable, Sequence
from typing import final

import numpy as np
import scipy.sparse

from hifred.operators.matrix import Matrix
from hifred.operators.response import Response

# A sky pixel that a flat sky lights up by less than this share of the brightest pixel
# is taken as not seen.
SMALLEST_SENSITIVITY = 1e-3


def seen_brightness(
    imagers: Iterable[tuple[Response, np.ndarray, np.ndarray]], shape: tuple[int, int]
) -> np.ndarray:
    """Return flux summed over energy, (y, x), as the counts of imagers show it.

    Parameters
    ----------
    imagers : iterable of (response, counts, mask)
        Counts less background, (channel, y, x), and which of them are used.
    shape : (int, int)
        Rows and columns of the sky.
    """
    listed = list(imagers)
    seen = SeenBrightness([(response, mask) for response, _, mask in listed], shape)
    return seen.image([counts for _, counts, _ in listed])


@final
class SeenBrightness:
    r"""The image that counts of imagers show, linear in the counts.

    .. math:: b = n_E \, \frac{\sum_o K_o^T \sum_c d_{oc}}
        {\sum_o K_o^T \sum_c (A_o 1)_{oc}}

    with sums over the channels that are used, so that masks, vignetting and other
    fields of view leave no step. Pixels that no imager sees continue those around them.

    Parameters
    ----------
    imagers : sequence of (response, mask)
        Which counts (channel, y, x) of each are used.
    shape : (int, int)
        Rows and columns of the sky.
    """

    def __init__(
        self, imagers: Sequence[tuple[Response, np.ndarray]], shape: tuple[int, int]
    ) -> None:
        self._imagers = imagers
        self._shape = shape
        flat = [r.apply(np.ones(r.input_shape)) for r, _ in imagers]
        self._below = self._summed(flat)
        self._known = self._below > SMALLEST_SENSITIVITY * self._below.max()
        self._n_energies = imagers[0][0].input_shape[0] if imagers else 1

    def image(self, counts: Sequence[np.ndarray]) -> np.ndarray:
        """Return the brightness (y, x) of counts (channel, y, x), one per imager."""
        return self._n_energies * continued(
            self._over_sensitivity(self._summed(counts)), self._known
        )

    def slopes(self, slope: np.ndarray) -> list[np.ndarray]:
        """Return the derivatives of a function of the image by the counts.

        Parameters
        ----------
        slope : (y, x) array
            Its derivative by the image; pixels that no imager sees do not count.

        Returns
        -------
        list of (channel, y, x) arrays
            One per imager.
        """
        flat = self._n_energies * self._over_sensitivity(slope).reshape(1, -1)
        return [
            np.where(
                mask, _spatial(response).apply_rows(flat).reshape(mask.shape[1:]), 0
            )
            for response, mask in self._imagers
        ]

    def _summed(self, cubes: Iterable[np.ndarray]) -> np.ndarray:
        total = np.zeros(self._shape)
        for (response, mask), values in zip(self._imagers, cubes, strict=True):
            image = np.where(mask, values, 0).sum(axis=0).reshape(1, -1)
            total += _spatial(response).adjoint_rows(image).reshape(self._shape)
        return total

    def _over_sensitivity(self, image: np.ndarray) -> np.ndarray:
        out = np.zeros(self._shape)
        np.divide(image, self._below, out=out, where=self._known)
        return out


def _spatial(response: Response) -> Matrix:
    return response.pairs[0][1]


def continued(image: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return an image (y, x) whose unknown pixels are the mean of their neighbours.

    Zero everywhere if no pixel is known.
    """
    unknown = ~known.ravel()
    if not unknown.any() or unknown.all():
        return np.where(known, image, 0.0)
    between = _laplacian(image.shape)[unknown]
    filled = image.ravel().copy()
    filled[unknown] = scipy.sparse.linalg.spsolve(
        between[:, unknown].tocsc(), -(between[:, ~unknown] @ filled[~unknown])
    )
    return filled.reshape(image.shape)


def _laplacian(shape: tuple[int, ...]) -> scipy.sparse.csr_array:
    """Return the graph Laplacian of pixels that share a side."""
    along_y, along_x = (_path(n) for n in shape)
    identity_y, identity_x = (scipy.sparse.eye_array(n) for n in shape)
    total = scipy.sparse.kron(along_y, identity_x) + scipy.sparse.kron(
        identity_y, along_x
    )
    return scipy.sparse.csr_array(total)


def _path(n: int) -> scipy.sparse.csr_array:
    steps = np.diff(np.eye(n), axis=0)
    return scipy.sparse.csr_array(steps.T @ steps)
