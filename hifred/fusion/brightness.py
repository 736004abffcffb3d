"""The image that imagers see, summed over energy, everywhere on the sky."""

from collections.abc import Iterable

import numpy as np
import scipy.sparse

from hifred.operators.response import Response

# A sky pixel that a flat sky lights up by less than this share of the brightest pixel
# is taken as not seen.
SMALLEST_SENSITIVITY = 1e-3


def seen_brightness(
    imagers: Iterable[tuple[Response, np.ndarray, np.ndarray]], shape: tuple[int, int]
) -> np.ndarray:
    r"""Return flux summed over energy, (y, x), as the counts of imagers show it.

    .. math:: b = n_E \, \frac{\sum_o K_o^T \sum_c d_{oc}}
        {\sum_o K_o^T \sum_c (A_o 1)_{oc}}

    with sums over the channels that are used, so that masks, vignetting and other
    fields of view leave no step. Pixels that no imager sees continue those around them.

    Parameters
    ----------
    imagers : iterable of (response, counts, mask)
        Counts less background, (channel, y, x), and which of them are used.
    shape : (int, int)
        Rows and columns of the sky.
    """
    above, below, n_energies = np.zeros(shape), np.zeros(shape), 1
    for response, counts, mask in imagers:
        n_energies = response.input_shape[0]
        flat = response.apply(np.ones(response.input_shape))
        spatial = response.pairs[0][1]
        for total, values in ((above, counts), (below, flat)):
            image = np.where(mask, values, 0).sum(axis=0).reshape(1, -1)
            total += spatial.adjoint_rows(image).reshape(shape)
    known = below > SMALLEST_SENSITIVITY * below.max()
    image = np.divide(above, below, out=np.zeros(shape), where=known)
    return n_energies * continued(image, known)


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
