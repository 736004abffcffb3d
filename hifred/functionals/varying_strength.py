"""The strength of wavelet penalties that follows the brightness (Eq. 21)."""

import numpy as np

from hifred.threads import in_slices

STRONGEST, WEAKEST = 3.0, 0.5


def varying_strength(coarse: np.ndarray) -> np.ndarray:
    r"""Return the strength that is high where the source is dim.

    .. math:: \mu = \frac{2.5}{1 + e^{|C| - \overline{|C|}}} + 0.5

    Parameters
    ----------
    coarse : (energy, y, x) array
        Coarse-coarse plane ``C`` of a count-like cube.

    Notes
    -----
    3 where the source is dim, 0.5 where it is bright, as Eq. 21 of the paper says;
    the sentence after it says the opposite.
    """
    strength = np.abs(coarse)
    mean = strength.mean(dtype=np.float64).astype(strength.dtype)
    in_slices(_replace_by_strength, len(strength), strength, mean)
    return strength


def _replace_by_strength(
    brightness: np.ndarray, mean: np.floating, start: int, stop: int
) -> None:
    for image in brightness[start:stop]:
        image -= mean
        image *= 0.5
        # A logistic function by the hyperbolic tangent, which cannot overflow.
        np.tanh(image, out=image)
        image *= 0.5 * (WEAKEST - STRONGEST)
        image += 0.5 * (WEAKEST + STRONGEST)
