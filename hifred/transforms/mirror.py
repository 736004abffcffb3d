"""Images and their mirror images, read in one and the same order."""

import numpy as np


def bright_side_first(image: np.ndarray) -> tuple[slice, slice]:
    """Return slices (y, x) that mirror an image so that its bright sides come first.

    Mirrored or not, an image is the same after it, so that random numbers given to its
    pixels in this order are mirrored with it. The slices are their own inverse.

    Parameters
    ----------
    image : (y, x) array
        One that is its own mirror image is left as it is.
    """
    return _side(image.sum(axis=1)), _side(image.sum(axis=0))


def _side(profile: np.ndarray) -> slice:
    # Differences of opposite pixels: of whole counts, sums that do not round.
    lean = float(np.arange(len(profile)) @ (profile - profile[::-1]))
    return slice(None, None, -1 if lean > 0 else 1)
