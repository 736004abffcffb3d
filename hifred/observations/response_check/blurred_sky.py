"""The blurred sky that explains one image best, by Richardson-Lucy steps."""

import numpy as np
import scipy.signal

# The blurred sky is kept above this share of its mean, and places of less than this
# share of the highest sensitivity are dark.
SMALLEST_SHARE = 1e-6


def blurred_sky(
    counts: np.ndarray,
    sensitivity: np.ndarray,
    background: np.ndarray,
    psf: np.ndarray,
    n_steps: int,
) -> np.ndarray:
    r"""Return a sky behind a PSF, nowhere negative, as counts show it.

    .. math:: \bar d_v = a_v (P * x)_v + b_v, \qquad
        x \leftarrow x \, \frac{P^T * (a d / \bar d)}{P^T * a}

    the most probable sky of Poisson counts (Richardson 1972, Lucy 1974).

    Parameters
    ----------
    counts, sensitivity, background : (y, x) array
        Where the sensitivity is 0, the counts do not count.
    psf : (odd, odd) array
        Of unit sum.
    n_steps : int

    Returns
    -------
    (y, x) array
        Above 0, in counts per sensitivity.
    """
    turned = psf[::-1, ::-1]
    mean = max(float((counts - background).sum() / sensitivity.sum()), 0.0) or 1.0
    # Light from beyond the field lies in a rim as wide as the PSF.
    below = scipy.signal.fftconvolve(sensitivity, turned)
    seen = below > SMALLEST_SHARE * below.max()
    sky, below = np.where(seen, mean, 0.0), np.where(seen, below, 1.0)
    blurred = _blurred(sky, psf, mean)
    for _ in range(n_steps):
        expected = sensitivity * blurred + background
        ratio = np.divide(
            sensitivity * counts,
            expected,
            out=np.zeros(counts.shape),
            where=expected > 0,
        )
        sky = np.maximum(sky * scipy.signal.fftconvolve(ratio, turned) / below, 0)
        blurred = _blurred(sky, psf, mean)
    return blurred


def _blurred(sky: np.ndarray, psf: np.ndarray, mean: float) -> np.ndarray:
    """Return it above 0, which rounding may spoil."""
    blurred = scipy.signal.fftconvolve(sky, psf, mode="valid")
    return np.asarray(np.maximum(blurred, SMALLEST_SHARE * mean))
